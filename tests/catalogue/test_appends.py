"""A dataset that grows: rows are added once, old snapshots cost nothing, and parts stay few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pyarrow as pa
import pytest

from catalogue import CannotAppend, Catalogue, Publication, SnapshotGone
from catalogue.history import compaction
from schemas.arrow import arrow_schema
from schemas.conditions import Filter
from schemas.dataset import Column, Dataset, Text
from schemas.query import Order, RowQuery
from schemas.run import REJECTS, Run
from schemas.snapshot import Part

READING = (
    Column("vehicle", "text", key=True, role="key"),
    Column("at", "time", key=True, role="time"),
    Column("speed", "number"),
)
BUSES = Dataset("buses", Text("버스", "Buses"), "부산광역시", "KOGL-1", "buses")
NOON = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def readings(
    minute: int, count: int = 3, speed: float = 30.0, columns: tuple[Column, ...] = READING
) -> Publication:
    at = NOON + timedelta(minutes=minute)
    names = [f"V{number:04}" for number in range(count)]
    cells = {"vehicle": names, "at": [at] * count, "speed": [speed] * count}
    ids = [f"{name}~{at:%Y-%m-%dT%H:%M:%SZ}" for name in names]
    values = [ids, *(cells.get(column.name, [None] * count) for column in columns)]
    return Publication(BUSES, columns, pa.table(values, schema=arrow_schema(columns)), REJECTS.empty_table())


def run(id: str, count: int = 3) -> Run:
    return Run(id, "buses", "buses", "running", read=count, published=count)


def ids(catalogue: Catalogue, **asked: object) -> list[object]:
    """All `_id`s in the order of their positions, page by page."""
    found: list[object] = []
    page = catalogue.rows("buses", RowQuery(limit=1_000, **asked))
    while True:
        found += [values[0] for values in page.values]
        if page.next is None:
            return found
        page = catalogue.rows("buses", RowQuery(limit=1_000, cursor=page.next, **asked))


def grow(catalogue: Catalogue, minutes: Sequence[int], **also: int) -> list[str]:
    snapshots = []
    for minute in minutes:
        landed = catalogue.append(readings(minute, **also), run(f"r{minute:05}"))
        catalogue.tend("buses")
        snapshots.append(landed.snapshot)
    return snapshots


def test_each_append_adds_its_rows_behind_those_before(catalogue: Catalogue) -> None:
    first = catalogue.append(readings(0), run("r1"))
    second = catalogue.append(readings(1, count=2), run("r2", 2))
    assert (first.inserted, second.inserted, second.published) == (3, 2, 2)
    assert len(ids(catalogue)) == catalogue.describe("buses").rows == 5
    assert catalogue.describe("buses").period == (NOON, NOON + timedelta(minutes=1))
    assert ids(catalogue, snapshot=first.snapshot) == ids(catalogue)[:3]
    assert [each.rows for each in catalogue.snapshots("buses")] == [5, 3]


def test_a_row_that_is_there_already_is_not_added_again(catalogue: Catalogue) -> None:
    grow(catalogue, range(12))
    before = catalogue.snapshot("buses")
    again = catalogue.append(readings(3), run("again"))
    assert (again.status, again.inserted, again.published, again.snapshot) == ("published", 0, 3, before.id)
    more = catalogue.append(readings(3, count=5), run("more", 5))
    assert (more.inserted, more.published, more.rejected) == (2, 5, 0)
    assert len(ids(catalogue)) == len(set(ids(catalogue))) == 38


def test_a_row_that_says_something_else_than_the_published_one_is_rejected_in_sight(
    catalogue: Catalogue,
) -> None:
    grow(catalogue, range(3))
    landed = catalogue.append(readings(1, count=4, speed=31.0), run("r9", 4))
    assert (landed.inserted, landed.published, landed.rejected) == (1, 1, 3)
    assert landed.reasons == {"differs_from_published": 3}
    total, page = catalogue.rejects("buses")
    assert (total, page[0]["value"]) == (3, "V0000~2026-03-01T03:01:00Z")
    speeds = catalogue.rows("buses", RowQuery(filters=(Filter("vehicle", "eq", "V0000"),)))
    assert [values[3] for values in speeds.values] == [30.0, 30.0, 30.0]


def test_rows_without_a_key_are_all_new_and_their_names_stay_unique(catalogue: Catalogue) -> None:
    notes = (Column("note", "text"),)
    for number in range(3):
        rows = pa.table([["1", "2"], ["a", f"b{number}"]], schema=arrow_schema(notes))
        landed = catalogue.append(
            Publication(BUSES, notes, rows, REJECTS.empty_table()), run(f"r{number}", 2)
        )
        assert landed.inserted == 2
    found = ids(catalogue)
    assert len(set(found)) == 6
    assert [str(name).rsplit(".", 1)[1] for name in found] == ["1", "2"] * 3


def test_a_day_of_appends_keeps_few_parts_and_every_position(catalogue: Catalogue, tmp_path: Path) -> None:
    snapshots = grow(catalogue, range(120))
    whole = ids(catalogue)
    assert len(whole) == 360
    assert whole[::3] == [f"V0000~{NOON + timedelta(minutes=m):%Y-%m-%dT%H:%M:%SZ}" for m in range(120)]
    files = list((tmp_path / "storage" / "parts").rglob("*.parquet"))
    assert len(files) == len(catalogue.snapshot("buses").parts) <= 20
    for minute in (0, 7, 63, 118):
        assert ids(catalogue, snapshot=snapshots[minute]) == whole[: 3 * minute + 3]


def test_the_parts_of_a_year_are_few_and_each_row_is_written_a_few_times() -> None:
    parts: list[Part] = []
    written = most = 0
    for number in range(10_000):
        parts.append(Part(str(number), 900 + number % 200, 1))
        merged = []
        for group in compaction.groups(parts):
            rows = sum(part.rows for part in group)
            written += rows if len(group) > 1 else 0
            merged.append(group[0] if len(group) == 1 else Part("m", rows, 1))
        parts = merged
        most = max(most, len(parts))
    total = sum(part.rows for part in parts)
    assert most <= 60
    assert written / total <= 5


def test_a_reader_of_the_parts_before_a_compaction_goes_on_in_those_after_it(catalogue: Catalogue) -> None:
    grow(catalogue, range(9))
    before = catalogue.snapshot("buses")
    page = catalogue.rows("buses", RowQuery(limit=5))
    grow(catalogue, range(9, 25))
    assert len(catalogue.rows_of(before, RowQuery(limit=100)).values) == before.rows == 27
    rest = catalogue.rows("buses", RowQuery(limit=100, cursor=page.next))
    assert [values[0] for values in page.values + rest.values] == ids(catalogue)[:27]


def test_every_question_is_answered_alike_before_and_after_compaction(catalogue: Catalogue) -> None:
    for minute in range(30):
        catalogue.append(readings(minute), run(f"r{minute:02}"))
    at = NOON + timedelta(minutes=20)
    asked = [
        RowQuery(filters=(Filter("at", "gte", at),), limit=7, count=True),
        RowQuery(filters=(Filter("at", "lt", at),), order=(Order("at", True),), limit=7, count=True),
        RowQuery(filters=(Filter("vehicle", "eq", "V0001"),), order=(Order("at", True),), limit=40),
        RowQuery(filters=(Filter("at", "gt", NOON + timedelta(days=2)),), count=True),
        RowQuery(order=(Order("at", True),), limit=8, count=True),
    ]
    before = [catalogue.rows("buses", query) for query in asked]
    after = catalogue.rows("buses", RowQuery(limit=50)).next
    assert (
        catalogue.rows("buses", replace(asked[0], filters=(), cursor=after, limit=50, count=True)).count == 90
    )
    assert [values[0] for values in before[4].values][::3] == ids(catalogue)[-3:-10:-3]
    first = catalogue.rows("buses", replace(asked[1], order=(), limit=50))
    assert catalogue.rows("buses", replace(asked[1], order=(), limit=50, cursor=first.next)).count == 60
    catalogue.tend("buses")
    assert len(catalogue.snapshot("buses").parts) < 30
    assert [catalogue.rows("buses", query) for query in asked] == before
    assert [page.count for page in before] == [30, 60, None, 0, 90]


def test_old_snapshots_are_kept_and_collected_like_others(catalogue: Catalogue, clock) -> None:
    clock.now = datetime.now(UTC)
    snapshots = []
    for minute in range(30):
        snapshots += grow(catalogue, [minute])
        clock.move(minutes=1)
    clock.move(hours=25)
    assert catalogue.collect_garbage({"buses": timedelta(hours=1)}) == 19
    with pytest.raises(SnapshotGone):
        ids(catalogue, snapshot=snapshots[3])
    assert len(ids(catalogue, snapshot=snapshots[25])) == 78
    assert len(ids(catalogue)) == 90


def test_columns_that_change_rewrite_what_was_there_and_leave_old_snapshots_alone(
    catalogue: Catalogue,
) -> None:
    (*_, former) = grow(catalogue, range(11))
    wider = (*READING[:2], replace(READING[2], type="text"), Column("route", "text"))
    rows = readings(50, columns=READING).rows
    cells = [*rows.columns[:3], pa.array(["느림"] * 3), pa.array(["1002"] * 3)]
    later = Publication(BUSES, wider, pa.table(cells, schema=arrow_schema(wider)), REJECTS.empty_table())
    catalogue.append(later, run("wide"))
    speeds = [values[3] for values in catalogue.rows("buses", RowQuery(limit=100)).values]
    assert (len(speeds), speeds[0], speeds[-1]) == (36, "30", "느림")
    old = catalogue.rows("buses", RowQuery(snapshot=former, limit=100))
    assert (len(old.values), old.values[0][3], old.names[-1]) == (33, 30.0, "speed")
    assert catalogue.difference("buses", former, limit=1).columns.retyped == ("speed",)
    with pytest.raises(CannotAppend, match="speed"):
        catalogue.append(readings(60), run("narrow"))


def test_rows_that_outlived_their_time_go_and_former_snapshots_keep_them(
    catalogue: Catalogue, clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "ROW_GROUP", 6)
    monkeypatch.setattr(compaction, "CLOSED", 30)
    (*_, former) = grow(catalogue, range(48))
    clock.now = NOON + timedelta(minutes=60)
    catalogue.tend("buses", after=timedelta(minutes=40))
    left = ids(catalogue)
    assert catalogue.last_published("buses")[0].snapshot == catalogue.snapshot("buses").id != former
    assert left == ids(catalogue, snapshot=former)[-len(left) :]
    assert 28 * 3 <= len(left) <= 30 * 3
    assert catalogue.describe("buses").rows == len(left)
    assert catalogue.describe("buses").period[0] >= NOON + timedelta(minutes=18)
    catalogue.append(readings(61), run("r61"))
    assert len(ids(catalogue)) == len(left) + 3
    assert len(ids(catalogue, snapshot=former)) == 144


def test_a_dataset_set_back_grows_on_from_there(catalogue: Catalogue) -> None:
    snapshots = grow(catalogue, range(15))
    back = catalogue.revert("buses", snapshots[4], "kim")
    assert ids(catalogue) == ids(catalogue, snapshot=snapshots[4])
    grow(catalogue, range(20, 34))
    found = ids(catalogue)
    assert (len(found), found[15]) == (15 + 42, "V0000~2026-03-01T03:20:00Z")
    assert len(ids(catalogue, snapshot=back.id)) == 15
    assert len(ids(catalogue, snapshot=snapshots[14])) == 45


def test_readers_never_miss_a_part_that_is_joined_to_others_meanwhile(catalogue: Catalogue) -> None:
    """Whatever a reader sees is a whole beginning of the readings, of three to a minute."""
    grow(catalogue, [0])
    done, seen, faults = Event(), set(), []

    def read() -> None:
        while not done.is_set():
            try:
                page = catalogue.rows("buses", RowQuery(limit=10_000, order=(Order("at"),)))
                assert [values[1] for values in page.values] == ["V0000", "V0001", "V0002"] * (
                    len(page.values) // 3
                )
                seen.add(len(page.values))
            except Exception as fault:
                faults.append(fault)
                return

    readers = [Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    grow(catalogue, range(1, 60))
    done.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert len(seen) > 3


def test_columns_in_another_order_or_missing_for_once_change_nothing_of_what_stands(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    grow(catalogue, range(3))
    before = set((tmp_path / "storage" / "parts").rglob("*.parquet"))
    turned = (READING[2], READING[0], READING[1])
    catalogue.append(readings(4, columns=turned), run("turned"))
    catalogue.append(readings(5, columns=READING[:2]), run("fewer"))
    assert catalogue.columns("buses") == READING
    assert before < set((tmp_path / "storage" / "parts").rglob("*.parquet"))
    page = catalogue.rows("buses", RowQuery(limit=100))
    assert [values[3] for values in page.values] == [30.0] * 12 + [None] * 3
    assert len(catalogue.snapshots("buses")) == 5
