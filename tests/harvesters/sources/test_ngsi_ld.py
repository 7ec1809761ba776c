"""The entities of a broker are read by offset, each once, and laid out as rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ngsi_broker import Broker, entity

from harvesters.faults import HarvestFault, SourceIncomplete, SourceUnavailable
from harvesters.formats import gis
from harvesters.secrets import Secret
from harvesters.sources import Raw, Visit, ngsi_ld
from schemas.dataset import Text
from schemas.feed import Feed, FormatSpec, SourceSpec

Read = Callable[..., Raw]
Lie = Callable[[dict[str, str], Any, int], tuple[Any, Any]]


@pytest.fixture
def broker(site, respond, query) -> Broker:
    held = Broker([entity(number) for number in range(25)])

    def answer(request: Any) -> None:
        body, headers = held.answer(query(request), dict(request.headers))
        respond(request, body, 200, **headers)

    site.routes["/ngsi-ld/v1/entities"] = answer
    return held


@pytest.fixture
def read(site, tmp_path: Path) -> Read:
    def reader(tail: str = "", **options: Any) -> Raw:
        held = {"url": site.url(tail), "type": "Park", "page_size": 10, **options}
        feed = Feed("parks", Text("공원"), "부산", "KOGL-1", SourceSpec("ngsi-ld", held))
        return ngsi_ld.read(Visit(feed, site.fetch(), tmp_path))

    return reader


def features(raw: Raw) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(raw.path.read_text("utf-8"))["features"]
    return found


@pytest.mark.parametrize("tail", ["", "/", "/ngsi-ld/v1", "/ngsi-ld/v1/entities"])
def test_every_entity_comes_once_with_its_place(broker: Broker, read: Read, tail: str) -> None:
    raw = read(tail)
    assert (raw.expected, len({each["properties"]["id"] for each in features(raw)})) == (25, 25)
    (table,) = gis.read(raw.path, FormatSpec())
    assert table.table.num_rows == 25
    assert features(raw)[0]["geometry"] == {"type": "Point", "coordinates": [129.0, 35.1]}


def test_an_attribute_is_a_column_beside_its_unit_and_time(broker: Broker, read: Read) -> None:
    assert features(read())[3]["properties"] == {
        "id": "urn:ngsi-ld:Park:003",
        "type": "Park",
        "observedAt": "2024-03-01T00:03:00Z",
        "name": "공원 3",
        "size": 3,
        "size_observedAt": "2024-03-01T00:03:00Z",
        "size_unit": "MTK",
    }


FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "concise": ({"a": {"value": 1, "observedAt": "2024-03-01T00:00:00Z"}}, {"a": 1}),
    "simplified": ({"a": 1, "b": "가", "c": [1, 2]}, {"a": 1, "b": "가", "c": "[1, 2]"}),
    "a relationship": ({"of": {"type": "Relationship", "object": "urn:x"}}, {"of": "urn:x"}),
    "languages": (
        {"a": {"type": "LanguageProperty", "languageMap": {"ko": "공원", "en": "park"}}},
        {"a_ko": "공원", "a_en": "park"},
    ),
    "a structure": ({"a": {"type": "Property", "value": {"b": {"c": 1}}}}, {"a_b_c": 1}),
    "an attribute of an attribute": (
        {"a": {"type": "Property", "value": 1, "quality": {"type": "Property", "value": 0.5}}},
        {"a": 1, "a_quality": 0.5},
    ),
    "a time with its type": (
        {"a": {"type": "Property", "value": {"@type": "DateTime", "@value": "2024-03-01T00:00:00Z"}}},
        {"a": "2024-03-01T00:00:00Z"},
    ),
    "long names": (
        {"https://uri.etsi.org/ngsi-ld/default-context/a": {"type": "Property", "value": 1}},
        {"a": 1},
    ),
    "long names that end alike": (
        {"http://a.example/a": {"value": 1}, "http://b.example#a": {"value": 2}},
        {"a": 1, "http://b.example#a": 2},
    ),
    "several instances": (
        {"a": [{"value": 1}, {"value": 2, "datasetId": "urn:ngsi-ld:Dataset:gps"}]},
        {"a": 1, "a_gps": 2},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_attribute_is_laid_out(broker: Broker, read: Read, form: str) -> None:
    said, expected = FORMS[form]
    broker.entities = [{"id": "urn:x:1", "type": "Park", **said}]
    row = features(read())[0]["properties"]
    assert {name: row.get(name) for name in expected} == expected


def test_a_place_may_have_any_name_and_form(broker: Broker, read: Read) -> None:
    line = {"type": "LineString", "coordinates": [[129, 35], [129, 36]]}
    broker.entities = [
        {"id": "1", "type": "Park", "area": {"type": "GeoProperty", "value": line}},
        {"id": "2", "type": "Park", "location": line, "a": 1},
        {"id": "3", "type": "Park"},
    ]
    assert [each["geometry"] for each in features(read())] == [line, line, None]


def test_the_context_the_tenant_and_the_key_are_sent_as_headers(broker: Broker, read: Read) -> None:
    read(context="https://c.example/ctx.jsonld", tenant="busan", headers={"X-Auth-Token": Secret("s3cret")})
    sent = broker.asked[0][1]
    assert sent["Link"].startswith("<https://c.example/ctx.jsonld>; rel=")
    assert (sent["NGSILD-Tenant"], sent["X-Auth-Token"]) == ("busan", "s3cret")


def test_a_broker_of_the_former_generation_is_read_too(
    broker: Broker, read: Read, site, respond, query
) -> None:
    broker.entities = [
        {
            "id": f"Park{number}",
            "type": "Park",
            "size": {
                "type": "Number",
                "value": number,
                "metadata": {"TimeInstant": {"type": "DateTime", "value": "2024-03-01T00:00:00Z"}},
            },
            "location": {"type": "geo:point", "value": "35.1, 129.0", "metadata": {}},
        }
        for number in range(25)
    ]

    def answer(request: Any) -> None:
        body, headers = broker.answer(query(request), dict(request.headers))
        respond(request, body, 200, **{"Fiware-Total-Count": headers["NGSILD-Results-Count"]})

    site.routes["/v2/entities"] = answer
    raw = read("/v2", api="v2", tenant="busan")
    assert raw.expected == 25
    first = features(raw)[0]
    assert first["properties"]["size_TimeInstant"] == "2024-03-01T00:00:00Z"
    assert (first["properties"]["size"], first["geometry"]["coordinates"]) == (0, [129.0, 35.1])
    assert broker.asked[0][1]["Fiware-Service"] == "busan"
    assert broker.asked[0][0]["options"] == "count"


def test_an_empty_type_is_read_as_such(broker: Broker, read: Read) -> None:
    broker.entities.clear()
    assert features(read()) == []


def test_a_change_while_it_is_read_costs_one_more_reading(broker: Broker, read: Read) -> None:
    def turn(query: dict[str, str], page: Any, count: int) -> tuple[Any, int]:
        if query["offset"] == "9" and len(broker.entities) == 25:
            del broker.entities[0]
        return page, count

    broker.lie = turn
    assert len(features(read())) == 24


LIES: dict[str, tuple[Lie, type[HarvestFault], str]] = {
    "counts more than it gives": (
        lambda query, page, count: (page, 26),
        SourceIncomplete,
        "holds 26 and gave 25",
    ),
    "counts less than it gives": (
        lambda query, page, count: (page, 10),
        SourceIncomplete,
        "holds 10 and gives urn:ngsi-ld:Park:010 beyond",
    ),
    "has a hole": (
        lambda query, page, count: (page[2:] if query["offset"] == "9" else page, count),
        SourceIncomplete,
        "stands where",
    ),
    "counts nothing": (lambda query, page, count: (page, "many"), SourceUnavailable, "does not count"),
    "has no ids": (
        lambda query, page, count: ([{"type": "Park"}], count),
        SourceUnavailable,
        "without its id",
    ),
    "gives a problem with 200": (
        lambda query, page, count: ({"title": "Internal error", "detail": "down"}, count),
        SourceUnavailable,
        "no list of entities but .*down",
    ),
    "answers with a page": (
        lambda query, page, count: (b"<html>down", count),
        SourceUnavailable,
        "not JSON",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_fault_with_its_evidence(broker: Broker, read: Read, lie: str) -> None:
    broker.lie, kind, evidence = LIES[lie]
    with pytest.raises(kind, match=evidence):
        read()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"url": "ftp://a", "type": "a"}, "url"),
        ({"url": "http://a.example", "type": 3}, "type"),
        ({"url": "http://a.example", "type": "a", "context": "ctx"}, "context"),
        ({"url": "http://a.example", "type": "a", "api": "v3"}, "api"),
        ({"url": "http://a.example", "type": "a", "page_size": 1001}, "page_size"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], name: str) -> None:
    assert [found for found, _ in ngsi_ld.check(options)] == [name]
