"""A layer of a WFS is read whole, whatever its version, its format and its limits, and held to its count."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
from wfs_server import WfsServer, report, row

from harvesters.faults import (
    FeedMisconfigured,
    HarvestFault,
    SourceIncomplete,
    SourceRefused,
    SourceUnavailable,
    Unreadable,
)
from harvesters.formats import Parsed, gis
from harvesters.secrets import Secret
from harvesters.sources import Raw, Visit, wfs
from schemas.dataset import Text
from schemas.feed import Feed, FormatSpec, SourceSpec

Read = Callable[..., Raw]


@pytest.fixture
def server(site, respond, query) -> WfsServer:
    held = WfsServer([row(number) for number in range(25)])
    site.routes["/wfs"] = lambda request: respond(request, held.answer(query(request)))
    return held


@pytest.fixture
def read(site, tmp_path: Path) -> Read:
    def reader(**options: Any) -> Raw:
        spec = SourceSpec("wfs", {"url": site.url("/wfs"), "layer": "parks", "page_size": 10, **options})
        feed = Feed("parks", Text("공원"), "부산", "KOGL-1", spec)
        return wfs.read(Visit(feed, site.fetch(), tmp_path))

    return reader


def table(raw: Raw) -> Parsed:
    (found,) = gis.read(raw.path, FormatSpec())
    return found


@pytest.mark.parametrize("version", ["2.0.0", "1.1.0"])
@pytest.mark.parametrize("geojson", [True, False], ids=["GeoJSON", "GML"])
@pytest.mark.parametrize("pages", [True, False], ids=["pages", "no pages"])
def test_every_feature_comes_once_with_its_place(
    server: WfsServer, read: Read, version: str, geojson: bool, pages: bool
) -> None:
    server.versions, server.geojson, server.pages = (version,), geojson, pages
    raw = read()
    assert (raw.expected, raw.format) == (25, "gis")
    found = table(raw)
    assert [str(each) for each in found.table.column("name").to_pylist()] == [
        row(n)["name"] for n in range(25)
    ]
    assert len(set(found.table.column("id" if geojson else "gml_id").to_pylist())) == 25
    assert {shapely.from_wkb(each).wkt for each in found.table.column("geometry").to_pylist()} == {
        "POINT (129 35.1)"
    }
    assert found.crs in ("EPSG:4326", "OGC:CRS84")


def test_a_default_count_of_the_service_cuts_nothing(server: WfsServer, read: Read) -> None:
    server.most = 7
    assert len(set(table(read(page_size=1000)).table.column("id").to_pylist())) == 25


@pytest.mark.parametrize("page_size", [1000, 5])
def test_a_service_that_counts_no_further_than_it_gives_is_read_to_its_end(
    server: WfsServer, read: Read, page_size: int
) -> None:
    server.most, server.capped = 10, True
    assert read(page_size=max(page_size, 10)).expected == 25
    server.lie = lambda what, query, answer: re.sub(r'"id": "parks.\d+", ', "", answer)
    assert read(page_size=max(page_size, 10)).expected == 25


def beyond(told: Callable[[], str]) -> Callable[[str, dict[str, str], str], str]:
    """A lie about what lies beyond the last feature."""
    return lambda what, query, answer: told() if query.get("startindex") == "24" else answer


def test_a_service_that_knows_no_place_beyond_its_last_is_believed(server: WfsServer, read: Read) -> None:
    server.lie = beyond(lambda: report("InvalidParameterValue", "startIndex is too large"))
    assert read(page_size=1000).expected == 25


def test_a_fault_beyond_the_last_feature_is_not_taken_for_the_end(server: WfsServer, read: Read) -> None:
    server.lie = beyond(lambda: report("NoApplicableCode", "out of memory"))
    with pytest.raises(SourceUnavailable, match="out of memory"):
        read(page_size=1000)

    def spent() -> str:
        raise ConnectionResetError

    server.lie = beyond(spent)
    with pytest.raises(HarvestFault):
        read(page_size=1000)


def test_named_features_beyond_the_count_are_all_taken(server: WfsServer, read: Read) -> None:
    server.lie = lambda what, query, answer: answer.replace('"25"', '"24"') if what == "hits" else answer
    assert read(page_size=1000).expected == 25


NORTH_FIRST = "urn:ogc:def:crs:EPSG::5186"
BOX = (
    '<ows:WGS84BoundingBox xmlns:ows="http://www.opengis.net/ows">'
    "<ows:LowerCorner>128.7 34.8</ows:LowerCorner><ows:UpperCorner>129.4 35.5</ows:UpperCorner>"
    "</ows:WGS84BoundingBox>"
)


@pytest.mark.parametrize(
    ("named", "box", "written", "why"),
    [
        (NORTH_FIRST, "", "280000 385000", "a URN means the order of the register"),
        (NORTH_FIRST, BOX, "385000 280000", "only so does it lie where the layer lies"),
        ("EPSG:5186", BOX, "385000 280000", "a short name means x first"),
        ("EPSG:5186", BOX, "280000 385000", "only so does it lie where the layer lies"),
        ("EPSG:5186", "", "280000 385000", "it was asked for by its URN"),
        ("http://www.opengis.net/gml/srs/epsg.xml#5186", BOX, "385000 280000", "an old name means x first"),
    ],
)
def test_places_in_metres_lie_where_they_are_however_the_axes_are_told(
    server: WfsServer, read: Read, named: str, box: str, written: str, why: str
) -> None:
    server.geojson, server.crs, server.versions = False, (NORTH_FIRST,), ("1.1.0",)
    server.named, server.box = named, box
    server.lie = lambda what, query, answer: answer.replace("35.1 129.0", written)
    found = table(read())
    (place,) = {shapely.from_wkb(each).coords[0] for each in found.table["geometry"].to_pylist()}
    assert place == (385000, 280000), why


def test_a_service_that_does_not_count_is_read_to_an_empty_page(server: WfsServer, read: Read) -> None:
    server.counts, server.most = False, 7
    assert read(page_size=1000).expected == 25


def test_the_newest_version_of_both_is_agreed_on(server: WfsServer, read: Read) -> None:
    read()
    assert server.asked[0][1]["acceptversions"] == "2.0.0,1.1.0"
    assert server.asked[-1][1]["version"] == "2.0.0"


def test_an_address_may_hold_what_each_request_says(server: WfsServer, read: Read, site) -> None:
    read(url=site.url("/wfs?SERVICE=WFS&REQUEST=GetCapabilities&VERSION=1.0.0&map=a"))
    assert {query["map"] for _, query in server.asked} == {"a"}
    assert "REQUEST" not in site.seen[1]


def test_an_order_is_passed_on(server: WfsServer, read: Read) -> None:
    read(sort="id")
    assert {query.get("sortby") for what, query in server.asked if what == "GetFeature"} == {"id"}


def test_a_layer_without_degrees_keeps_its_own_crs(server: WfsServer, read: Read) -> None:
    server.crs = ("urn:ogc:def:crs:EPSG::5187",)
    assert table(read()).crs == "EPSG:5187"


def named(crs: str) -> Callable[[str, dict[str, str], str], str]:
    """GeoJSON that names a CRS in the way of 2008."""

    def tell(what: str, query: dict[str, str], answer: str) -> str:
        crs_member = {"crs": {"type": "name", "properties": {"name": crs}}}
        return json.dumps({**json.loads(answer), **crs_member}) if what == "GetFeature" else answer

    return tell


@pytest.mark.parametrize(
    ("crs", "expected"),
    [
        ("urn:ogc:def:crs:EPSG::5187", "EPSG:5187"),
        ("EPSG:5186", "EPSG:5186"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
        ("urn:ogc:def:crs:EPSG:6.9:4326", "EPSG:4326"),
    ],
)
def test_the_crs_that_an_answer_names_is_believed(
    server: WfsServer, read: Read, crs: str, expected: str
) -> None:
    server.lie = named(crs)
    assert table(read()).crs == expected


def test_a_crs_that_nobody_knows_is_not_taken_for_degrees(server: WfsServer, read: Read) -> None:
    server.lie = named("urn:city:grid")
    with pytest.raises(SourceUnavailable, match="urn:city:grid"):
        read()


def test_an_empty_layer_is_read_as_such(server: WfsServer, read: Read) -> None:
    server.rows.clear()
    assert table(read()).table.num_rows == 0


def test_a_feature_that_comes_meanwhile_costs_one_more_reading(server: WfsServer, read: Read) -> None:
    def grow(what: str, query: dict[str, str], answer: str) -> str:
        if query.get("startindex") == "9" and len(server.rows) == 25:
            server.rows.insert(0, row(99))
        return answer

    server.lie = grow
    assert read().expected == 26


def test_a_feature_that_goes_while_another_comes_is_not_taken_for_none(server: WfsServer, read: Read) -> None:
    def turn(what: str, query: dict[str, str], answer: str) -> str:
        if query.get("startindex") == "9" and server.rows[0] == row(0):
            server.rows = [*server.rows[1:], row(99)]
        return answer

    server.lie = turn
    found = table(read()).table.column("id").to_pylist()
    assert found == [f"{number:03}" for number in (*range(1, 25), 99)]


def test_a_layer_that_is_not_there_names_those_that_are(server: WfsServer, read: Read) -> None:
    with pytest.raises(FeedMisconfigured, match="city:parks"):
        read(layer="city:park")


def test_a_key_in_the_address_is_shown_nowhere(server: WfsServer, read: Read, site) -> None:
    server.lie = lambda what, query, answer: report("InvalidParameterValue", f"bad {query['apikey']}")
    with pytest.raises(SourceRefused) as refused:
        read(params={"apikey": Secret("s3cret-key")})
    assert "s3cret" not in str(refused.value)


def features(change: Callable[[list[Any]], list[Any]]) -> Callable[[str, dict[str, str], str], str]:
    def tell(what: str, query: dict[str, str], answer: str) -> str:
        if what != "GetFeature":
            return answer
        held = json.loads(answer)
        kept = change(held["features"])
        return json.dumps({**held, "features": kept, "numberReturned": len(kept)})

    return tell


def instead(told: str, what: str = "GetFeature") -> Callable[[str, dict[str, str], str], str]:
    return lambda asked, query, answer: told if asked == what else answer


LIES: dict[str, tuple[Callable[[str, dict[str, str], str], str], type[HarvestFault], str]] = {
    "an exception with 200": (
        instead(report("NoApplicableCode", "out of memory")),
        SourceUnavailable,
        r"NoApplicableCode \(out of memory\)",
    ),
    "an exception that wants an order": (
        instead(report("NoApplicableCode", "Cannot do natural order without a primary key")),
        SourceRefused,
        "write sort",
    ),
    "counts more than it gives": (
        lambda what, query, answer: answer.replace('"25"', '"30"') if what == "hits" else answer,
        SourceIncomplete,
        "counts 30 features, 30 a little later, and gave 25",
    ),
    "counts less than it gives, nameless": (
        lambda what, query, answer: (
            answer.replace('"25"', '"20"') if what == "hits" else re.sub(r'"id": "parks.\d+", ', "", answer)
        ),
        SourceIncomplete,
        "counts 20 features.* gave 25",
    ),
    "loses one": (features(lambda held: held[1:]), SourceIncomplete, "counts 25 .*and gave 2|came twice"),
    "gives one twice": (features(lambda held: [*held[:1], *held]), SourceIncomplete, "came twice"),
    "says that it returned more": (
        lambda what, query, answer: answer.replace('"numberReturned": 10', '"numberReturned": 11'),
        SourceIncomplete,
        "holds 11 features and gave 10",
    ),
    "no count": (instead("<FeatureCollection/>", "hits"), SourceUnavailable, "does not say how many"),
    "a page instead of capabilities": (
        instead("<!DOCTYPE html><html><body>down</body></html>", "GetCapabilities"),
        SourceUnavailable,
        "answered html",
    ),
    "an old version": (
        instead('<WFS_Capabilities version="1.0.0"/>', "GetCapabilities"),
        SourceUnavailable,
        "version 1.0.0",
    ),
    "a broken answer": (instead("<FeatureCollection><a"), Unreadable, "not XML"),
    "no features": (instead('{"a": 1}'), SourceUnavailable, "no list of features"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_fault_with_its_evidence(server: WfsServer, read: Read, lie: str) -> None:
    server.lie, kind, evidence = LIES[lie]
    with pytest.raises(kind, match=evidence):
        read()


def test_an_answer_that_ends_with_a_fault_in_its_middle_is_incomplete(server: WfsServer, read: Read) -> None:
    server.geojson = False
    fault = (
        f"<wfs:truncatedResponse>{report('OperationProcessingFailed', 'disk full')}</wfs:truncatedResponse>"
    )
    server.lie = lambda what, query, answer: (
        answer.replace("</wfs:FeatureCollection>", f"{fault}</wfs:FeatureCollection>")
        if what == "GetFeature"
        else answer
    )
    with pytest.raises(SourceIncomplete, match="disk full"):
        read()


def test_a_service_that_neither_counts_nor_pages_is_not_believed(server: WfsServer, read: Read) -> None:
    server.counts, server.pages = False, False
    with pytest.raises(SourceIncomplete, match="neither counts"):
        read()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"url": "ftp://a", "layer": "a"}, "url"),
        ({"url": "http://a.example", "layer": 3}, "layer"),
        ({"url": "http://a.example", "layer": "a", "version": "1.0.0"}, "version"),
        ({"url": "http://a.example", "layer": "a", "page_size": 0}, "page_size"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], name: str) -> None:
    assert [found for found, _ in wfs.check(options)] == [name]
