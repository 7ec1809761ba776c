"""Rows asked page by page: cursors, faults in questions, indexes that come and go, limits on work."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
import shapely

from catalogue import snapshots
from catalogue.rows import Rows
from catalogue.rows.index import build as index_build
from catalogue.rows.index import lookup as index
from catalogue.rows.index import placed
from catalogue.rows.scan.scanner import RowsTimeout, Scanner
from schemas.arrow import arrow_schema
from schemas.conditions import Filter
from schemas.dataset import Column
from schemas.problem import BadInput
from schemas.query import Order, RowQuery

NOW = datetime(2026, 11, 25, tzinfo=UTC)
START = datetime(2026, 11, 1, tzinfo=UTC)
READINGS = (
    Column("detector", "text", key=True, role="key"),
    Column("measured_at", "time", key=True, role="time"),
    Column("level", "text", role="code"),
    Column("speed", "number"),
    Column("geometry", "geometry", role="geometry"),
)
COUNT = 12_000


@pytest.fixture(scope="module")
def storage(tmp_path_factory, make_folder):
    return make_folder(tmp_path_factory.mktemp("storage"))


@pytest.fixture(scope="module")
def snapshot(storage, publication):
    """12,000 readings of 40 detectors, each detector at its own place, shuffled before they are published."""
    chance = random.Random(7)
    rows = []
    for i in range(COUNT):
        detector, at = f"검지기-{i % 40:02}", START + timedelta(minutes=i // 40)
        point = shapely.Point(129 + (i % 40) / 100, 35 + (i % 7) / 100)
        speed = None if i % 11 == 0 else float(chance.randrange(120))
        level = chance.choice(["원활", "서행", "정체"])
        rows.append((f"{detector}~{i // 40}", detector, at, level, speed, shapely.to_wkb(point)))
    chance.shuffle(rows)
    return snapshots.write(publication(READINGS, rows), storage, "20261125-a1", NOW)


@pytest.fixture(scope="module")
def indexed(storage, snapshot, tmp_path_factory):
    rows = Rows(storage, tmp_path_factory.mktemp("index"))
    rows.build(snapshot)
    yield rows
    rows.close()


@pytest.fixture(scope="module")
def scanned(storage, tmp_path_factory):
    rows = Rows(storage, tmp_path_factory.mktemp("none"))
    yield rows
    rows.close()


def walk(rows, snapshot, query):
    pages = [rows.read(snapshot, query)]
    while pages[-1].next:
        pages.append(rows.read(snapshot, replace(query, cursor=pages[-1].next)))
    return [row for page in pages for row in page.values]


QUESTIONS = {
    "all": RowQuery(limit=5_000),
    "a detector, newest first": RowQuery(
        (Filter("detector", "eq", "검지기-07"),), order=(Order("measured_at", True),)
    ),
    "a code, newest first": RowQuery(
        (Filter("level", "eq", "정체"),), order=(Order("measured_at", True),), limit=999
    ),
    "by a column of few values": RowQuery(order=(Order("level"),), limit=4_000),
    "by a column of nulls, downwards": RowQuery(order=(Order("speed", True),), limit=1_111),
    "by a column of nulls": RowQuery(order=(Order("speed"), Order("detector", True)), limit=1_111),
    "a box": RowQuery(bbox=(129.1, 35.01, 129.2, 35.03), limit=500),
    "a box and a code by speed": RowQuery(
        (Filter("level", "ne", "원활"),), (129.1, 35, 129.2, 36), order=(Order("speed"),)
    ),
    "a rare test": RowQuery((Filter("speed", "eq", 3.0), Filter("detector", "contains", "-1")), limit=7),
    "a day": RowQuery((Filter("measured_at", "gte", START + timedelta(hours=2)),), limit=2_000),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_row_comes_exactly_once_and_both_ways_agree(indexed, scanned, snapshot, question):
    query = QUESTIONS[question]

    found = walk(indexed, snapshot, query)

    assert found == walk(scanned, snapshot, query)
    count = replace(query, count=True, limit=1)
    assert len({row[0] for row in found}) == len(found) == indexed.read(snapshot, count).count
    assert indexed.read(snapshot, count).count == scanned.read(snapshot, count).count
    assert found


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_does_not_depend_on_how_far_the_index_is_trusted(indexed, snapshot, question, monkeypatch):
    wanted = walk(indexed, snapshot, QUESTIONS[question])
    for name in ("_WALK", "_PAGE", "_COUNT"):
        monkeypatch.setattr(index, name, 0)
    monkeypatch.setattr(placed, "BROAD", 0)

    assert walk(indexed, snapshot, QUESTIONS[question]) == wanted


def test_the_last_page_has_no_next_even_when_it_is_full(indexed, snapshot):
    query = RowQuery((Filter("detector", "eq", "검지기-07"),), limit=300)

    page = indexed.read(snapshot, query)

    assert (len(page.values), page.next) == (300, None)


def test_select_narrows_the_columns_and_keeps_the_id(indexed, snapshot):
    page = indexed.read(snapshot, RowQuery(select=("speed", "_id"), limit=1))

    assert page.names == ("_id", "speed")
    assert [column.name for column in page.columns] == ["speed"]
    assert len(page.values[0]) == 2


def test_a_row_is_found_by_its_id(indexed, snapshot):
    page = indexed.read(snapshot, RowQuery((Filter("_id", "eq", "검지기-03~5"),)))

    assert [(row[0], row[2]) for row in page.values] == [("검지기-03~5", "2026-11-01T00:05:00Z")]


def test_decomposed_hangul_finds_composed(indexed, snapshot):
    decomposed = "\u1100\u1165\u11b7\u110c\u1175\u1100\u1175-07"

    assert indexed.read(snapshot, RowQuery((Filter("detector", "eq", decomposed),))).values


def test_times_compare_as_instants_of_any_offset(indexed, snapshot):
    seoul = datetime.fromisoformat("2026-11-01T09:00:00+09:00")

    page = indexed.read(snapshot, RowQuery((Filter("measured_at", "eq", seoul),), count=True))

    assert page.count == 40


@pytest.mark.parametrize(
    ("query", "where", "hint"),
    [
        (RowQuery((Filter("sped", "eq", 1.0),)), "sped", "did you mean 'speed'?"),
        (RowQuery(order=(Order("detectr"),)), "order", "did you mean 'detector'?"),
        (RowQuery(select=("levl",)), "select", "did you mean 'level'?"),
        (RowQuery((Filter("speed", "eq", "fast"),)), "speed__eq", "give a number such as 3.5"),
        (RowQuery((Filter("speed", "contains", "1"),)), "speed__contains", None),
        (RowQuery((Filter("speed", "gt", True),)), "speed__gt", None),
        (RowQuery((Filter("detector", "eq", "\ud800"),)), "detector__eq", None),
        (RowQuery((Filter("measured_at", "gt", datetime(2026, 1, 1)),)), "measured_at__gt", None),
        (RowQuery((Filter("geometry", "eq", "x"),)), "geometry__eq", None),
        (RowQuery(order=(Order("geometry"),)), "order", None),
        (RowQuery(order=(Order("speed"), Order("speed", True))), "order", None),
        (RowQuery(bbox=(129, 36, 130, 35)), "bbox", None),
        (RowQuery(bbox=(129, float("nan"), 130, 35)), "bbox", None),
        (RowQuery(limit=0), "limit", None),
        (RowQuery(cursor="zzz"), "cursor", None),
        (RowQuery(cursor="가나다"), "cursor", None),
    ],
)
def test_a_fault_in_a_question_says_where_and_what(indexed, snapshot, query, where, hint):
    with pytest.raises(BadInput) as fault:
        indexed.read(snapshot, query)

    (error,) = fault.value.errors
    assert error.where == where
    assert hint is None or error.hint == hint


def test_all_faults_are_told_at_once(indexed, snapshot):
    with pytest.raises(BadInput) as fault:
        indexed.read(snapshot, RowQuery((Filter("a", "eq", 1),), select=("b",), order=(Order("c"),), limit=0))

    assert [error.where for error in fault.value.errors] == ["a", "order", "select", "limit"]


@pytest.mark.parametrize("other", ["order", "filter", "box", "snapshot", "letter"])
def test_a_cursor_serves_its_own_question_only(indexed, snapshot, other):
    query = RowQuery(order=(Order("speed"),), limit=10)
    cursor = indexed.read(snapshot, query).next
    changed, target = replace(query, cursor=cursor), snapshot
    match other:
        case "order":
            changed = replace(changed, order=(Order("speed", True),))
        case "filter":
            changed = replace(changed, filters=(Filter("level", "eq", "정체"),))
        case "box":
            changed = replace(changed, bbox=(129, 35, 130, 36))
        case "snapshot":
            target = replace(snapshot, id="20261125-b2")
        case "letter":
            changed = replace(changed, cursor=("B" if cursor[0] == "A" else "A") + cursor[1:])

    with pytest.raises(BadInput) as fault:
        indexed.read(target, changed)
    assert fault.value.errors[0].where == "cursor"


def test_a_cursor_may_change_the_size_and_the_columns_of_its_pages(indexed, snapshot):
    query = RowQuery(order=(Order("speed"),), limit=10)
    wanted = indexed.read(snapshot, replace(query, limit=15)).values
    cursor = indexed.read(snapshot, query).next

    page = indexed.read(snapshot, replace(query, cursor=cursor, limit=5, select=("level",)))

    assert [row[0] for row in page.values] == [row[0] for row in wanted[10:]]


def test_without_an_index_scans_answer_until_it_is_built_and_after_it_is_forgotten(
    storage, snapshot, tmp_path
):
    rows = Rows(storage, tmp_path)
    query = RowQuery((Filter("detector", "eq", "검지기-07"),))
    before = rows.read(snapshot, query)

    file = rows.build(snapshot)
    assert file.exists()
    assert rows.read(snapshot, query) == before

    rows.forget(snapshot.id)
    assert not file.exists()
    assert rows.read(snapshot, query) == before
    rows.close()


def test_an_index_deleted_by_another_process_is_done_without(storage, snapshot, tmp_path):
    rows, other = Rows(storage, tmp_path), Rows(storage, tmp_path)
    rows.build(snapshot)
    wanted = rows.read(snapshot, RowQuery())

    other.forget(snapshot.id)

    with ThreadPoolExecutor(4) as pool:  # More threads than connections that were open before.
        assert list(pool.map(lambda _: rows.read(snapshot, RowQuery()), range(8))) == [wanted] * 8
    rows.close()
    other.close()


def test_two_that_build_at_once_leave_one_whole_index(storage, snapshot, tmp_path):
    both = [Rows(storage, tmp_path), Rows(storage, tmp_path)]
    barrier = threading.Barrier(2)

    def build(rows):
        barrier.wait()
        return rows.build(snapshot)

    with ThreadPoolExecutor(2) as pool:
        files = set(pool.map(build, both))
    (file,) = files
    assert list(tmp_path.iterdir()) == [file]
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA integrity_check('rows')").fetchall() == [("ok",)]
    assert connection.execute("SELECT count(*) FROM rows").fetchone() == (COUNT,)
    connection.close()
    for rows in both:
        rows.close()


def test_a_build_that_dies_leaves_nothing_behind(storage, snapshot, tmp_path):
    lost = replace(snapshot, parts=(replace(snapshot.parts[0], path="parts/none.parquet"),))
    rows = Rows(storage, tmp_path)

    with pytest.raises(FileNotFoundError):
        rows.build(lost)

    assert list(tmp_path.iterdir()) == []
    rows.close()


def test_indexes_not_asked_for_longest_make_room(storage, snapshot, tmp_path):
    rows = Rows(storage, tmp_path, cache_bytes=0)
    first = rows.build(replace(snapshot, id="first"))
    second = rows.build(replace(snapshot, id="second"))

    assert [file.exists() for file in (first, second)] == [False, True]
    rows.close()


def test_a_build_cleans_up_after_one_that_was_killed(storage, snapshot, tmp_path):
    left = tmp_path / ".0badcafe.gone.1.sqlite"
    left.touch()
    os.utime(left, (0, 0))
    rows = Rows(storage, tmp_path)

    file = rows.build(snapshot)

    assert list(tmp_path.iterdir()) == [file]
    rows.close()


def test_a_query_that_takes_too_long_is_told_so(storage, snapshot, tmp_path):
    rows = Rows(storage, tmp_path, scanner=Scanner(storage, seconds=0.05))
    long = replace(snapshot, id="long", parts=snapshot.parts * 300, rows=COUNT * 300)

    with pytest.raises(RowsTimeout, match=r"trees needs more than 0\.05 seconds"):
        rows.read(long, RowQuery(order=(Order("level"), Order("speed")), limit=10_000))
    rows.close()


def test_a_part_that_was_collected_is_a_file_not_found(scanned, snapshot):
    lost = replace(snapshot, parts=(replace(snapshot.parts[0], path="parts/none.parquet"),))

    with pytest.raises(FileNotFoundError, match=snapshot.id):
        scanned.read(lost, RowQuery())


def test_scans_see_no_file_outside_the_parts(storage, tmp_path, snapshot):
    rows = Rows(storage, tmp_path)
    outside = tmp_path / "secret.parquet"
    outside.write_bytes(storage.path(snapshot.parts[0].path).read_bytes())
    escaping = replace(snapshot, parts=(replace(snapshot.parts[0], path="parts/../../secret.parquet"),))

    with pytest.raises(ValueError, match="no path inside"):
        rows.read(escaping, RowQuery())
    rows.close()


def test_rows_of_several_parts_count_through(storage, publication, tmp_path):
    columns = (Column("n", "integer"), Column("geometry", "geometry", role="geometry"))
    parts, whole = [], None
    for part in range(3):
        rows = [
            (str(part * 4 + i), 10 - part * 4 - i, shapely.to_wkb(shapely.Point(i, part))) for i in range(4)
        ]
        whole = snapshots.write(publication(columns, rows), storage, f"many-{part}", NOW)
        parts += whole.parts
    many = replace(whole, id="many", rows=12, parts=tuple(parts))
    rows, scanned = Rows(storage, tmp_path / "index"), Rows(storage, tmp_path / "none")
    rows.build(many)

    for query in (
        RowQuery(limit=5),
        RowQuery(order=(Order("n"),), limit=5),
        RowQuery(bbox=(0, 1, 2, 2), limit=2),
    ):
        assert walk(rows, many, query) == walk(scanned, many, query)
    assert len(walk(rows, many, RowQuery(limit=5))) == 12
    assert len(walk(rows, many, RowQuery(bbox=(0, 1, 2, 2), limit=2))) == 6
    rows.close()
    scanned.close()


def test_the_packed_tree_finds_every_box_of_a_large_set(storage, publication, tmp_path):
    chance = np.random.default_rng(3)
    west, south = chance.uniform(-180, 179, 30_000), chance.uniform(-90, 89, 30_000)
    wkb = shapely.to_wkb(shapely.box(west, south, west + chance.uniform(0, 1, 30_000), south + 0.5))
    columns = (Column("geometry", "geometry", role="geometry"),)
    table = pa.table([pa.array(map(str, range(30_000))), pa.array(wkb)], schema=arrow_schema(columns))
    publication = replace(publication(columns, []), rows=table)
    snapshot = snapshots.write(publication, storage, "boxes", NOW)
    rows = Rows(storage, tmp_path)
    rows.build(snapshot)
    bounds = shapely.bounds(shapely.from_wkb(wkb))

    for box in chance.uniform(-90, 80, (20, 2)):
        w, s, e, n = (*box, *(box + 9))
        inside = (bounds[:, 0] <= e) & (bounds[:, 2] >= w) & (bounds[:, 1] <= n) & (bounds[:, 3] >= s)
        found = walk(rows, snapshot, RowQuery(bbox=(w, s, e, n), select=(), limit=10_000))
        assert {row[0] for row in found} == set(map(str, np.flatnonzero(inside)))
    rows.close()


def test_one_row_index_serves_many_threads(indexed, snapshot):
    queries = [RowQuery((Filter("detector", "eq", f"검지기-{i:02}"),), count=True) for i in range(40)]
    wanted = [indexed.read(snapshot, query) for query in queries]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda query: indexed.read(snapshot, query), queries * 5)) == wanted * 5


def test_codes_of_few_values_and_the_time_are_indexed(storage, snapshot, tmp_path):
    index_build.build(snapshot, storage, tmp_path / "one.sqlite")

    connection = sqlite3.connect(tmp_path / "one.sqlite")
    names = {name for (name,) in connection.execute("SELECT name FROM pragma_index_list('rows')")}
    connection.close()
    assert names == {"by_id", "by_key", "by_time", "by_c2"}


def test_no_index_is_made_of_so_many_rows_that_scans_cost_less(storage, publication, tmp_path):
    rows = Rows(storage, tmp_path)
    named = publication((Column("name", "text"),), [])
    placed = publication((Column("geometry", "geometry", role="geometry"),), [])
    many, scattered = (
        replace(snapshots.write(each, storage, name, NOW), rows=6_000_000)
        for name, each in (("many", named), ("scattered", placed))
    )
    assert index_build.worth_building(many)
    assert not index_build.worth_building(replace(many, rows=20_000_001))
    assert rows.build(scattered) is None
    assert rows.read(scattered, RowQuery()).values == []
    rows.close()
