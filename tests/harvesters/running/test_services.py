"""Feeds of services go the whole way: from the lines of a steward to rows that are published."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from arcgis_server import ArcgisLayer, row
from sensor_server import SensorServer, observed, stream, thing

from harvesters.feeds import read_feed
from harvesters.lease import harvest_now
from harvesters.sources import source, source_kinds
from schemas.feed import SourceSpec

SERVICES = {
    "arcgis": """
        url = "https://gis.example.org/arcgis/rest/services/Parks/FeatureServer/0"
        where = "STATUS = 'open'"
        token = "env:GIS_TOKEN"
    """,
    "wfs": """
        url = "https://gis.example.org/geoserver/wfs"
        layer = "city:parks"
        sort = "id"
        params = { CQL_FILTER = "status='open'" }
    """,
    "ogc-features": """
        url = "https://gis.example.org/ogc"
        collection = "parks"
        headers = { "X-API-Key" = "env:OGC_KEY" }
    """,
    "sensor-things": """
        url = "https://air.example.org/v1.1"
        entity = "Observations"
        start = "2026-01-01T00:00:00Z"
        overlap = 180
    """,
    "ngsi-ld": """
        url = "https://broker.example.org"
        type = "ParkingSpot"
        context = "https://example.org/parking.jsonld"
        tenant = "busan"
    """,
    "soda": """
        url = "https://data.example.gov"
        dataset = "abcd-1234"
        app_token = "env:SODA_TOKEN"
    """,
    "gbfs": """
        url = "https://bikes.example.org/gbfs.json"
        feeds = ["station_information", "station_status"]
        language = "ko"
    """,
}


@pytest.mark.parametrize("kind", SERVICES)
def test_a_feed_of_a_service_is_a_few_lines(tmp_path: Path, kind: str) -> None:
    assert kind in source_kinds()
    lines = "\n".join(line.strip() for line in SERVICES[kind].splitlines())
    path = tmp_path / "parks.toml"
    path.write_text(
        'title = { ko = "공원" }\npublisher = "부산광역시"\nlicence = "KOGL-1"\n'
        f'[source]\nkind = "{kind}"\n{lines}',
        encoding="utf-8",
    )
    feed = read_feed(path)
    assert feed.source.options.keys() <= source(kind).OPTIONS


@pytest.fixture
def serve(site, respond, query) -> Callable[[str, Callable[[str, dict[str, str]], bytes]], None]:
    def put(path: str, answer: Callable[[str, dict[str, str]], bytes]) -> None:
        site.routes[path] = lambda request: respond(
            request, answer(request.path.partition("?")[0], query(request))
        )

    return put


@pytest.fixture
def desk(desk, site):
    """The desk, whose harvester does not wait between two calls at our own site."""
    desk.harvester = replace(desk.harvester, fetch=site.fetch())
    return desk


def test_a_layer_is_published_with_its_places_and_left_alone_until_it_is_edited(desk, site, serve) -> None:
    layer = ArcgisLayer([row(n, opened=1709251200000) for n in range(1, 13)], most=5, edited=1)
    for path in ("/FeatureServer/0", "/FeatureServer/0/query"):
        serve(path, layer.answer)
    spec = SourceSpec("arcgis", {"url": site.url("/FeatureServer/0")})

    first = desk.harvest(source=spec, key=("id",))
    assert (first.status, first.published) == ("published", 12), first.error
    assert {each["opened"] for each in desk.rows()} == {datetime(2024, 3, 1, tzinfo=UTC)}
    assert {each["id"] for each in desk.rows()} == {f"{n:03}" for n in range(1, 13)}
    assert desk.harvest().status == "unchanged"

    layer.rows[0]["name"], layer.edited = "새 공원", 2
    second = desk.harvest()
    assert (second.status, second.updated) == ("published", 1)
    layer.lie = lambda what, query, answer: {"features": answer["features"][1:]} if what == "rows" else answer
    layer.edited = 3
    failed = desk.harvest()
    assert (failed.status, len(desk.rows())) == ("failed", 12)
    assert "missing" in (failed.error or "")


def test_observations_are_added_once_however_often_they_are_looked_at(desk, site, serve) -> None:
    streams = [stream(1, thing(1))]
    held = {"Datastreams": streams, "Observations": [observed(n) for n in range(100)]}
    server = SensorServer(site.url("/v1.1"), held)
    for entity in held:
        serve(f"/v1.1/{entity}", server.answer)
    spec = SourceSpec("sensor-things", {"url": site.url("/v1.1"), "entity": "Observations"})

    first = desk.harvest(source=spec, key=("id",), mode="append")
    assert (first.status, first.published) == ("published", 100), first.error
    held["Observations"] += [observed(n) for n in range(100, 110)]
    server.asked.clear()
    second = desk.harvest()
    assert (second.status, second.inserted) == ("published", 10), second.error
    assert any("phenomenonTime ge" in query.get("$filter", "") for _, query in server.asked)
    assert sorted(each["id"] for each in desk.rows()) == list(range(110))
    assert desk.harvest().inserted == 0
    assert desk.harvest().status == "unchanged"
    assert len(desk.rows()) == 110


def test_each_feed_of_shared_bicycles_is_a_dataset(desk, site) -> None:
    stations = {"stations": [{"station_id": "001", "name": "시청", "lat": 35.1, "lon": 129.0}]}
    status = {"stations": [{"station_id": "001", "num_bikes_available": 3}]}
    held = {"station_information": stations, "station_status": status}
    now = int(datetime.now(UTC).timestamp())
    feeds = [{"name": name, "url": site.url(f"/{name}.json")} for name in held]
    for name, data in (*held.items(), ("gbfs", {"feeds": feeds})):
        told: dict[str, Any] = {"last_updated": now, "ttl": 600, "version": "3.0", "data": data}
        site.body(f"/{name}.json", json.dumps(told).encode())
    feed = replace(desk.feed, source=SourceSpec("gbfs", {"url": site.url("/gbfs.json")}))

    runs = harvest_now(feed, desk.harvester)
    assert {(run.dataset, run.status) for run in runs} == {
        ("parks-station_information", "published"),
        ("parks-station_status", "published"),
    }, [run.error for run in runs]
    site.seen.clear()
    again = harvest_now(feed, desk.harvester)
    assert [run.status for run in again] == ["unchanged", "unchanged"]
    assert site.seen == []
