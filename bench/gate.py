"""Measure what the gate adds to a request: CPU microseconds, before an application that does nothing.

Run: python -m bench.gate [requests]
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import process_time_ns
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine

from gateway.clients import Clients
from gateway.clients.plans import Limit, Plan
from gateway.clients.secrets import open_secrets
from gateway.clients.tables import metadata
from gateway.gate import EmbeddedLimiter, Gate, Identify, Meter
from schemas.dataset import Text

SEOUL = ZoneInfo("Asia/Seoul")
WIDE = (Limit("burst", 10**9, 60), Limit("day", 10**9, 86_400, "day"))
NARROW = (Limit("burst", 1, 3600), Limit("day", 10**9, 86_400, "day"))


def null_app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
    return (b"{}",)


def start_response(status, headers, exc_info=None):
    return None


PLANS = {
    name: Plan(name, Text(en=name), limits, ())
    for name, limits in (
        ("anonymous", WIDE),
        ("pages", WIDE),
        ("free", WIDE),
        ("narrow", NARROW),
        ("internal", ()),
    )
}


def environ(key: str | None) -> dict[str, object]:
    asked = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/api/v1/datasets/parks/rows",
        "QUERY_STRING": "limit=100&district=%EC%A4%91%EA%B5%AC",
        "REMOTE_ADDR": "203.0.113.9",
        "HTTP_ACCEPT": "application/json",
    }
    return {**asked, "HTTP_AUTHORIZATION": f"Bearer {key}"} if key else asked


def cost(app, key: str | None, requests: int) -> float:
    """CPU microseconds of one request, the least of many short rounds, as others use the machine."""
    asked = environ(key)
    rounds = []
    for _ in range(40):
        began = process_time_ns()
        for _ in range(requests):
            app(dict(asked), start_response)
        rounds.append((process_time_ns() - began) / requests / 1000)
    return min(rounds)


def main(requests: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = create_engine(f"sqlite:///{folder}/entrepot.db")
        metadata.create_all(engine)
        clients = Clients(
            engine, open_secrets(folder / "secrets"), PLANS, clock=lambda: datetime.now(UTC), zone=SEOUL
        )
        owner = clients.create_person("bench@example.org", None).id
        keys = {
            plan: clients.create_key(clients.create_application(owner, f"bench {plan}", plan).id)[1]
            for plan in ("free", "narrow", "internal")
        }
        limiter, meter = EmbeddedLimiter(folder / "limits", SEOUL), Meter(folder / "usage", clients.fold)
        meter.start()
        gate = Gate(
            null_app,
            identify=Identify(clients.find, PLANS),
            limiter=limiter,
            meter=meter,
        )
        bare = cost(null_app, None, requests)
        added = {
            "key, no limit": cost(gate, keys["internal"], requests),
            "key, window and day": cost(gate, keys["free"], requests),
            "anonymous, window and day": cost(gate, None, requests),
            "refused (429)": cost(gate, keys["narrow"], requests),
        }
        for case, microseconds in added.items():
            print(json.dumps({"case": case, "added_us": round(microseconds - bare, 1), "requests": requests}))
        meter.close()
        limiter.close()
        engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
