"""Rows are met along indexes in the order asked for, codes are asked by value, and shapes by the index."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely

from catalogue.rows import FORMAT, Rows
from catalogue.rows.index import lookup as index_of
from catalogue.rows.index import placed
from catalogue.rows.index.placed import Beyond
from catalogue.rows.question import cursor
from catalogue.rows.question.plan import plan
from catalogue.rows.space import distance
from schemas.conditions import All, Filter, Near, Not, Shape, Some, Words
from schemas.dataset import Column
from schemas.query import Order, RowQuery

START = datetime(2026, 11, 1, tzinfo=UTC)
COUNT, DONGS, AT_ONCE = 30_000, 20, 1_500
CODED = (
    Column("sensor", "integer", key=True),
    Column("at", "time", key=True, role="time"),
    Column("dong", "text"),
    Column("level", "text"),
    Column("note", "text"),
    Column("speed", "integer"),
    Column("wet", "boolean"),
)
AREAS = (Column("use", "text"), Column("geometry", "geometry", role="geometry"))
NEWEST, OLDEST = (Order("at", True),), (Order("at"),)
A_DONG = Filter("dong", "eq", "제7동")
LITTLE = 3
"""Thousands of SQLite's operations: what a page of a hundred rows takes, and no look at thousands."""


@pytest.fixture(scope="module")
def coded(both_ways):
    """30,000 readings, 1,500 at each instant, of twenty dongs in no order and two levels."""
    chance, rows, wet = random.Random(5), [], (True, False, False, None)
    for i in range(COUNT):
        at = START + timedelta(minutes=i // AT_ONCE)
        dong = f"제{chance.randrange(DONGS)}동"
        level = None if i % 10 == 0 else chance.choice(["원활", "정체"])
        rows.append((str(i), i % AT_ONCE, at, dong, level, f"Note {i}", chance.randrange(100), wet[i % 4]))
    with both_ways(CODED, rows) as ways:
        yield ways


@pytest.fixture(scope="module")
def areas(both_ways):
    """4,000 areas and lines over a degree, so that some of them lie around any place."""
    chance, rows = np.random.default_rng(9), []
    for i, (x, y, size) in enumerate(chance.random((4_000, 3)) * (1, 1, 0.02)):
        shape = shapely.box(x, y, x + size, y + size / 2)
        shape = shape if i % 3 else shapely.LineString([(x, y), (x + size, y + 0.0123456789)])
        rows.append((str(i), f"용도 {i % 5}", shapely.to_wkb(shape)))
    with both_ways(AREAS, rows) as ways:
        yield ways


ALONG = {
    "a code": RowQuery((A_DONG,), order=NEWEST),
    "a code, oldest first": RowQuery((A_DONG,), order=OLDEST),
    "a code in place": RowQuery((A_DONG,)),
    "the rarer of two codes": RowQuery((Filter("level", "eq", "정체"), A_DONG), order=NEWEST),
    "several values": RowQuery((Filter("dong", "in", ("제7동", "제17동", "제7동", "없는동")),), order=NEWEST),
    "several values in place": RowQuery((Filter("dong", "in", ("제7동", "제17동")),)),
    "a part of a code": RowQuery((Filter("dong", "contains", "7동"),), order=NEWEST),
    "a pattern without regard to size": RowQuery((Filter("dong", "ilike", "%_7동"),), order=NEWEST),
    "the beginning of a code": RowQuery((Filter("dong", "startswith", "제9"),), order=NEWEST),
    "a frequent code": RowQuery((Filter("level", "eq", "정체"),), order=NEWEST),
    "what no value holds": RowQuery((Filter("level", "contains", "막힘"),), order=NEWEST),
    "a whole number": RowQuery((Filter("speed", "eq", 7),), order=NEWEST),
    "a range of whole numbers": RowQuery((Filter("speed", "gt", 7), Filter("speed", "lte", 9)), order=NEWEST),
    "the end of a range": RowQuery((Filter("speed", "gte", 97),), order=OLDEST),
    "a range of codes": RowQuery(
        (Filter("dong", "gte", "제18동"), Filter("dong", "lt", "제3동")), order=NEWEST
    ),
    "a range without values": RowQuery((Filter("speed", "gt", 7), Filter("speed", "lt", 8)), order=NEWEST),
    "a range of truths": RowQuery((Filter("wet", "gt", False),), order=NEWEST),
    "one code or another": RowQuery((Some((A_DONG, Filter("level", "eq", "원활"))),), order=NEWEST),
}


@pytest.mark.parametrize("question", ALONG)
@pytest.mark.parametrize("depth", [0.0, 0.5, 0.9])
def test_a_page_takes_as_little_at_any_depth(coded, question, depth, monkeypatch):
    query = replace(ALONG[question], select=("speed",))
    rows = every(coded.scanned, coded.snapshot, replace(query, limit=10_000))
    begun = int(len(rows) * depth)
    for budget in ("_WALK", "_PAGE"):
        monkeypatch.setattr(index_of, budget, LITTLE)

    with coded.index() as index:
        asked = behind(coded, query, rows[begun - 1]) if begun else plan(coded.snapshot, query)
        values, last, _ = index.page(replace(asked, limit=50), index.anchor(asked))

    assert values == rows[begun : begun + 50]
    assert (last is None) == (len(rows) <= begun + 50)


def test_a_walk_against_the_index_gives_each_row_once(coded):
    query = RowQuery((A_DONG,), order=OLDEST, limit=17)

    found = every(coded.indexed, coded.snapshot, query)

    assert found == every(coded.scanned, coded.snapshot, query)
    assert found == sorted(found, key=lambda row: row[2])


COUNTED = {
    "a code": (A_DONG,),
    "a part": (Filter("dong", "contains", "1"),),
    "no such part": (Filter("level", "like", "%혼_%"),),
    "a word": (Words("원활"),),
    "no such word": (Words("없음 원활", "level"),),
    "a whole number": (Filter("speed", "eq", 7),),
    "a wide range": (Filter("speed", "gte", 7), Filter("speed", "lt", 90)),
    "a truth": (Filter("wet", "eq", True),),
    "no truth": (Filter("wet", "isnull", True),),
    "none": (Filter("level", "isnull", True),),
    "not a code": (Not(Filter("level", "eq", "정체")),),
    "a tree of one column": (Some((A_DONG, All((Not(Filter("dong", "gt", "제5")), Words("8", "dong"))))),),
}


@pytest.mark.parametrize("question", COUNTED)
def test_rows_of_a_code_are_counted_without_looking_at_them(coded, question, monkeypatch):
    query = RowQuery(COUNTED[question], count=True, limit=1)
    wanted = coded.scanned.read(coded.snapshot, query).count
    monkeypatch.setattr(index_of, "_COUNT", LITTLE)

    with coded.index() as index:
        if question != "a word":  # A note may hold it as well: there are too many to keep.
            assert index.count(plan(coded.snapshot, query)) == wanted
    assert coded.indexed.read(coded.snapshot, query).count == wanted


@pytest.mark.parametrize("relation", ["intersects", "within", "contains", "disjoint"])
@pytest.mark.parametrize("negated", [False, True])
def test_lines_and_areas_around_a_place_are_judged_by_the_index(areas, relation, negated):
    area = next(shape for shape in shapes(areas) if shape.geom_type == "Polygon")
    asked = Shape(relation, shapely.to_wkb(area.centroid if relation == "contains" else area.buffer(0.05)))

    found = answered(areas, Not(asked) if negated else asked)

    shape, tests = shapely.from_wkb(asked.wkb), {"within": "covered_by", "contains": "covers"}
    passed = getattr(shapely, tests.get(relation, relation))(shapes(areas), shape)
    assert found == {row["_id"] for row, passes in zip(areas.kept, passed, strict=True) if passes != negated}
    assert found


def test_lines_and_areas_near_a_point_are_measured_by_the_index(areas):
    found = answered(areas, Near(0.5, 0.5, 4_000.0))

    far = distance.metres(0.5, 0.5, shapes(areas))
    assert found == {row["_id"] for row, metres in zip(areas.kept, far, strict=True) if metres <= 4_000}
    assert found


@pytest.mark.parametrize("bound", ["SHAPES", "SHAPE_BYTES", "BROAD"])
def test_many_shapes_are_left_to_a_scan(areas, bound, monkeypatch):
    monkeypatch.setattr(placed, bound, 3)
    asked = Near(0.5, 0.5, 20_000.0)
    query = plan(areas.snapshot, RowQuery((asked,)))

    with areas.index() as index, pytest.raises(Beyond):
        index.page(query, ())
    wanted = every(areas.scanned, areas.snapshot, RowQuery((asked,)))
    assert every(areas.indexed, areas.snapshot, RowQuery((asked,))) == wanted


def test_a_question_of_more_values_than_a_statement_holds_is_left_to_a_scan(coded):
    asked = plan(coded.snapshot, RowQuery((Filter("speed", "in", (1, 2, 3)),)))

    with coded.index() as index:
        for connection in index._idle:  # How many it holds depends on how SQLite was built.
            connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 3)
        with pytest.raises(Beyond):
            index.page(asked, ())


def test_an_index_of_an_older_layout_is_not_read_but_made_anew(coded, tmp_path):
    (tmp_path / f"{coded.snapshot.id}.{FORMAT - 1}.sqlite").write_bytes(b"of another layout")
    rows = Rows(coded.storage, tmp_path)
    query = RowQuery((A_DONG,), order=NEWEST)
    wanted = rows.read(coded.snapshot, query)

    assert rows.build(coded.snapshot).name == f"{coded.snapshot.id}.{FORMAT}.sqlite"
    assert rows.read(coded.snapshot, query) == wanted
    rows.close()


def answered(ways, condition):
    """The ids that the index finds by itself, whose pages and count are those of a scan."""
    query = RowQuery((condition,), limit=4_000)
    asked = plan(ways.snapshot, query)
    with ways.index() as index:
        values, *_ = index.page(asked, ())
        assert index.count(asked) == len(values)
    assert values == ways.scanned.read(ways.snapshot, query).values
    return {row[0] for row in values}


def shapes(ways):
    return shapely.from_wkb([row["geometry"] for row in ways.kept])


def behind(ways, query, row):
    """The plan of the page behind a row."""
    position = next(each["pos"] for each in ways.kept if each["_id"] == row[0])
    question = plan(ways.snapshot, query).question
    return plan(ways.snapshot, replace(query, cursor=cursor.write(ways.snapshot.id, question, position)))


def every(rows, snapshot, query):
    pages = [rows.read(snapshot, query)]
    while pages[-1].next:
        pages.append(rows.read(snapshot, replace(query, cursor=pages[-1].next)))
    return [row for page in pages for row in page.values]


WIDE = 9
"""Columns of codes: more than have an index where rows are many."""


def test_of_a_wide_table_of_few_rows_every_code_is_looked_up(both_ways, monkeypatch):
    columns = tuple(Column(f"code{i}", "text") for i in range(WIDE))
    rows = [(str(n), *(f"{i}-{n // (i + 1) % 500}" for i in range(WIDE))) for n in range(20_000)]
    monkeypatch.setattr(index_of, "_WALK", LITTLE)
    monkeypatch.setattr(index_of, "_PAGE", LITTLE)
    with both_ways(columns, rows) as ways, ways.index() as index:
        for i in range(WIDE):
            query = RowQuery((Filter(f"code{i}", "eq", f"{i}-499"),), limit=100)
            values, *_ = index.page(plan(ways.snapshot, query), ())
            assert values == every(ways.scanned, ways.snapshot, query)[:100] != []
