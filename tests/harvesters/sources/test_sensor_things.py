"""What a SensorThings service measures is read along its links, with what it belongs to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sensor_server import SensorServer, observed, stream, thing

from harvesters.faults import HarvestFault, SourceIncomplete, SourceRefused, SourceUnavailable
from harvesters.sources import Raw, Visit, sensor_things
from schemas.dataset import Text
from schemas.feed import Feed, Mode, SourceSpec

Read = Callable[..., Raw]
Lie = Callable[[str, dict[str, str], Any], Any]


@pytest.fixture
def server(site, respond, query) -> SensorServer:
    things = [thing(1), thing(2)]
    streams = [stream(1, things[0]), stream(2, things[1])]
    held = {
        "Things": things,
        "Datastreams": streams,
        "Locations": [each["Locations"][0] for each in things],
        "Observations": [observed(number, 1 + number % 2) for number in range(250)],
    }
    made = SensorServer(site.url("/v1.1"), held)

    def answer(request: Any) -> None:
        respond(request, made.answer(request.path.partition("?")[0], query(request)))

    site.routes |= {f"/v1.1/{entity}": answer for entity in held}
    return made


@pytest.fixture
def read(site, tmp_path: Path) -> Read:
    def reader(known: dict[str, Any] | None = None, mode: Mode = "replace", **options: Any) -> Raw:
        held = {"url": site.url("/v1.1"), "entity": "Observations", **options}
        feed = Feed("air", Text("대기"), "부산", "KOGL-1", SourceSpec("sensor-things", held), mode=mode)
        return sensor_things.read(Visit(feed, site.fetch(), tmp_path, known or {}))

    return reader


def rows(raw: Raw) -> list[dict[str, Any]]:
    held = json.loads(raw.path.read_text("utf-8"))
    return [each["properties"] for each in held["features"]] if raw.format == "gis" else held


def test_every_observation_comes_once_with_what_it_belongs_to(server: SensorServer, read: Read) -> None:
    raw = read()
    assert [each["id"] for each in rows(raw)] == list(range(250))
    assert rows(raw)[3] == {
        "id": 3,
        "datastream_id": 2,
        "datastream": "PM10 2",
        "observed_property": "PM10",
        "unit": "ug/m3",
        "thing_id": 2,
        "thing": "측정소 2",
        "phenomenonTime": "2024-03-01T00:03:00Z",
        "phenomenonTime_end": None,
        "resultTime": None,
        "result": 1.5,
        "parameters": None,
    }
    place = json.loads(raw.path.read_text("utf-8"))["features"][3]["geometry"]
    assert place == {"type": "Point", "coordinates": [129.0, 35.1]}


def test_observations_are_never_asked_for_with_their_datastream(server: SensorServer, read: Read) -> None:
    read()
    assert not [query for _, query in server.asked if "Observations" in query.get("$expand", "")]


def test_things_without_a_place_give_plain_rows(server: SensorServer, read: Read) -> None:
    for each in server.held["Things"]:
        each["Locations"] = []
    raw = read()
    assert (raw.format, len(rows(raw))) == ("json", 250)


def test_an_interval_has_a_start_and_an_end(server: SensorServer, read: Read) -> None:
    time = "2024-03-01T00:00:00Z/2024-03-01T01:00:00Z"
    server.held["Observations"] = [observed(1, phenomenonTime=time)]
    (row,) = rows(read())
    assert (row["phenomenonTime"], row["phenomenonTime_end"]) == tuple(time.split("/"))


def test_a_feed_that_grows_asks_for_what_came_since_and_a_little_before(
    server: SensorServer, read: Read
) -> None:
    first = read(mode="append")
    assert first.state == {"latest": "2024-03-01T04:09:00Z"}
    server.held["Observations"].append(observed(250))
    second = read(first.state, mode="append", overlap=10)
    assert [each["id"] for each in rows(second)] == [*range(239, 251)]
    assert second.state == {"latest": "2024-03-01T04:10:00Z"}


def test_the_first_visit_may_begin_at_an_instant(server: SensorServer, read: Read) -> None:
    assert len(rows(read(start="2024-03-01T04:00:00Z"))) == 10


@pytest.mark.parametrize("entity", ["Things", "Datastreams", "Locations"])
def test_other_entities_are_tables_too(server: SensorServer, read: Read, entity: str) -> None:
    found = rows(read(entity=entity))
    assert [each["id"] for each in found] == [1, 2]
    assert all(each.get("name") or each.get("datastream") for each in found)


def test_a_service_that_does_not_count_is_read_to_its_last_page(server: SensorServer, read: Read) -> None:
    server.counts = False
    assert len(rows(read())) == 250


def test_observations_that_come_meanwhile_are_no_fault(server: SensorServer, read: Read) -> None:
    def grow(entity: str, query: dict[str, str], page: Any) -> Any:
        if entity == "Observations" and "$skip" in query:
            server.held["Observations"].append(observed(1000 + len(server.asked)))
        return page

    server.lie = grow
    assert len(rows(read())) >= 250


def of_observations(change: Callable[[dict[str, Any]], Any]) -> Lie:
    return lambda entity, query, page: change(page) if entity == "Observations" else page


LIES: dict[str, tuple[Lie, type[HarvestFault], str]] = {
    "counts more than it gives": (
        of_observations(lambda page: {**page, "@iot.count": 300}),
        SourceIncomplete,
        "counts 300 and gave 250",
    ),
    "loses the link to the next page": (
        of_observations(lambda page: {name: held for name, held in page.items() if "next" not in name}),
        SourceIncomplete,
        "counts 250 and gave 100",
    ),
    "gives one twice": (
        of_observations(lambda page: {**page, "value": [*page["value"], page["value"][0]]}),
        SourceIncomplete,
        "came twice",
    ),
    "leads in a circle": (
        lambda entity, query, page: {"value": [], "@iot.nextLink": "Things?$skip=1"},
        SourceIncomplete,
        "in a circle",
    ),
    "leads elsewhere": (
        of_observations(lambda page: {**page, "@iot.nextLink": "http://10.0.0.1/v1.1/Observations"}),
        SourceRefused,
        "leads to 10.0.0.1",
    ),
    "gives an observation of no datastream": (
        of_observations(lambda page: {**page, "value": [observed(1, 7)]}),
        SourceIncomplete,
        "datastream '7', which was not listed",
    ),
    "gives an item without id": (
        of_observations(lambda page: {**page, "value": [{"result": 1}]}),
        SourceIncomplete,
        "without its @iot.id",
    ),
    "gives an error with 200": (
        lambda entity, query, page: {"code": 500, "type": "error", "message": "down"},
        SourceUnavailable,
        "no list of items but .*down",
    ),
    "answers with a page": (lambda entity, query, page: b"<html>down", SourceUnavailable, "not JSON"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_fault_with_its_evidence(server: SensorServer, read: Read, lie: str) -> None:
    server.lie, kind, evidence = LIES[lie]
    with pytest.raises(kind, match=evidence):
        read()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"url": "ftp://a", "entity": "Things"}, "url"),
        ({"url": "http://a.example", "entity": "Thing"}, "entity"),
        ({"url": "http://a.example", "entity": "Observations", "start": "yesterday"}, "start"),
        ({"url": "http://a.example", "entity": "Things", "overlap": 5}, "overlap"),
        ({"url": "http://a.example", "entity": "Things", "filter": 5}, "filter"),
        ({"url": "http://a.example", "entity": "Things", "page_size": 0}, "page_size"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], name: str) -> None:
    assert [found for found, _ in sensor_things.check(options)] == [name]
