"""Pages of whole rows that are put together from kept JSON are, byte for byte, those written of values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import encode
from catalogue.rows import Rows
from catalogue.rows.index import lookup as index_of
from catalogue.rows.index import written
from schemas.conditions import Filter
from schemas.dataset import Column
from schemas.query import Join, Order, RowPage, RowQuery

AT = datetime(2026, 11, 25, 3, tzinfo=UTC)
FLAT = (
    Column("type", "text"),
    Column('번호 "따옴표" \\', "text"),
    Column("n", "integer"),
    Column("x", "number"),
    Column("open", "boolean"),
    Column("day", "date"),
    Column("at", "time", role="time"),
)
PLACE, OTHER = Column("geometry", "geometry", role="geometry"), Column("entrance", "geometry")
LAYOUTS = {
    "a geometry at the end": (*FLAT, PLACE),
    "a geometry at the beginning": (PLACE, *FLAT),
    "a geometry in the middle": (*FLAT[:3], PLACE, *FLAT[3:]),
    "several geometries": (*FLAT[:2], PLACE, *FLAT[2:], OTHER),
    "no geometry": FLAT,
    "a geometry alone": (PLACE,),
    "one column": FLAT[:1],
}
POINT = shapely.Point(129.123456789, 35.1)
SHAPES = (POINT, None, shapely.box(129, 35, 129.1, 35.1), shapely.Point(), shapely.Point(129, 35, 7.5))
TEXTS = (
    "해운대",
    None,
    "",
    'a "quoted" \\ one',
    "\x00\x01\x1f\x7f\b\t\n\f\r\u2028",
    "\U0001f6b2 \ud7ff\uffff",
)
VALUES: dict[str, tuple[Any, ...]] = {
    "text": TEXTS,
    "integer": (0, None, 2**63 - 1, -(2**63), 7),
    "number": (0.1, None, -0.0, 5.0, 1e-7, 1.7976931348623157e308, float("inf"), -1e22),
    "boolean": (True, None, False),
    "date": (date(2026, 11, 25), None, date(1, 1, 1), date(9999, 12, 31)),
    "time": (
        AT,
        None,
        AT + timedelta(microseconds=1),
        AT.replace(microsecond=500_000),
        AT.replace(year=1950),
    ),
    "geometry": tuple(None if shape is None else shapely.to_wkb(shape) for shape in SHAPES),
}
FORMATS = ("json", "ndjson", "geojson", "geojson-seq")


def rows(columns: tuple[Column, ...], count: int = 40) -> list[tuple[Any, ...]]:
    """Rows in which each value of a type meets others, their ids of the hardest letters."""
    found = []
    for i in range(count):
        cells = [VALUES[c.type][(i + k) % len(VALUES[c.type])] for k, c in enumerate(columns)]
        found.append((f'{i} "\\\n한', *cells))
    return found


def formats(page: RowPage) -> Iterator[str]:
    return (name for name in FORMATS if name in encode.fitting(page.columns, encode.PAGE_FORMATS))


def assert_same(ways: Any, query: RowQuery) -> RowPage:
    """The page of values, which the one that is written is equal to in all formats."""
    plain = ways.indexed.read(ways.snapshot, query)
    asked = replace(query, written=True)
    page = ways.indexed.read(ways.snapshot, asked)
    assert (page.written, plain.written) == (True, False)
    assert (len(page.values), page.next, page.count) == (len(plain.values), plain.next, plain.count)
    for format in formats(page):
        told = [encode.page(each, format, next_url="https://city.example/") for each in (page, plain)]
        assert told[0] == told[1], format
    return plain


@pytest.mark.parametrize("columns", LAYOUTS.values(), ids=LAYOUTS)
def test_pages_that_are_written_are_those_of_values(both_ways, columns):
    with both_ways(columns, rows(columns)) as ways:
        assert len(assert_same(ways, RowQuery(count=True)).values) == 40


def test_pages_of_filters_boxes_and_orders_are_written_too(both_ways):
    columns = LAYOUTS["several geometries"]
    with both_ways(columns, rows(columns)) as ways:
        for query in (
            RowQuery((Filter("type", "eq", "해운대"),), limit=3, count=True),
            RowQuery((Filter("x", "gt", 0.0),), order=(Order("at", True), Order("_id")), limit=4),
            RowQuery(bbox=(129.0, 35.0, 129.2, 35.2), order=(Order("n"),), limit=2, count=True),
            RowQuery(offset=7, limit=2),
            RowQuery(limit=3, order=(Order("day", True),)),
        ):
            first = assert_same(ways, query)
            assert first.next is not None
            assert assert_same(ways, replace(query, cursor=first.next, offset=0)).values


def test_rows_that_a_scan_has_found_are_written_too(both_ways, monkeypatch):
    monkeypatch.setattr(index_of, "_PAGE", 0)
    monkeypatch.setattr(index_of, "_WALK", 0)
    columns = LAYOUTS["a geometry at the end"]
    with both_ways(columns, rows(columns, 3_000)) as ways:
        query = RowQuery((Filter("n", "gt", 0),), order=(Order("n", True), Order("x")), limit=50)
        first = assert_same(ways, query)
        assert_same(ways, replace(query, cursor=first.next))


CELLS = {
    "text": st.text(st.characters(exclude_categories=["Cs"])),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(allow_nan=False),
    "boolean": st.booleans(),
    "date": st.dates(),
    "time": st.datetimes(timezones=st.just(UTC)),
    "geometry": st.sampled_from([shape for shape in VALUES["geometry"] if shape]),
}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_rows_hold_they_are_written_as_their_values_are(both_ways, data):
    columns = data.draw(st.sampled_from(list(LAYOUTS.values())))
    cells = st.tuples(*(st.none() | CELLS[column.type] for column in columns))
    drawn = data.draw(st.lists(cells, max_size=12))
    with both_ways(columns, [(str(i), *row) for i, row in enumerate(drawn)]) as ways:
        assert_same(ways, RowQuery())


def test_only_whole_rows_are_written(both_ways):
    columns = LAYOUTS["a geometry at the end"]
    names = [column.name for column in columns]
    with both_ways(columns, rows(columns)) as ways:
        for select in (("n",), ("geometry", *names[:-1]), tuple(names[:-1])):
            query = RowQuery(select=select, written=True)
            page = ways.indexed.read(ways.snapshot, query)
            assert page == ways.indexed.read(ways.snapshot, replace(query, written=False))
        assert ways.indexed.read(ways.snapshot, RowQuery(select=tuple(names), written=True)).written


def test_rows_beside_others_come_as_values(both_ways):
    columns = (Column("n", "integer", key=True), Column("name", "text"))
    with both_ways(columns, [(str(i), i, f"이름 {i}") for i in range(5)]) as ways:
        whole = ways.indexed.beside(ways.snapshot, ways.snapshot, Join("trees", "n", "n"))
        page = ways.indexed.read(whole, RowQuery(written=True))
        assert not page.written
        assert page == ways.indexed.read(whole, RowQuery())


def test_of_too_many_values_no_json_is_kept(both_ways, monkeypatch):
    columns = LAYOUTS["a geometry in the middle"]
    monkeypatch.setattr(written, "MOST", 40 * len(columns) - 1)
    with both_ways(columns, rows(columns)) as ways:
        page = ways.indexed.read(ways.snapshot, RowQuery(written=True))
        assert not page.written
        assert page == ways.indexed.read(ways.snapshot, RowQuery())


def test_without_an_index_whoever_takes_written_rows_gets_values(both_ways, tmp_path):
    columns = LAYOUTS["a geometry at the end"]
    with both_ways(columns, rows(columns)) as ways:
        asked = RowQuery(written=True)
        assert ways.scanned.read(ways.snapshot, asked) == ways.scanned.read(ways.snapshot, RowQuery())
        lost = Rows(ways.storage, tmp_path)
        assert lost.build(ways.snapshot)
        assert lost.read(ways.snapshot, asked).written
        lost._index(ways.snapshot.id).close()  # So that its next connection opens the file anew.
        lost.build(ways.snapshot).unlink()
        assert lost.read(ways.snapshot, asked) == ways.scanned.read(ways.snapshot, RowQuery())
        lost.close()


def test_csv_lists_and_binary_formats_take_no_written_rows():
    taking = [name for name in encode.PAGE_FORMATS if encode.takes_written(name)]
    assert sorted(taking) == sorted(FORMATS)
    assert not any(encode.takes_written("json", encode.Look(shape)) for shape in ("arrays", "columns"))
