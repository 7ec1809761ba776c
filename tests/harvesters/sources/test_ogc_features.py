"""A collection of OGC API Features is read along its links, on its own host, and held to what it matches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ogc_server import OgcServer, row

from harvesters.faults import (
    FeedMisconfigured,
    HarvestFault,
    SourceIncomplete,
    SourceRefused,
    SourceUnavailable,
)
from harvesters.formats import gis
from harvesters.secrets import Secret
from harvesters.sources import Raw, Visit, ogc_features
from schemas.dataset import Text
from schemas.feed import Feed, FormatSpec, Mode, SourceSpec

Read = Callable[..., Raw]
Lie = Callable[[dict[str, str], Any], Any]
PATH = "/ogc/collections/parks/items"


@pytest.fixture
def server(site, respond, query) -> OgcServer:
    held = OgcServer(site.url(PATH), [row(number) for number in range(25)])
    site.routes[PATH] = lambda request: respond(
        request, held.answer(query(request)), 200, **{"Content-Crs": held.crs}
    )
    return held


@pytest.fixture
def read(site, tmp_path: Path) -> Read:
    def reader(known: dict[str, Any] | None = None, mode: Mode = "replace", **options: Any) -> Raw:
        held = {"url": site.url("/ogc/"), "collection": "parks", "page_size": 10, **options}
        feed = Feed("parks", Text("공원"), "부산", "KOGL-1", SourceSpec("ogc-features", held), mode=mode)
        return ogc_features.read(Visit(feed, site.fetch(), tmp_path, known or {}))

    return reader


def ids(raw: Raw) -> list[str]:
    return [each["properties"]["id"] for each in json.loads(raw.path.read_text("utf-8"))["features"]]


def test_every_feature_comes_once_with_its_place(server: OgcServer, read: Read) -> None:
    raw = read()
    assert ids(raw) == [f"{number:03}" for number in range(25)]
    (table,) = gis.read(raw.path, FormatSpec())
    assert (table.table.num_rows, raw.expected, table.crs) == (25, 25, "EPSG:4326")
    assert len(server.asked) == 3


def test_pages_may_be_smaller_than_asked_for(server: OgcServer, read: Read) -> None:
    server.most = 4
    assert len(ids(read())) == 25


def test_a_collection_that_does_not_count_is_read_to_its_last_page(server: OgcServer, read: Read) -> None:
    server.matches = False
    assert len(ids(read())) == 25


def test_links_may_be_relative(server: OgcServer, read: Read) -> None:
    server.root = "items"
    assert len(ids(read())) == 25


def test_of_several_links_the_one_to_json_is_followed(server: OgcServer, read: Read) -> None:
    html = {"rel": "next", "type": "text/html", "href": "http://elsewhere.example/"}
    server.lie = lambda query, page: {**page, "links": [html, *page["links"]] if page["links"][1:] else []}
    assert len(ids(read())) == 25


def test_a_service_behind_a_proxy_may_know_itself_by_another_scheme(
    server: OgcServer, read: Read, site
) -> None:
    server.root = f"https://127.0.0.1{PATH}"
    assert len(ids(read())) == 25
    assert len(site.seen) == 3


def test_an_id_of_the_service_alone_is_a_column(server: OgcServer, read: Read) -> None:
    server.rows = [{"name": "공원", "id": "7"}]
    server.lie = lambda query, page: {
        **page,
        "features": [{**each, "properties": {"name": "공원"}} for each in page["features"]],
    }
    assert ids(read()) == ["parks.7"]


def test_only_what_is_as_late_as_the_last_is_asked_for(server: OgcServer, read: Read) -> None:
    server.rows = [row(number, updated=f"2024-03-{number:02}T00:00:00Z") for number in range(1, 25)]
    first = read(mode="append", watermark="updated")
    assert first.state == {"latest": "2024-03-24T00:00:00Z"}
    server.rows.append(row(25, updated="2024-03-25T00:00:00Z"))
    second = read(first.state, mode="append", watermark="updated")
    assert ids(second) == ["024", "025"]
    assert second.state == {"latest": "2024-03-25T00:00:00Z"}


def test_a_time_far_in_the_future_does_not_end_all_reading(server: OgcServer, read: Read) -> None:
    server.rows = [row(1, updated="2999-01-01T00:00:00Z"), row(2, updated="2024-03-01T00:00:00Z")]
    assert read(mode="append", watermark="updated").state == {"latest": "2024-03-01T00:00:00Z"}


def test_a_watermark_needs_a_feed_that_adds(server: OgcServer, read: Read) -> None:
    with pytest.raises(FeedMisconfigured, match="append"):
        read(watermark="updated")


def test_a_change_while_it_is_read_costs_one_more_reading(server: OgcServer, read: Read) -> None:
    def turn(query: dict[str, str], page: Any) -> Any:
        if query.get("offset") == "10" and len(server.rows) == 25:
            server.rows.insert(0, row(99))
        return page

    server.lie = turn
    assert len(ids(read())) == 26


def test_a_key_that_the_links_repeat_is_shown_nowhere(server: OgcServer, read: Read) -> None:
    def fail(query: dict[str, str], page: Any) -> Any:
        return b"<html>down" if query.get("offset") == "20" else page

    server.lie = fail
    with pytest.raises(SourceUnavailable) as failed:
        read(params={"code": Secret("s3cret-code")})
    assert "s3cret" not in str(failed.value)
    assert {query["code"] for query in server.asked} == {"s3cret-code"}


def test_a_key_in_a_header_stays_with_the_host(server: OgcServer, read: Read, site) -> None:
    server.root = f"http://localhost:{site.port}{PATH}"
    with pytest.raises(SourceRefused, match="leads to localhost"):
        read(headers={"X-API-Key": Secret("s3cret-code")})
    assert len(site.seen) == 1


def features(change: Callable[[list[Any]], list[Any]]) -> Lie:
    def tell(query: dict[str, str], page: Any) -> Any:
        kept = change(page["features"])
        return {**page, "features": kept, "numberReturned": len(kept)}

    return tell


def circle(query: dict[str, str], page: Any) -> Any:
    return {
        **page,
        "features": [],
        "numberReturned": 0,
        "links": [{"rel": "next", "href": f"{PATH}?offset=10"}],
    }


LIES: dict[str, tuple[Lie, type[HarvestFault], str]] = {
    "matches more than it gives": (
        lambda query, page: {**page, "numberMatched": 26},
        SourceIncomplete,
        "matches 26 features and gave 25",
    ),
    "loses the link to the next page": (
        lambda query, page: {**page, "links": []},
        SourceIncomplete,
        "matches 25 features and gave 10",
    ),
    "loses one": (features(lambda held: held[1:]), SourceIncomplete, "matches 25 features and gave 22"),
    "gives one twice": (features(lambda held: [*held, held[0]]), SourceIncomplete, "came twice"),
    "returns other than it says": (
        lambda query, page: {**page, "numberReturned": 11},
        SourceIncomplete,
        "holds 11 features and gave 10",
    ),
    "leads in a circle": (circle, SourceIncomplete, "in a circle"),
    "has no features": (lambda query, page: {"code": "x", "description": "down"}, SourceUnavailable, "down"),
    "links to nothing": (
        lambda query, page: {**page, "links": [{"rel": "next"}]},
        SourceUnavailable,
        "no address",
    ),
    "answers with a page": (lambda query, page: b"<html>down", SourceUnavailable, "not JSON"),
    "answers a list": (lambda query, page: [page], SourceUnavailable, "no object"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_fault_with_its_evidence(server: OgcServer, read: Read, lie: str) -> None:
    server.lie, kind, evidence = LIES[lie]
    with pytest.raises(kind, match=evidence):
        read()


def test_features_in_another_crs_are_not_taken_for_degrees(server: OgcServer, read: Read) -> None:
    server.crs = "<http://www.opengis.net/def/crs/EPSG/0/5187>"
    with pytest.raises(SourceUnavailable, match="5187"):
        read()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"url": "ftp://a", "collection": "a"}, "url"),
        ({"url": "http://a.example", "collection": 3}, "collection"),
        ({"url": "http://a.example", "collection": "a", "page_size": 0}, "page_size"),
        ({"url": "http://a.example", "collection": "a", "watermark": True}, "watermark"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], name: str) -> None:
    assert [found for found, _ in ogc_features.check(options)] == [name]
