"""For the operator: is it alive, is it ready, how is it doing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.api.answers import json_answer
from gateway.services import services

operations = Blueprint("operations", __name__)


@operations.get("/livez")
def livez() -> Response:
    """The process answers."""
    return json_answer({"status": "ok"})


@operations.get("/readyz")
def readyz() -> Response:
    """Each part that a request needs answers; 503 names the one that does not."""
    checks = {"catalogue": services().catalogue.ready, "clients": services().clients.ready}
    states = {name: "ok" if check() else "unavailable" for name, check in checks.items()}
    ready = set(states.values()) == {"ok"}
    return json_answer({"status": "ok" if ready else "unavailable", "checks": states}, 200 if ready else 503)


@operations.get("/metrics")
def metrics() -> Response:
    """Prometheus text: requests by route and status class, feeds by state, seconds since each success."""
    services().flush_usage()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(_families))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Collector:
    """Gives prometheus_client the families of one scrape; the numbers are those of all processes."""

    def __init__(self, families: Callable[[], Iterable[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families()


def _families() -> Iterable[Metric]:
    requests = CounterMetricFamily("entrepot_requests", "Requests metered", labels=["route"])
    refused = CounterMetricFamily("entrepot_refused", "Requests refused by a limit", labels=["route"])
    for route in services().clients.usage_by_route():
        requests.add_metric([route.route], route.requests)
        refused.add_metric([route.route], route.refused)
    yield requests
    yield refused
    rows = GaugeMetricFamily("entrepot_feed_rows", "Rows published by the last success", labels=["feed"])
    failing = GaugeMetricFamily(
        "entrepot_feed_failing", "1 when the last run published nothing", labels=["feed"]
    )
    age = GaugeMetricFamily("entrepot_feed_age_seconds", "Since the last success", labels=["feed"])
    now = time.time()
    for feed in services().catalogue.feed_health():
        failing.add_metric([feed.feed], float(feed.status in ("held", "failed")))
        rows.add_metric([feed.feed], feed.rows or 0)
        if feed.last_success:
            age.add_metric([feed.feed], now - feed.last_success.timestamp())
    yield from (rows, failing, age)
