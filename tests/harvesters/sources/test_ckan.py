"""A CKAN portal is listed whole, by its own count, and asked for what changed alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ckan_portal import CkanPortal, package

from harvesters.faults import (
    FeedMisconfigured,
    HarvestFault,
    SourceIncomplete,
    SourceRefused,
    SourceUnavailable,
)
from harvesters.reading.catalogues import AS_BEFORE
from harvesters.secrets import Secret
from harvesters.sources import Raw, Unmodified, Visit, ckan, source, source_kinds
from schemas.dataset import Text
from schemas.feed import CATALOGUE_ENTRY, Feed, SourceSpec

Read = Callable[..., Any]
ACTIONS = ("package_search", "package_show", "resource_show", "datastore_search")
THEN = datetime(2024, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def portal(site) -> CkanPortal:
    held = CkanPortal([package(number) for number in range(25)])
    site.routes |= {f"/api/3/action/{action}": held.answer for action in ACTIONS}
    return held


@pytest.fixture
def read(site, tmp_path: Path) -> Read:
    def reader(
        published: dict[str, datetime] | None = None, known: dict[str, str] | None = None, **options: Any
    ) -> Any:
        spec = SourceSpec("ckan", {"url": site.url(""), **options})
        feed = Feed("portal", Text("포털"), "부산", "KOGL-1", spec, record=CATALOGUE_ENTRY)
        return ckan.read(Visit(feed, site.fetch(), tmp_path, known or {}, published or {}))

    return reader


def rows(raw: Raw) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(raw.path.read_text("utf-8"))
    return listed


def published(portal: CkanPortal) -> dict[str, datetime]:
    return {each["id"]: THEN for each in portal.packages}


def test_it_is_a_kind_that_a_feed_may_name() -> None:
    assert "ckan" in source_kinds()
    assert {"url"} == source("ckan").REQUIRED


def test_every_package_becomes_an_entry(portal: CkanPortal, read: Read) -> None:
    raw = read(page_size=10)

    assert raw.expected == len(rows(raw)) == 25
    first = rows(raw)[0]
    assert first["identifier"] == portal.packages[0]["id"]
    assert (first["title"], first["publisher"]) == ("공원 0", "부산광역시")
    assert (json.loads(first["keywords"]), json.loads(first["formats"])) == (["공원, 녹지"], ["csv"])
    assert first["updated"] == "2024-03-01T09:00:00.123456Z"
    assert first["landing_page"].endswith("/dataset/dataset-0")


@pytest.mark.parametrize("tail", ["/", "/api/3/action", "/api/3", "/dataset/"])
def test_the_address_may_be_that_of_any_part_of_the_portal(
    portal: CkanPortal, read: Read, site, tail: str
) -> None:
    assert read(url=site.url(tail)).expected == 25


def test_pages_may_be_smaller_than_asked_for(portal: CkanPortal, read: Read) -> None:
    portal.largest = 7
    assert len({row["identifier"] for row in rows(read())}) == 25


def test_nothing_changed_costs_a_light_listing_and_nothing_else(portal: CkanPortal, read: Read) -> None:
    found = read(published(portal), _whole(read))

    assert isinstance(found, Unmodified)
    assert "25 packages" in found.evidence
    assert [(action, "fl" in params) for action, params in portal.asked[1:]] == [("package_search", True)]


def test_only_what_changed_is_asked_for(portal: CkanPortal, read: Read) -> None:
    known, before = _whole(read), published(portal)
    portal.packages[3]["metadata_modified"] = "2024-05-01T00:00:00.000000"
    portal.packages[4]["title"] = "changed without its time"
    del portal.packages[9]
    portal.packages.append(package(99))
    portal.asked.clear()

    raw = read(before, known)

    anew = [row for row in rows(raw) if AS_BEFORE not in row]
    assert [row["title"] for row in anew] == ["공원 3", "공원 99"]
    assert len(rows(raw)) == 25
    assert portal.packages[9]["id"] in {row["identifier"] for row in rows(raw) if AS_BEFORE in row}
    assert package(9)["id"] not in {row["identifier"] for row in rows(raw)}
    assert len(portal.asked) == 2


def test_a_listing_has_one_name_however_it_was_read(portal: CkanPortal, read: Read) -> None:
    whole = read()
    portal.packages[3]["metadata_modified"] = "2024-05-01T00:00:00.120000"
    partly = read({each["id"]: THEN for each in portal.packages}, whole.state)
    portal.light = False
    again = read({}, whole.state)

    assert partly.sha256 != whole.sha256
    assert len({json.dumps(row) for row in rows(again)}) == 25
    assert partly.state == whole.state


def test_once_a_week_every_package_is_read_anew(portal: CkanPortal, read: Read) -> None:
    raw = read(published(portal), {"whole": "2020-01-01T00:00:00+00:00"})

    assert not any(AS_BEFORE in row for row in rows(raw))
    assert raw.state["whole"] > "2026"


def test_a_portal_that_gives_whole_packages_whatever_is_asked_is_read_whole(
    portal: CkanPortal, read: Read
) -> None:
    portal.light = False
    assert len(rows(read(published(portal), {"whole": "2126-01-01T00:00:00+00:00"}))) == 25


def test_a_portal_that_refuses_to_list_lightly_is_read_whole(portal: CkanPortal, read: Read) -> None:
    refusal = {"success": False, "error": {"__type": "Search Query Error", "message": "invalid: fl"}}
    portal.lie = lambda action, params, result: (400, refusal) if "fl" in params else result
    assert len(rows(read(published(portal)))) == 25


def test_a_package_that_is_listed_and_then_not_given_makes_all_be_read(
    portal: CkanPortal, read: Read
) -> None:
    known, before = _whole(read), published(portal)
    portal.packages[3]["metadata_modified"] = "2024-05-01T00:00:00.000000"
    portal.lie = lambda action, params, result: {"count": 0, "results": []} if "fq" in params else result

    assert not any(AS_BEFORE in row for row in rows(read(before, known)))


LIES: dict[str, tuple[type[HarvestFault], str]] = {
    "counts more than it gives": (SourceIncomplete, "holds 26 and gave 25"),
    "counts less than it gives": (SourceIncomplete, "holds 24 and gave 25"),
    "changes its count": (SourceIncomplete, "first and .* after"),
    "gives one twice": (SourceIncomplete, "came twice"),
    "shifts its pages": (SourceIncomplete, "stands where"),
    "says success: false": (SourceUnavailable, "success: false .*Search Error: no index"),
    "is not allowed": (SourceRefused, "Access denied"),
    "answers with a page": (SourceUnavailable, "not JSON.*begins '<html>"),
    "forgets the result": (SourceUnavailable, "none of CKAN's"),
    "has no count": (SourceUnavailable, "without count"),
    "has no ids": (SourceUnavailable, "no id"),
    "is rate-limited": (SourceRefused, "429"),
    "fails": (SourceUnavailable, "503"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_fault_with_its_evidence(portal: CkanPortal, read: Read, lie: str) -> None:
    kind, evidence = LIES[lie]
    portal.lie = _lie(lie, portal)

    with pytest.raises(kind, match=evidence):
        read(page_size=10)


def test_a_change_while_the_list_is_read_costs_one_more_reading(portal: CkanPortal, read: Read) -> None:
    def move_once(action: str, params: dict[str, str], result: Any) -> Any:
        if params["start"] == "9" and len(portal.packages) == 25:
            del portal.packages[0]
        return result

    portal.lie = move_once
    assert len(rows(read(page_size=10))) == 24


def test_filters_are_passed_on_as_they_must_hold_together(portal: CkanPortal, read: Read) -> None:
    read(q="공원", fq="tags:a OR tags:b", organisation="busan")

    asked = portal.asked[0][1]
    assert (asked["q"], asked["fq"]) == ("공원", 'organization:"busan" (tags:a OR tags:b)')


def test_the_key_is_sent_and_never_shown(portal: CkanPortal, read: Read) -> None:
    portal.lie = lambda action, params, result: (403, {"success": False})
    with pytest.raises(SourceRefused) as refused:
        read(api_key=Secret("s3cret"))

    assert "s3cret" not in str(refused.value)
    assert portal.keys == ["s3cret"]


def test_a_title_cut_within_a_character_costs_that_character(portal: CkanPortal, read: Read) -> None:
    portal.packages[0]["title"] = "공원 \ud83c"
    assert rows(read())[0]["title"] == "공원 ?"


def test_a_place_and_translations_are_taken_where_the_portal_keeps_them(
    portal: CkanPortal, read: Read
) -> None:
    portal.packages[0] |= {
        "title_translated": {"ko": "공원", "en": "Parks"},
        "extras": [{"key": "spatial", "value": '{"type": "Point", "coordinates": [129, 35]}'}],
    }
    first = rows(read())[0]
    assert (first["title"], first["title_en"], first["extent"]) == ("공원", "Parks", "129,35,129,35")


def test_an_empty_portal_is_an_empty_list(portal: CkanPortal, read: Read) -> None:
    portal.packages.clear()
    assert rows(read()) == []


def test_a_table_is_read_in_pages_held_to_its_total(portal: CkanPortal, read: Read) -> None:
    portal.packages[0]["resources"][0]["datastore_active"] = True
    portal.tables["r0"] = [{"_id": number, "이름": f"공원 {number}"} for number in range(1, 36)]

    raw = read(resource="r0", page_size=10)

    assert raw.expected == 35
    assert rows(raw)[34] == {"이름": "공원 35"}


def test_a_table_that_gives_fewer_than_its_total_is_incomplete(portal: CkanPortal, read: Read) -> None:
    portal.packages[0]["resources"][0]["datastore_active"] = True
    portal.tables["r0"] = [{"_id": number} for number in range(1, 36)]
    portal.lie = lambda action, params, result: {**result, "total": 40} if "offset" in params else result

    with pytest.raises(SourceIncomplete, match="holds 40 and gave 35"):
        read(resource="r0", page_size=10)


def test_a_resource_without_a_table_is_its_file(portal: CkanPortal, read: Read, site) -> None:
    portal.packages[0]["resources"][0]["url"] = site.body("/parks.csv", b"a\n1\n", ETag='"1"')

    raw = read(dataset="dataset-0", resource="목록")
    assert (raw.name, raw.path.read_bytes()) == ("parks.csv", b"a\n1\n")

    site.body("/parks.csv", b"", 304)
    assert isinstance(read(known=raw.state, dataset="dataset-0", resource="목록"), Unmodified)


def test_a_resource_that_the_dataset_does_not_have_names_those_it_has(portal: CkanPortal, read: Read) -> None:
    with pytest.raises(FeedMisconfigured, match="목록"):
        read(dataset="dataset-0", resource="목롱")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"url": "ftp://a"}, "url"),
        ({"url": "http://a.example", "page_size": 5}, "page_size"),
        ({"url": "http://a.example", "fq": 3}, "fq"),
        ({"url": "http://a.example", "dataset": "a"}, "dataset"),
        ({"url": "http://a.example", "resource": "a", "q": "b"}, "q"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], name: str) -> None:
    assert [found for found, _ in ckan.check(options)] == [name]


def _whole(read: Read) -> dict[str, str]:
    state: dict[str, str] = read().state
    return state


def _lie(lie: str, portal: CkanPortal) -> Callable[[str, dict[str, str], Any], Any]:
    def tell(action: str, params: dict[str, str], result: Any) -> Any:
        start, results = int(params["start"]), result["results"]
        fault = {"__type": "Search Error", "message": "no index"}
        told: dict[str, Any] = {
            "counts more than it gives": {**result, "count": 26},
            "counts less than it gives": {**result, "count": 24},
            "changes its count": {**result, "count": 25 + start},
            "gives one twice": {**result, "results": [*results[:1], *results]},
            "shifts its pages": {**result, "results": results[1:] if start else results},
            "says success: false": (200, {"success": False, "error": fault}),
            "is not allowed": (
                200,
                {
                    "success": False,
                    "error": {"__type": "Authorization Error", "message": "Access denied: no"},
                },
            ),
            "answers with a page": (200, b"<html><body>down"),
            "forgets the result": (200, {"ok": True}),
            "has no count": {"results": results},
            "has no ids": {**result, "results": [{"name": "a"}]},
            "is rate-limited": (429, {"success": False}),
            "fails": (503, b""),
        }
        return told[lie]

    return tell
