"""The latest row of each entity, of a dataset that grows and of one that is published whole."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from catalogue import Catalogue, Publication
from schemas.arrow import arrow_schema
from schemas.conditions import Filter
from schemas.dataset import Column, Dataset, Text
from schemas.problem import BadInput
from schemas.query import FacetQuery, GroupQuery, Measure, NearestQuery, Order, RowQuery
from schemas.run import REJECTS, Run

BUS = (
    Column("line", "text", key=True, role="key"),
    Column("vehicle", "integer", key=True, role="key"),
    Column("at", "time", key=True, role="time"),
    Column("speed", "number"),
)
NOON = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def publication(rows: list[tuple[str, int, datetime, float | None]], columns=BUS) -> Publication:
    ids = [f"{line}~{vehicle}~{at:%Y-%m-%dT%H:%M:%SZ}" for line, vehicle, at, _ in rows]
    values = [ids, *(list(cells) for cells in zip(*rows, strict=True))]
    table = pa.table(values, schema=arrow_schema(columns))
    return Publication(
        Dataset("buses", Text("버스"), "부산", "KOGL-1", "buses"), columns, table, REJECTS.empty_table()
    )


def run(number: int, count: int) -> Run:
    return Run(f"r{number:04}", "buses", "buses", "running", read=count, published=count)


def latest(catalogue: Catalogue, **asked) -> list[tuple[object, ...]]:
    """All current rows, page by page."""
    query = RowQuery(limit=3, **asked)
    snapshot = catalogue.snapshot_of("buses", query)
    page = catalogue.latest_of(snapshot, query)
    assert page.snapshot == snapshot.id
    found = list(page.values)
    while page.next is not None:
        query = RowQuery(limit=3, cursor=page.next, **asked)
        page = catalogue.latest_of(catalogue.snapshot_of("buses", query), query)
        found += page.values
    return found


def naive(rows):
    held = {}
    for line, vehicle, at, speed in rows:
        if (line, vehicle) not in held or held[line, vehicle][0] < at:
            held[line, vehicle] = (at, speed)
    return {
        (line, vehicle, at.isoformat().replace("+00:00", "Z"), speed)
        for (line, vehicle), (at, speed) in held.items()
    }


def test_after_each_append_the_latest_rows_are_those_plain_python_finds(catalogue: Catalogue) -> None:
    chance, rows = random.Random(5), []
    for minute in range(25):
        vehicles = chance.sample(range(8), chance.randint(1, 5))
        # Late ones come after those that are newer.
        at = NOON + timedelta(minutes=minute - chance.choice([0, 0, 0, 10]), seconds=minute)
        fresh = [("가나"[v % 2], v, at, chance.choice([None, 1.5, 30.0])) for v in vehicles]
        catalogue.append(publication(fresh), run(minute, len(fresh)))
        catalogue.tend("buses")
        rows += fresh
        if chance.random() < 0.6:
            found = latest(catalogue)
            assert {row[1:] for row in found} == naive(rows)
            assert len(found) == len({row[1:3] for row in found})


@pytest.mark.parametrize("overlap", [0, 9], ids=["one after the other", "at the same times"])
@pytest.mark.parametrize("idle", [0, 3], ids=["all still drive", "some drive no more"])
def test_of_parts_that_follow_one_another_the_latest_rows_are_those_plain_python_finds(
    catalogue: Catalogue, overlap: int, idle: int
) -> None:
    chance, pieces = random.Random(7), []
    for hour in range(6):
        vehicles = range(idle if hour == 5 else 0, 8)
        minutes = [60 * hour - 15 * overlap + m for m in range(0, 60, 15)]
        drives = [(v, m) for v in vehicles for m in minutes if m == minutes[-1] or chance.random() < 0.7]
        chance.shuffle(drives)
        pieces.append([("가나"[v % 2], v, NOON + timedelta(minutes=m), float(m)) for v, m in drives])
        if overlap:  # A part that begins with the others and ends last tells nothing about them.
            pieces[-1] += [("다", 9, NOON + timedelta(minutes=hour), 1.0)]
    whole = replace(publication(pieces[0]), rows=[publication(piece).rows for piece in pieces])

    catalogue.publish(whole, run(1, sum(map(len, pieces))))

    found = latest(catalogue)
    assert len(catalogue.snapshot("buses").parts) == 6
    assert {row[1:] for row in found} == naive([row for piece in pieces for row in piece])
    assert len(found) == len({row[1:3] for row in found})


def test_a_walk_goes_on_in_its_snapshot_though_rows_come_and_files_are_lost(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    catalogue.append(publication([("가", v, NOON, 1.0) for v in range(5)]), run(1, 5))
    first = RowQuery(limit=2, order=(Order("vehicle", descending=True),))
    page = catalogue.latest_of(catalogue.snapshot_of("buses", first), first)
    catalogue.append(publication([("가", v, NOON + timedelta(minutes=1), 2.0) for v in range(5)]), run(2, 5))
    assert {row[4] for row in latest(catalogue)} == {2.0}
    found = list(page.values)
    for file in (tmp_path / "derived" / "current" / "parts").rglob("*.parquet"):
        file.unlink()
    while page.next:
        following = RowQuery(limit=2, order=first.order, cursor=page.next)
        page = catalogue.latest_of(catalogue.snapshot_of("buses", following), following)
        found += page.values
    assert [(row[2], row[4]) for row in found] == [(v, 1.0) for v in (4, 3, 2, 1, 0)]


def test_nothing_is_left_of_a_dataset_that_is_withdrawn(catalogue: Catalogue, tmp_path: Path, clock) -> None:
    catalogue.append(publication([("가", v, NOON, 1.0) for v in range(5)]), run(1, 5))
    latest(catalogue)
    files = tmp_path / "derived" / "current"
    catalogue.collect_garbage({})
    assert [file.suffix for file in sorted(files.rglob("*")) if file.is_file()] == [".parquet", ".sqlite"]
    catalogue.withdraw("buses")
    clock.move(days=40)
    catalogue.collect_garbage({})
    assert not [file for file in files.rglob("*") if file.is_file()]


def test_filters_choose_among_the_latest_rows(catalogue: Catalogue) -> None:
    rows = [("가", 1, NOON, 5.0), ("가", 1, NOON + timedelta(minutes=1), 50.0), ("나", 2, NOON, 5.0)]
    catalogue.append(publication(rows), run(1, 3))
    assert [row[1] for row in latest(catalogue, filters=(Filter("speed", "lt", 20.0),))] == ["나"]


def test_a_cursor_of_the_latest_rows_is_none_of_all_rows(catalogue: Catalogue) -> None:
    rows = [("가", v, NOON + timedelta(minutes=m), 5.0) for v in range(3) for m in range(2)]
    catalogue.append(publication(rows), run(1, 6))
    whole = catalogue.snapshot("buses")
    cursor = catalogue.latest_of(whole, RowQuery(limit=1)).next
    with pytest.raises(BadInput, match="cursor"):
        catalogue.rows("buses", RowQuery(limit=1, cursor=cursor))
    cursor = catalogue.rows_of(whole, RowQuery(limit=1)).next
    with pytest.raises(BadInput, match="cursor"):
        catalogue.latest_of(whole, RowQuery(limit=1, cursor=cursor))


def test_where_a_key_has_one_row_all_rows_are_the_latest(catalogue: Catalogue) -> None:
    columns = (*BUS[:2], Column("at", "time", role="time"), BUS[3])
    rows = [("가", 1, NOON, 5.0), ("나", 2, NOON, 5.0)]
    catalogue.publish(publication(rows, columns), run(1, 2))
    assert latest(catalogue) == catalogue.rows("buses", RowQuery()).values


def test_rows_without_a_key_have_no_latest(catalogue: Catalogue) -> None:
    columns = tuple(
        Column(each.name, each.type, role="time" if each.type == "time" else None) for each in BUS
    )
    catalogue.publish(publication([("가", 1, NOON, 5.0)], columns), run(1, 1))
    with pytest.raises(BadInput, match="no key"):
        latest(catalogue)


def test_facets_leave_no_row_uncounted(catalogue: Catalogue) -> None:
    speeds = [None, None, 1.5, 1.5, 1.5, 3.0, 4.0, 4.0]
    rows = [("가" if n < 3 else "나", n, NOON, speed) for n, speed in enumerate(speeds)]
    catalogue.publish(publication(rows), run(1, 8))
    whole = catalogue.snapshot("buses")
    page = catalogue.facets_of(whole, FacetQuery(("speed", "line"), 2))
    assert page.count == 8
    assert page.facets["speed"].values == ((1.5, 3), (4.0, 2))
    assert (page.facets["speed"].other, page.facets["speed"].missing) == (1, 2)
    assert (page.facets["line"].values, page.facets["line"].other) == ((("나", 5), ("가", 3)), 0)
    few = catalogue.facets_of(whole, FacetQuery(("line",), 5, RowQuery((Filter("speed", "isnull", True),))))
    assert (few.count, few.facets["line"].values) == (2, (("가", 2),))


@pytest.mark.parametrize(
    "asked", [FacetQuery(("spede",)), FacetQuery(()), FacetQuery(("line", "line")), FacetQuery(("line",), 0)]
)
def test_a_facet_that_cannot_be_is_refused(catalogue: Catalogue, asked: FacetQuery) -> None:
    catalogue.publish(publication([("가", 1, NOON, 5.0)]), run(1, 1))
    with pytest.raises(BadInput):
        catalogue.facets_of(catalogue.snapshot("buses"), asked)


def test_groups_and_what_is_near_are_asked_of_a_snapshot(catalogue: Catalogue) -> None:
    catalogue.publish(publication([("가", 1, NOON, 5.0), ("가", 2, NOON, 7.0)]), run(1, 2))
    whole = catalogue.snapshot("buses")
    page = catalogue.groups_of(whole, GroupQuery((Measure("avg_speed", "avg", "speed"),), ("line",)))
    assert (page.snapshot, page.values, page.truncated) == (whole.id, [("가", 6.0)], False)
    with pytest.raises(BadInput, match="geometry"):
        catalogue.nearest_of(whole, NearestQuery(129.0, 35.0))
