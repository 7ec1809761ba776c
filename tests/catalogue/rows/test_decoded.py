"""Columns asked for again are answered from memory, to the last digit as from the parts."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from catalogue import snapshots
from catalogue.publication import Publication
from catalogue.rows.figures.groups import grouped
from catalogue.rows.scan.scanner import Scanner, TooManyRows
from catalogue.storage import Storage
from schemas.arrow import arrow_schema
from schemas.conditions import Filter
from schemas.dataset import Column, Dataset, Text
from schemas.query import Bucket, GroupQuery, Measure, RowQuery
from schemas.run import REJECTS
from schemas.snapshot import Snapshot

SEOUL = ZoneInfo("Asia/Seoul")
NOW = datetime(2026, 11, 25, tzinfo=UTC)
COUNT = 130_000
ROADS = ["중앙대로", "", "it's", '"a", b', None, "a", "Z", "é"]
COLUMNS = (
    Column("road", "text"),
    Column("speed", "number"),
    Column("volume", "integer"),
    Column("wet", "boolean"),
    Column("day", "date"),
    Column("at", "time", role="time"),
    Column("name", "text"),
)


def pieces() -> Iterator[pa.Table]:
    """Long runs of one number, and numbers that differ in magnitude: sums of both show in which order."""
    for begin, end in ((0, 70_000), (70_000, COUNT)):
        places = range(begin, end)
        yield pa.table(
            [
                [str(i) for i in places],
                [ROADS[i // 7 % len(ROADS)] for i in places],
                [None if i % 11 == 3 else 0.1 if i // 9_000 % 2 else (i % 1_000) ** 5 / 7 for i in places],
                [None if i % 13 == 1 else i % 5 - 2 if i % 3 else 2**40 + i for i in places],
                [None if i % 4 == 0 else i % 3 == 0 for i in places],
                [None if i % 17 == 0 else date(2026, 1, 1) + timedelta(days=i % 400) for i in places],
                [None if i % 19 == 0 else NOW + timedelta(minutes=i) for i in places],
                [f"가로등 {i}" for i in places],
            ],
            schema=arrow_schema(COLUMNS),
        )


@pytest.fixture
def storage(tmp_path) -> Storage:
    return Storage(tmp_path / "storage")


@pytest.fixture(scope="module")
def rows() -> list[pa.Table]:
    return list(pieces())


def written(storage: Storage, rows: list[pa.Table], dataset: str = "roads") -> Snapshot:
    publication = Publication(
        Dataset(dataset, Text("길"), "부산", "KOGL-1", dataset), COLUMNS, rows, REJECTS.empty_table()
    )
    return snapshots.write(publication, storage, f"s-{dataset}", NOW)


def asked(groups=(), measures=(), bucket=None, filters=()) -> GroupQuery:
    figures = tuple(Measure(f"{f}({c})", f, c, 0.9 if f == "percentile" else None) for f, c in measures)
    count = (Measure("count", "count"),)
    return GroupQuery(count + figures, groups, bucket, limit=9_999, rows=RowQuery(filters))


QUESTIONS = [
    asked(("road",), [("avg", "speed"), ("sum", "speed"), ("sum", "volume"), ("percentile", "speed")]),
    asked(("road", "wet"), [("min", "road"), ("max", "at"), ("distinct", "day"), ("median", "volume")]),
    asked((), [("avg", "speed"), ("distinct", "road"), ("max", "road"), ("count", "wet")]),
    asked(("day",), [("avg", "speed")], filters=(Filter("volume", "gte", -1), Filter("speed", "lt", 5e13))),
    asked(("road",), [("sum", "speed")], Bucket("at", 86_400), (Filter("wet", "eq", False),)),
    asked((), [("sum", "speed")], Bucket("day", "month")),
    asked(("road",), [("sum", "speed")], filters=(Filter("day", "isnull", True),)),
    asked(("wet",), [("sum", "speed")], filters=(Filter("road", "eq", "it's"),)),
]


def told(scanner: Scanner, snapshot: Snapshot, query: GroupQuery) -> str:
    """Every figure with all its digits."""
    return repr(grouped(scanner, snapshot, query, SEOUL).values)


def ask_often(scanner: Scanner, snapshot: Snapshot, query: GroupQuery) -> None:
    """So often that what is worth keeping is kept when this is over."""
    for _ in range(3):
        told(scanner, snapshot, query)
        scanner.settle()


def test_figures_of_decoded_columns_are_those_of_the_parts_to_the_last_digit(storage, rows):
    snapshot = written(storage, rows)
    scanning, keeping = Scanner(storage, decoded_megabytes=0), Scanner(storage)
    first = [told(keeping, snapshot, query) for query in QUESTIONS]
    for query in QUESTIONS:
        ask_often(keeping, snapshot, query)

    again = [told(keeping, snapshot, query) for query in QUESTIONS]

    assert again == first == [told(scanning, snapshot, query) for query in QUESTIONS]
    scanning.close()
    keeping.close()


@pytest.mark.parametrize("road", ["x\0y", None])
def test_texts_that_cannot_be_numbered_stay_with_the_parts(storage, rows, road):
    odd = [table.set_column(1, "road", pa.array([road] * len(table), pa.string())) for table in rows]
    snapshot, scanner = written(storage, odd), Scanner(storage)
    known = told(scanner, snapshot, QUESTIONS[0])
    ask_often(scanner, snapshot, QUESTIONS[0])

    assert told(scanner, snapshot, QUESTIONS[0]) == known
    scanner.close()


def test_columns_that_were_asked_for_again_are_not_read_from_their_parts_any_more(storage, rows):
    snapshot, scanner = written(storage, rows), Scanner(storage)
    known = told(scanner, snapshot, QUESTIONS[0])
    ask_often(scanner, snapshot, QUESTIONS[0])
    shutil.rmtree(storage.path("parts"))

    assert told(scanner, snapshot, QUESTIONS[0]) == known
    with pytest.raises(FileNotFoundError):
        told(scanner, snapshot, QUESTIONS[1])
    scanner.close()


def test_what_is_asked_for_once_is_not_kept(storage, rows):
    snapshot, scanner = written(storage, rows), Scanner(storage)
    told(scanner, snapshot, QUESTIONS[0])
    shutil.rmtree(storage.path("parts"))

    with pytest.raises(FileNotFoundError):
        told(scanner, snapshot, QUESTIONS[0])
    scanner.close()


@pytest.mark.parametrize(
    "query",
    [
        asked(("name",), [("avg", "speed")]),
        asked(("road",), [("avg", "speed")], filters=(Filter("road", "startswith", "중앙"),)),
    ],
    ids=["a text of too many values", "a text that is tested"],
)
def test_what_would_not_be_faster_from_memory_stays_with_the_parts(storage, rows, query):
    snapshot, scanner = written(storage, rows), Scanner(storage)
    ask_often(scanner, snapshot, query)
    shutil.rmtree(storage.path("parts"))

    with pytest.raises(FileNotFoundError):
        told(scanner, snapshot, query)
    scanner.close()


def test_where_memory_is_short_the_dataset_not_asked_for_longest_is_given_up(storage, rows):
    old, new = written(storage, rows, "old"), written(storage, rows, "new")
    scanner, query = Scanner(storage, decoded_megabytes=3), asked(("road",), [("avg", "speed")])
    ask_often(scanner, old, query)
    ask_often(scanner, new, query)
    shutil.rmtree(storage.path("parts"))

    told(scanner, new, query)
    with pytest.raises(FileNotFoundError, match="old"):
        told(scanner, old, query)
    scanner.close()


def test_a_dataset_keeps_columns_of_the_snapshot_that_is_asked_now(storage, rows):
    scanner, query = Scanner(storage), asked((), [("sum", "volume")])
    first = written(storage, rows)
    ask_often(scanner, first, query)
    shorter = Publication(
        Dataset("roads", Text("길"), "부산", "KOGL-1", "roads"), COLUMNS, rows[:1] * 2, REJECTS.empty_table()
    )
    second = snapshots.write(shorter, storage, "s-later", NOW)

    ask_often(scanner, second, query)

    assert told(scanner, second, query) != told(scanner, first, query)
    ask_often(scanner, first, query)
    shutil.rmtree(storage.path("parts"))
    assert f"({COUNT}, " in told(scanner, first, query)
    scanner.close()


def test_a_question_that_would_read_too_many_rows_says_how_many_before_it_reads_any(storage, rows):
    snapshot = written(storage, rows)
    scanner = Scanner(storage, rows=100_000)
    shutil.rmtree(storage.path("parts"))

    with pytest.raises(TooManyRows, match=r"more than the 100000 rows .* 130000; ask of a shorter time"):
        told(scanner, snapshot, QUESTIONS[0])
    scanner.close()


def test_a_shorter_time_brings_a_question_back_under_the_rows_it_may_read(storage, rows):
    snapshot = written(storage, rows)
    scanner = Scanner(storage, rows=100_000)
    early = Filter("at", "lt", NOW + timedelta(minutes=60_000))

    found = told(scanner, snapshot, asked((), [("count", "at")], filters=(early,)))

    assert found == f"[({60_000 - len(range(0, 60_000, 19))}, {60_000 - len(range(0, 60_000, 19))})]"
    scanner.close()


def test_answers_stay_right_while_columns_come_and_go(storage, rows):
    both = [written(storage, rows, "old"), written(storage, rows[:1] * 2, "new")]
    scanner, query = Scanner(storage, decoded_megabytes=3), QUESTIONS[2]
    known = [told(scanner, snapshot, query) for snapshot in both]
    wrong: list[str] = []

    def ask(place: int) -> None:
        for _ in range(25):
            found = told(scanner, both[place], query)
            wrong.extend([found] if found != known[place] else [])

    threads = [threading.Thread(target=ask, args=(place,)) for place in (0, 1, 0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    scanner.close()


def test_columns_whose_names_differ_by_case_alone_are_told_apart_in_several_parts(storage):
    columns = (Column("Name", "text"), Column("name", "integer"))
    parts = [pa.table([[str(n)], ["가"], [n]], schema=arrow_schema(columns)) for n in (1, 2)]
    publication = Publication(
        Dataset("twins", Text("쌍"), "부산", "KOGL-1", "twins"), columns, parts, REJECTS.empty_table()
    )
    snapshot, scanner = snapshots.write(publication, storage, "s1", NOW), Scanner(storage)

    assert told(scanner, snapshot, asked(("Name",), [("sum", "name")])) == "[('가', 2, 3)]"
    scanner.close()
