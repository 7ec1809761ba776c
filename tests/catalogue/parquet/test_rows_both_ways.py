"""The row index and the scan give the same rows in the same order, and both the right ones."""

from __future__ import annotations

import operator
import tempfile
import unicodedata
from datetime import UTC, date, datetime
from functools import cmp_to_key
from pathlib import Path

import pyarrow.parquet as pq
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import snapshots
from catalogue.rows import Rows
from schemas.conditions import Filter
from schemas.dataset import Column
from schemas.query import Order, RowQuery

NOW = datetime(2026, 11, 25, tzinfo=UTC)
COLUMNS = (
    Column("name", "text"),
    Column("Name", "text", role="code"),
    Column("n", "integer"),
    Column("x", "number"),
    Column("ok", "boolean"),
    Column("day", "date"),
    Column("at", "time"),
    Column("geometry", "geometry", role="geometry"),
)
READINGS = tuple(
    Column(c.name, c.type, key=c.name == "n", role="time" if c.name == "at" else c.role) for c in COLUMNS
)
LETTERS = st.text(st.sampled_from("aAbz 가각힣é'\"%_\x00\ud7ff\ue000\U0001f600\U0010ffff"), max_size=3)
TEXTS = LETTERS.map(lambda text: unicodedata.normalize("NFC", text))
VALUES = {
    "text": TEXTS,
    "integer": st.sampled_from([-(2**63), -1, 0, 1, 2, 2**53 + 1, 2**63 - 1]) | st.integers(-3, 3),
    "number": st.sampled_from([-0.0, 0.1, 0.30000000000000004, 1e308, 5e-324, 16777217.0]) | st.floats(),
    "boolean": st.booleans(),
    "date": st.dates(date(1990, 1, 1), date(2030, 1, 1)) | st.just(date(1, 1, 1)),
    "time": st.datetimes(datetime(1960, 1, 1), datetime(2030, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))
    | st.just(datetime(2026, 1, 1, tzinfo=UTC)),
}
DEGREES = st.sampled_from([-180.0, -179.5, 0.0, 128.9999999, 129.0, 129.0000001, 180.0]) | st.floats(
    -180, 180
)


@st.composite
def shapes(draw):
    x, y = draw(DEGREES), draw(DEGREES) / 2
    kind = draw(st.sampled_from(["point", "line", "empty", None]))
    if kind is None:
        return None
    line = shapely.LineString([(x, y), (min(x + 1, 180), y)])
    return shapely.to_wkb({"point": shapely.Point(x, y), "line": line, "empty": shapely.Point()}[kind])


def cell(kind):
    return shapes() if kind == "geometry" else st.none() | VALUES[kind]


ROWS = st.lists(st.tuples(*(cell(column.type) for column in COLUMNS)), max_size=25)


def asked_value(kind, value):
    return value.isoformat() if kind == "date" else value


@st.composite
def filters(draw):
    column = draw(st.sampled_from(COLUMNS))
    if column.type == "geometry":
        return Filter(column.name, "isnull", draw(st.booleans()))
    words = ["eq", "ne", "gt", "gte", "lt", "lte", "in", "isnull"]
    word = draw(st.sampled_from(words + ["contains", "startswith"] * (column.type == "text")))
    finite = VALUES[column.type].filter(lambda v: not isinstance(v, float) or abs(v) < float("inf"))
    one = finite.map(lambda v: asked_value(column.type, v))
    if word == "isnull":
        return Filter(column.name, word, draw(st.booleans()))
    if word == "in":
        return Filter(column.name, word, tuple(draw(st.lists(one, max_size=3))))
    return Filter(column.name, word, draw(one))


@st.composite
def boxes(draw):
    south, north = sorted([draw(DEGREES) / 2, draw(DEGREES) / 2])
    return draw(DEGREES), south, draw(DEGREES), north


NAMES = [column.name for column in COLUMNS if column.type != "geometry"]
QUERIES = st.builds(
    RowQuery,
    filters=st.lists(filters(), max_size=2).map(tuple),
    bbox=st.none() | boxes(),
    order=st.lists(
        st.builds(Order, st.sampled_from(["_id", *NAMES]), st.booleans()),
        max_size=3,
        unique_by=lambda o: o.column,
    ).map(tuple),
    limit=st.integers(1, 7),
)


def naive(rows, query):
    """Rows of plain Python values that a query asks for, evaluated as the promise reads."""
    kept = [row for row in rows if all(holds(row, f) for f in query.filters) and meets(row, query.bbox)]
    return sorted(kept, key=cmp_to_key(lambda a, b: compare(a, b, query.order)))


def holds(row, asked):
    value, wanted = row[asked.column], asked.value
    if asked.operator == "isnull":
        return (value is None) == wanted
    if value is None:
        return False
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    tests = {"in": lambda a, b: a in b, "contains": lambda a, b: b in a, "startswith": str.startswith}
    words = {"gte": "ge", "lte": "le"}
    test = tests.get(asked.operator) or getattr(operator, words.get(asked.operator, asked.operator))
    return test(value, wanted)


def meets(row, bbox):
    if bbox is None:
        return True
    if row["geometry"] is None or (shape := shapely.from_wkb(row["geometry"])).is_empty:
        return False
    (west, south, east, north), (xmin, ymin, xmax, ymax) = bbox, shape.bounds
    across = xmin <= east or xmax >= west if west > east else xmin <= east and xmax >= west
    return across and ymin <= north and ymax >= south


def compare(a, b, order):
    for by in order:
        left, right = a[by.column], b[by.column]
        if left == right:
            continue
        if left is None or right is None:
            return 1 if left is None else -1
        return (1 if left > right else -1) * (-1 if by.descending else 1)
    return a["pos"] - b["pos"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    columns=st.sampled_from([COLUMNS, READINGS]), rows=ROWS, queries=st.lists(QUERIES, min_size=1, max_size=6)
)
def test_index_scan_and_plain_python_agree(publication, make_folder, columns, rows, queries):
    with tempfile.TemporaryDirectory() as folder:
        storage = make_folder(Path(folder))
        named = [(str(i), *row) for i, row in enumerate(rows)]
        snapshot = snapshots.write(publication(columns, named), storage, "s1", NOW)
        kept = pq.read_table(storage.path(snapshot.parts[0].path)).to_pylist()
        kept = [row | {"pos": position} for position, row in enumerate(kept)]
        indexed = Rows(storage, Path(folder) / "index")
        indexed.build(snapshot)
        scanned = Rows(storage, Path(folder) / "none")
        for query in queries:
            wanted = [row["_id"] for row in naive(kept, query)]
            pages = list(pages_of(indexed, snapshot, query))
            assert [row[0] for page in pages for row in page.values] == wanted
            assert list(pages_of(scanned, snapshot, query)) == pages
            counted = RowQuery(query.filters, query.bbox, count=True)
            assert indexed.read(snapshot, counted).count == len(wanted)
            assert scanned.read(snapshot, counted).count == len(wanted)
        indexed.close()
        scanned.close()


def pages_of(rows, snapshot, query):
    cursor = None
    while True:
        asked = RowQuery(query.filters, query.bbox, query.select, query.order, query.limit, cursor)
        page = rows.read(snapshot, asked)
        yield page
        cursor = page.next
        if cursor is None:
            return
        assert len(page.values) == query.limit
