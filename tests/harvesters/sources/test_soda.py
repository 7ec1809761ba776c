"""A dataset of a Socrata portal is read in pages by its row ids, and held to its count."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from socrata_portal import FIELDS, SocrataPortal, row

from harvesters.faults import (
    FeedMisconfigured,
    HarvestFault,
    SourceIncomplete,
    SourceUnavailable,
)
from harvesters.secrets import Secret
from harvesters.sources import Raw, Unmodified, Visit, soda
from schemas.dataset import Text
from schemas.feed import Feed, Mode, SourceSpec

Read = Callable[..., Any]
Lie = Callable[[str, dict[str, str], Any], Any]


@pytest.fixture
def portal(site, respond, query) -> SocrataPortal:
    held = SocrataPortal([row(number) for number in range(25)])

    def answer(request: Any) -> None:
        body, headers = held.answer(query(request))
        respond(request, body, 200, **headers)

    site.routes["/resource/abcd-1234.json"] = answer
    return held


@pytest.fixture
def read(site, tmp_path: Path) -> Read:
    def reader(known: dict[str, Any] | None = None, mode: Mode = "replace", **options: Any) -> Any:
        held = {"url": site.url("/"), "dataset": "abcd-1234", "page_size": 10, **options}
        feed = Feed("parks", Text("공원"), "부산", "KOGL-1", SourceSpec("soda", held), mode=mode)
        return soda.read(Visit(feed, site.fetch(), tmp_path, known or {}))

    return reader


def rows(raw: Raw) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(raw.path.read_text("utf-8"))
    return found


def test_every_row_comes_once_in_the_order_of_its_id(portal: SocrataPortal, read: Read) -> None:
    raw = read()
    assert [each["id"] for each in rows(raw)] == [f"{number:03}" for number in range(25)]
    assert (raw.expected, raw.format) == (25, "json")
    assert {query["$order"] for what, query in portal.asked if what == "rows"} == {":id"}


def test_a_column_that_is_empty_is_a_column(portal: SocrataPortal, read: Read) -> None:
    portal.rows[0]["name"] = None
    portal.fields["closed"] = "calendar_date"
    assert rows(read())[0] == {"id": "000", "name": None, "size": "0", "closed": None}


def test_a_column_of_places_makes_features(portal: SocrataPortal, read: Read) -> None:
    portal.fields = {**FIELDS, "the_geom": "point"}
    portal.rows[0]["the_geom"] = {"type": "Point", "coordinates": [129.0, 35.1]}
    raw = read()
    assert raw.format == "gis"
    first, second, *_ = json.loads(raw.path.read_text("utf-8"))["features"]
    assert (first["geometry"]["coordinates"], second["geometry"]) == ([129.0, 35.1], None)
    assert first["properties"] == {"id": "000", "name": "공원 0", "size": "0"}


def test_nothing_updated_and_none_gone_is_not_read_again(portal: SocrataPortal, read: Read) -> None:
    state = read().state
    portal.asked.clear()
    again = read(state)
    assert isinstance(again, Unmodified)
    assert "25 rows" in again.evidence
    assert [what for what, _ in portal.asked] == ["count"]


@pytest.mark.parametrize("change", ["gone", "updated"])
def test_what_changed_is_read_again(portal: SocrataPortal, read: Read, change: str) -> None:
    state = read().state
    if change == "gone":
        del portal.rows[3]
    else:
        portal.rows[3] = row(3, "2024-04-01T00:00:00.000Z")
    assert isinstance(read(state), Raw)


def test_only_what_was_updated_since_is_asked_for(portal: SocrataPortal, read: Read) -> None:
    first = read(mode="append", changes=True)
    assert first.expected == 25
    portal.rows.append(row(99, "2024-04-01T00:00:00.000Z"))
    second = read(first.state, mode="append", changes=True)
    # Those of the very instant that is known come again.
    portal.rows.append(row(100, "2024-05-01T00:00:00.000Z"))
    third = read(second.state, mode="append", changes=True)
    assert [each["id"] for each in rows(third)] == ["099", "100"]


def test_changes_alone_need_a_feed_that_adds(portal: SocrataPortal, read: Read) -> None:
    with pytest.raises(FeedMisconfigured, match="append"):
        read(changes=True)


def test_a_condition_holds_for_rows_and_count(portal: SocrataPortal, read: Read) -> None:
    assert [each["id"] for each in rows(read(where="name = '공원 7'"))] == ["007"]


def test_the_token_is_sent_as_a_header(portal: SocrataPortal, read: Read, site) -> None:
    read(app_token=Secret("s3cret"))
    assert "s3cret" not in "".join(site.seen)


def test_an_empty_dataset_is_an_empty_list(portal: SocrataPortal, read: Read) -> None:
    portal.rows.clear()
    assert rows(read()) == []


def test_a_change_while_it_is_read_costs_one_more_reading(portal: SocrataPortal, read: Read) -> None:
    def turn(what: str, query: dict[str, str], answer: Any) -> Any:
        if query.get("$offset") == "9" and len(portal.rows) == 25:
            del portal.rows[0]
        return answer

    portal.lie = turn
    assert len(rows(read())) == 24


def of_count(rows: str) -> Lie:
    return lambda what, query, answer: [{**answer[0], "rows": rows}] if what == "count" else answer


def of_rows(told: Any) -> Lie:
    return lambda what, query, answer: told if what == "rows" else answer


LIES: dict[str, tuple[Lie, type[HarvestFault], str]] = {
    "counts more than it gives": (of_count("26"), SourceIncomplete, "holds 26 and gave 25"),
    "counts less than it gives": (of_count("10"), SourceIncomplete, "holds 10 and gives row-0010 beyond"),
    "gives no count": (of_count("many"), SourceUnavailable, "no count"),
    "gives an error with 200": (
        of_rows({"code": "query.execution.queryTooComplex", "error": True, "message": "too complex"}),
        SourceUnavailable,
        "no list of rows but .*too complex",
    ),
    "gives rows without ids": (of_rows([{"name": "a"}]), SourceUnavailable, "without its :id"),
    "answers with a page": (of_rows(b"<html>down"), SourceUnavailable, "not JSON"),
    "loses a row": (
        lambda what, query, answer: answer[1:] if what == "rows" and query["$offset"] == "9" else answer,
        SourceIncomplete,
        "stands where row-0009 stood",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_fault_with_its_evidence(portal: SocrataPortal, read: Read, lie: str) -> None:
    portal.lie, kind, evidence = LIES[lie]
    with pytest.raises(kind, match=evidence):
        read()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"url": "ftp://a", "dataset": "a"}, "url"),
        ({"url": "http://a.example", "dataset": 3}, "dataset"),
        ({"url": "http://a.example", "dataset": "a", "changes": "yes"}, "changes"),
        ({"url": "http://a.example", "dataset": "a", "page_size": 1}, "page_size"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], name: str) -> None:
    assert [found for found, _ in soda.check(options)] == [name]
