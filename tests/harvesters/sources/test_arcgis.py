"""A layer of ArcGIS is read by its ids, and held to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
from arcgis_server import ArcgisLayer, row

from harvesters.faults import (
    FeedMisconfigured,
    HarvestFault,
    SourceIncomplete,
    SourceRefused,
    SourceUnavailable,
)
from harvesters.formats import gis
from harvesters.secrets import Secret
from harvesters.services.domains import domains_of
from harvesters.sources import Raw, Unmodified, Visit, arcgis
from schemas.dataset import Text
from schemas.feed import Feed, FormatSpec, SourceSpec

Read = Callable[..., Any]
PATH = "/rest/services/parks/FeatureServer/0"


@pytest.fixture
def layer(site, respond, query) -> ArcgisLayer:
    held = ArcgisLayer([row(number) for number in range(1, 26)])

    def answer(request: Any) -> None:
        respond(request, held.answer(request.path.partition("?")[0], query(request)))

    site.routes |= {PATH: answer, f"{PATH}/query": answer}
    return held


@pytest.fixture
def read(site, tmp_path: Path) -> Read:
    def reader(known: dict[str, Any] | None = None, **options: Any) -> Any:
        spec = SourceSpec("arcgis", {"url": site.url(PATH), **options})
        feed = Feed("parks", Text("공원"), "부산", "KOGL-1", spec)
        return arcgis.read(Visit(feed, site.fetch(), tmp_path, known or {}, sleep=lambda _: None))

    return reader


def features(raw: Raw) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(raw.path.read_text("utf-8"))["features"]
    return found


def ids(raw: Raw) -> list[int]:
    return [each["properties"]["OBJECTID"] for each in features(raw)]


def test_every_row_comes_once_with_its_place(layer: ArcgisLayer, read: Read) -> None:
    raw = read()
    assert ids(raw) == list(range(1, 26))
    assert (raw.expected, raw.format) == (25, "gis")
    (table,) = gis.read(raw.path, FormatSpec())
    assert table.table.num_rows == 25
    assert table.table.column("id")[0].as_py() == "001"
    assert table.crs == "EPSG:4326"
    assert [what for what, _ in layer.asked] == ["about", "ids", "count", "rows", "rows", "rows"]
    assert {query["outSR"] for what, query in layer.asked if what == "rows"} == {"4326"}


def test_ids_with_large_gaps_cost_no_more_queries(layer: ArcgisLayer, read: Read) -> None:
    layer.rows = [row(number) for number in range(1_000_000, 9_000_000, 400_000)]
    assert len(ids(read())) == 20
    assert sum(what == "rows" for what, _ in layer.asked) == 2


def test_times_are_told_as_such(layer: ArcgisLayer, read: Read) -> None:
    layer.rows = [row(1, opened=1709251200000), row(2, opened=None), row(3, opened=-86400000)]
    opened = [each["properties"]["opened"] for each in features(read())]
    assert opened == ["2024-03-01T00:00:00Z", None, "1969-12-31T00:00:00Z"]


def test_a_range_that_is_too_much_is_asked_for_in_halves(layer: ArcgisLayer, read: Read) -> None:
    layer.lie = lambda what, query, answer: {**answer, "maxRecordCount": 1000} if what == "about" else answer
    layer.most = 4
    assert ids(read()) == list(range(1, 26))


def test_a_limit_that_says_nothing_is_made_up_for(layer: ArcgisLayer, read: Read) -> None:
    """A short page without exceededTransferLimit, as some servers give it."""
    layer.lie = lambda what, query, answer: (
        {"features": answer["features"][:8]} if what == "rows" and " IN " not in query["where"] else answer
    )
    assert sorted(ids(read())) == list(range(1, 26))


def test_a_table_without_places_is_a_list_of_rows(layer: ArcgisLayer, read: Read) -> None:
    layer.geometry = None
    raw = read()
    assert raw.format == "json"
    assert json.loads(raw.path.read_text("utf-8"))[0]["name"] == "공원 1"


def test_an_empty_layer_is_read_as_such(layer: ArcgisLayer, read: Read) -> None:
    layer.rows.clear()
    raw = read()
    assert (features(raw), raw.expected) == ([], 0)


def test_the_condition_of_the_feed_holds_for_every_query(layer: ArcgisLayer, read: Read) -> None:
    assert ids(read(where="name = '공원 7'")) == [7]


def test_a_layer_that_was_not_edited_is_not_read_again(layer: ArcgisLayer, read: Read) -> None:
    layer.edited = 1709251200000
    state = read().state
    layer.asked.clear()
    again = read(state)
    assert isinstance(again, Unmodified)
    assert "1709251200000" in again.evidence
    assert [what for what, _ in layer.asked] == ["about"]
    layer.edited += 1
    assert isinstance(read(state), Raw)


def test_a_condition_that_moves_with_the_clock_is_always_asked(layer: ArcgisLayer, read: Read) -> None:
    layer.edited = 1709251200000
    assert read(where="1=1 OR opened > CURRENT_TIMESTAMP - 1").state == {}


def test_a_row_that_vanishes_meanwhile_is_not_missed(layer: ArcgisLayer, read: Read) -> None:
    def vanish(what: str, query: dict[str, str], answer: Any) -> Any:
        if what == "rows" and len(layer.rows) == 25:
            del layer.rows[24]
        return answer

    layer.lie = vanish
    assert ids(read()) == list(range(1, 25))


def test_a_row_that_comes_while_another_goes_is_read_too(layer: ArcgisLayer, read: Read) -> None:
    def turn(what: str, query: dict[str, str], answer: Any) -> Any:
        if what == "rows" and layer.rows[-1]["OBJECTID"] == 25:
            layer.rows[-1] = row(99)
        return answer

    layer.lie = turn
    assert ids(read()) == [*range(1, 25), 99]


def test_the_token_goes_along_and_is_shown_nowhere(layer: ArcgisLayer, read: Read) -> None:
    layer.token = "s3cret-token"
    assert len(ids(read(token=Secret("s3cret-token")))) == 25
    layer.lie = lambda what, query, answer: {"error": {"code": 498, "message": f"Invalid {query['token']}"}}
    with pytest.raises(SourceRefused, match="498") as refused:
        read(token=Secret("s3cret-token"))
    assert "s3cret" not in str(refused.value)


def test_a_service_without_a_layer_names_those_it_has(layer: ArcgisLayer, read: Read) -> None:
    layer.lie = lambda what, query, answer: {"layers": [{"id": 3, "name": "공원"}], "tables": []}
    with pytest.raises(FeedMisconfigured, match=r"3 \(공원\)"):
        read()


SHAPES = {
    "a multipoint": ({"points": [[1, 2], [3, 4]]}, "MULTIPOINT ((1 2), (3 4))"),
    "a line": ({"paths": [[[1, 2], [3, 4]]]}, "LINESTRING (1 2, 3 4)"),
    "two lines": (
        {"paths": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]},
        "MULTILINESTRING ((1 2, 3 4), (5 6, 7 8))",
    ),
    "a hole": (
        {"rings": [[[0, 0], [0, 9], [9, 9], [0, 0]], [[1, 2], [2, 3], [1, 3], [1, 2]]]},
        "POLYGON ((0 0, 0 9, 9 9, 0 0), (1 2, 2 3, 1 3, 1 2))",
    ),
    "an island": (
        {"rings": [[[0, 0], [0, 9], [9, 9], [0, 0]], [[20, 0], [20, 9], [29, 9], [20, 0]]]},
        "MULTIPOLYGON (((0 0, 0 9, 9 9, 0 0)), ((20 0, 20 9, 29 9, 20 0)))",
    ),
    "a ring turned the wrong way": (
        {"rings": [[[0, 0], [9, 9], [0, 9], [0, 0]]]},
        "POLYGON ((0 0, 9 9, 0 9, 0 0))",
    ),
    "nothing": ({"rings": []}, None),
    "no place": ({"x": "NaN", "y": "NaN"}, None),
    "a measure": ({"paths": [[[1, 2, 7], [3, 4, None]]]}, "LINESTRING (1 2, 3 4)"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_geometry_of_esri_is_one_of_geojson(layer: ArcgisLayer, read: Read, name: str) -> None:
    shape, expected = SHAPES[name]
    layer.rows, layer.shapes = [row(1)], {1: shape}
    held = features(read())[0]["geometry"]
    assert (shapely.from_geojson(json.dumps(held)).wkt if held else None) == expected


def lost(what: str, query: dict[str, str], answer: Any) -> Any:
    if what != "rows":
        return answer
    return {"features": [each for each in answer["features"] if each["attributes"]["OBJECTID"] not in (7, 9)]}


ERROR = {"error": {"code": 500, "message": "Error performing query operation", "details": ["no memory"]}}
LIES: dict[str, tuple[Callable[[str, dict[str, str], Any], Any], type[HarvestFault], str]] = {
    "rows that never come": (lost, SourceIncomplete, "lists 25 rows and gave 23: OBJECTID 7, 9 are missing"),
    "counts more than it lists": (
        lambda what, query, answer: {"count": 30} if what == "count" else answer,
        SourceIncomplete,
        "holds 30 rows and lists 25",
    ),
    "an error with 200": (
        lambda what, query, answer: ERROR if what == "rows" else answer,
        SourceUnavailable,
        "500.*no memory",
    ),
    "a row twice": (
        lambda what, query, answer: {"features": answer["features"] * 2} if what == "rows" else answer,
        SourceIncomplete,
        "came twice",
    ),
    "a row without its id": (
        lambda what, query, answer: (
            {"features": [{"attributes": {"name": "a"}}]} if what == "rows" else answer
        ),
        SourceUnavailable,
        "without OBJECTID",
    ),
    "no list of rows": (
        lambda what, query, answer: {} if what == "rows" else answer,
        SourceUnavailable,
        "no list of features",
    ),
    "no ids": (
        lambda what, query, answer: {} if what == "ids" else answer,
        SourceUnavailable,
        "no list of its ids",
    ),
    "no fields": (lambda what, query, answer: {"name": "a"}, SourceUnavailable, "nothing of its fields"),
    "a page": (lambda what, query, answer: b"<html>down", SourceUnavailable, "is not JSON.*<html>down"),
    "a cut without end": (
        lambda what, query, answer: {**answer, "exceededTransferLimit": True} if what == "rows" else answer,
        SourceIncomplete,
        "alone exceeds",
    ),
    "curves": (
        lambda what, query, answer: (
            {"features": [{**each, "geometry": {"curvePaths": []}} for each in answer["features"]]}
            if what == "rows"
            else answer
        ),
        SourceUnavailable,
        "curvePaths, which is not read",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_fault_with_its_evidence(layer: ArcgisLayer, read: Read, lie: str) -> None:
    layer.lie, kind, evidence = LIES[lie]
    with pytest.raises(kind, match=evidence):
        read()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"url": "ftp://a"}, "url"),
        ({"url": "http://a.example", "where": 3}, "where"),
        ({"url": "http://a.example", "page_size": 0}, "page_size"),
        ({"url": "http://a.example", "headers": "a"}, "headers"),
        ({"url": "http://a.example", "headers": {"Authorization": "Bearer a"}}, "headers"),
        ({"url": "http://a.example", "params": {"a": []}}, "params"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], name: str) -> None:
    assert [found for found, _ in arcgis.check(options)] == [name]


def coded(**names: str) -> dict[str, Any]:
    values = [{"code": int(code[1:]), "name": name} for code, name in names.items()]
    return {"type": "codedValue", "name": "d", "codedValues": values}


def test_codes_of_a_domain_get_their_names_and_stay_beside_them(layer: ArcgisLayer, read: Read) -> None:
    layer.rows = [row(1, size=1), row(2, size=2), row(3, size=9), row(4, size=None)]
    layer.domains = {"size": coded(c1="작음", c2="큼")}
    raw = read()
    told = [each["properties"] for each in features(raw)]
    assert [(each["size"], each["size_code"]) for each in told] == [
        ("작음", 1),
        ("큼", 2),
        ("9", 9),
        (None, None),
    ]
    assert list(told[0]) == ["OBJECTID", "id", "name", "size", "size_code", "opened"]
    assert raw.repairs == {"code_named": 2, "code_without_name": 1}


def test_codes_stay_as_they_are_where_the_feed_says_so(layer: ArcgisLayer, read: Read) -> None:
    layer.rows, layer.domains = [row(1, size=1)], {"size": coded(c1="작음")}
    raw = read(domains="codes")
    assert features(raw)[0]["properties"]["size"] == 1
    assert ("size_code" in features(raw)[0]["properties"], raw.repairs) == (False, {})


def test_a_row_of_a_type_has_the_names_of_its_type(layer: ArcgisLayer, read: Read) -> None:
    layer.rows = [row(1, name=1, size=1), row(2, name=2, size=1), row(3, name=3, size=1)]
    layer.domains = {"size": coded(c1="작음")}
    layer.types = {
        "typeIdField": "name",
        "types": [
            {"id": 1, "name": "공원", "domains": {"size": coded(c1="어린이공원")}},
            {"id": 2, "name": "숲", "domains": {"size": {"type": "inherited"}}},
        ],
    }
    told = [each["properties"] for each in features(read())]
    assert [(each["name"], each["size"]) for each in told] == [
        ("공원", "어린이공원"),
        ("숲", "작음"),
        ("3", "작음"),
    ]
    assert [each["name_code"] for each in told] == [1, 2, 3]


def test_domains_that_tell_nothing_and_ranges_make_no_column(layer: ArcgisLayer, read: Read) -> None:
    layer.rows = [row(1, size=5)]
    same = {"type": "codedValue", "codedValues": [{"code": 5, "name": "5"}]}
    layer.domains = {"size": same, "name": {"type": "range", "range": [0, 9]}}
    assert list(features(read())[0]["properties"]) == ["OBJECTID", "id", "name", "size", "opened"]


def test_a_column_of_codes_takes_no_name_that_the_layer_has() -> None:
    fields = [{"name": "USE", "domain": coded(c1="가")}, {"name": "use_CODE"}, {"name": "OID"}]
    found = domains_of({"fields": fields}, "OID")
    assert found.named({"OID": 7, "USE": 1, "use_CODE": "x"}) == {
        "OID": 7,
        "USE": "가",
        "USE_code_2": 1,
        "use_CODE": "x",
    }
