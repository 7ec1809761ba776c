"""Any tree of conditions finds by row index and by scan what plain Python finds in Kleene's logic."""

from __future__ import annotations

import math
import operator
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cmp_to_key

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from catalogue.rows.question.plan import plan
from catalogue.rows.scan import kept, lexicon, vocabulary
from catalogue.rows.scan import scanner as scan
from schemas.conditions import (
    All,
    Area,
    Box,
    Cell,
    Compared,
    Filter,
    Given,
    Made,
    Near,
    Not,
    Shape,
    Some,
    Words,
)
from schemas.dataset import Column
from schemas.query import Order, RowQuery

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
WGS84 = Geod(ellps="WGS84")

TEXTS = st.text(st.sampled_from("aAbz 가각힣éÉİß'\"%_\\\x00\n\ud7ff\ue000\U0001f600Σς"), max_size=4).map(
    lambda text: unicodedata.normalize("NFC", text)
)
VALUES = {
    "text": TEXTS,
    "integer": st.sampled_from([-(2**63), -1, 0, 1, 2, 2**53 + 1, 2**63 - 1]) | st.integers(-3, 3),
    "number": st.sampled_from([-0.0, 0.1, 0.30000000000000004, 1e308, 5e-324, 16777217.0])
    | st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "date": st.dates(date(2025, 12, 30), date(2026, 1, 3)) | st.just(date(1, 1, 1)),
    "time": st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 3)).map(lambda t: t.replace(tzinfo=UTC))
    | st.just(datetime(2026, 1, 1, tzinfo=UTC)),
}
# Steps of a tenth, so that points and edges often meet; near places, so that metres differ.
DEGREES = st.integers(-8, 8).map(lambda step: step / 8)
FAR = st.sampled_from([-180.0, -179.5, 180.0, 179.875])


def polygon(x, y, hole):
    ring = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
    inner = [[(x + 0.25, y + 0.25), (x + 0.75, y + 0.25), (x + 0.5, y + 0.75)]] if hole else []
    return shapely.Polygon(ring, inner)


@st.composite
def geometries(draw):
    x, y = draw(DEGREES | FAR), draw(DEGREES)
    kind = draw(st.sampled_from(["point", "point", "line", "area", "holed", "points", "empty"]))
    made = {
        "point": lambda: shapely.Point(x, y),
        "line": lambda: shapely.LineString([(x, y), (x + 0.5, y + 0.25)]),
        "area": lambda: polygon(x, y, hole=False),
        "holed": lambda: polygon(x, y, hole=True),
        "points": lambda: shapely.MultiPoint([(x, y), (x, y + 0.5)]),
        "empty": shapely.Point,
    }
    return shapely.to_wkb(made[kind]())


def cell(kind):
    return st.none() | (geometries() if kind == "geometry" else VALUES[kind])


ROWS = st.lists(st.tuples(*(cell(column.type) for column in COLUMNS)), max_size=20)
POINTS = st.lists(
    st.tuples(
        *(cell(c.type) for c in COLUMNS[:-1]), st.builds(shapely.Point, DEGREES, DEGREES).map(shapely.to_wkb)
    ),
    max_size=20,
)


def asked_value(kind, value):
    return value.isoformat() if kind == "date" else value


@st.composite
def filters(draw, columns=COLUMNS):
    column = draw(st.sampled_from(columns))
    if column.type == "geometry":
        return Filter(column.name, "isnull", draw(st.booleans()))
    words = ["eq", "ne", "gt", "gte", "lt", "lte", "in", "isnull"]
    word = draw(
        st.sampled_from(words + ["contains", "startswith", "like", "ilike"] * (column.type == "text"))
    )
    one = VALUES[column.type].map(lambda value: asked_value(column.type, value))
    if word == "isnull":
        return Filter(column.name, word, draw(st.booleans()))
    if word == "in":
        return Filter(column.name, word, tuple(draw(st.lists(one, max_size=3))))
    if word in ("like", "ilike"):
        one = one.filter(lambda text: (len(text) - len(text.rstrip("\\"))) % 2 == 0)
    return Filter(column.name, word, draw(one))


@st.composite
def boxes(draw):
    south, north = sorted([draw(DEGREES), draw(DEGREES)])
    return Box((draw(DEGREES | FAR), south, draw(DEGREES | FAR), north))


AREAS = st.builds(lambda x, y, hole: shapely.to_wkb(polygon(x, y, hole)), DEGREES, DEGREES, st.booleans())
PLACES = st.one_of(
    boxes(),
    st.builds(
        Shape,
        st.sampled_from(
            ["intersects", "within", "contains", "disjoint", "equals", "touches", "crosses", "overlaps"]
        ),
        AREAS | geometries(),
    ).filter(lambda shape: not shapely.from_wkb(shape.wkb).is_empty),
    st.builds(Near, DEGREES | FAR, DEGREES, st.sampled_from([0.0, 13_000.0, 60_000.0, 150_000.0])),
    st.builds(lambda wkb: Area("zones", "중앙동", wkb), AREAS),
)
WORDS = st.builds(
    Words,
    st.lists(st.text(st.sampled_from("aAb가각é%ΣSß"), min_size=1, max_size=2), min_size=1, max_size=2).map(
        " ".join
    ),
    st.sampled_from([None, "name"]),
)
ORDERED = st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"])
NUMBERS = st.recursive(
    st.sampled_from([Cell("n"), Cell("x")])
    | st.sampled_from([-2, 0, 1, 3, 0.5, -1.25, 2**53 + 1, 1e200]).map(Given),
    lambda part: st.builds(
        lambda word, a, b: Made(word, (a, b)), st.sampled_from([*"+-*/%^", "div"]), part, part
    ),
    max_leaves=4,
)
NAMED = st.recursive(
    st.sampled_from([Cell("name"), Cell("Name")]) | TEXTS.map(Given),
    lambda part: st.builds(lambda word, a: Made(word, (a,)), st.sampled_from(["casei", "accenti"]), part),
    max_leaves=2,
)
PATTERNS = TEXTS.filter(lambda text: (len(text) - len(text.rstrip("\\"))) % 2 == 0)
COMPARED = st.one_of(
    st.builds(Compared, NUMBERS, ORDERED, NUMBERS),
    st.builds(Compared, NAMED, ORDERED, NAMED),
    st.builds(Compared, NAMED, st.just("like"), PATTERNS.map(Given)),
    st.builds(Compared, NUMBERS | NAMED, st.just("isnull"), st.just(Given(True))),
    *(st.builds(Compared, st.just(Cell(c)), ORDERED, st.just(Cell(c))) for c in ("ok", "day", "at")),
)
TREES = st.recursive(
    filters() | COMPARED | PLACES | WORDS,
    lambda part: (
        st.builds(All, st.lists(part, max_size=3).map(tuple))
        | st.builds(Some, st.lists(part, max_size=3).map(tuple))
        | st.builds(Not, part)
    ),
    max_leaves=6,
)
NAMES = [column.name for column in COLUMNS if column.type != "geometry"]
QUERIES = st.builds(
    RowQuery,
    filters=st.lists(TREES, max_size=2).map(tuple),
    bbox=st.none() | boxes().map(lambda box: box.bbox),
    order=st.lists(
        st.builds(Order, st.sampled_from(["_id", *NAMES]), st.booleans()),
        max_size=2,
        unique_by=lambda o: o.column,
    ).map(tuple),
    limit=st.integers(1, 7),
)


def holds(row, asked):
    """True, False, or None for what is unknown."""
    match asked:
        case All(parts):
            found = [holds(row, part) for part in parts]
            return False if False in found else None if None in found else True
        case Some(parts):
            found = [holds(row, part) for part in parts]
            return True if True in found else None if None in found else False
        case Not(part):
            found = holds(row, part)
            return None if found is None else not found
        case Filter():
            return compared(row[asked.column], asked)
        case Compared(left, "isnull"):
            return made(row, left) is None
        case Compared(left, word, right):
            return weighed(made(row, left), word, made(row, right), exact(left) and exact(right))
        case Words():
            texts = [
                small(row[name] or "") for name in ([asked.column] if asked.column else ["name", "Name"])
            ]
            return all(any(small(word) in text for text in texts) for word in asked.text.split())
    return lies(row["geometry"], asked)


def made(row, expression):
    """The value of an expression, None for what is unknown."""
    match expression:
        case Cell(name):
            return row[name]
        case Given(value):
            return value
        case Made(word, of):
            values = [made_of(row, part) for part in of]
            return None if None in values else finite(RECKONED[word](*values))


def made_of(row, expression):
    """The same within another, where what is beyond all numbers may still count."""
    match expression:
        case Made("casei" | "accenti", _):
            return made(row, expression)
        case Made(word, of):
            values = [made_of(row, part) for part in of]
            return None if None in values else RECKONED[word](*values)
    value = made(row, expression)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def finite(value):
    return None if isinstance(value, float) and not math.isfinite(value) else value


def divided(a, b):
    return None if b == 0 else a / b


def remainder(a, b):
    return None if b == 0 or math.isinf(a) else math.fmod(a, b)


def power(a, b):
    with np.errstate(all="ignore"):
        found = float(np.power(a, b))
    return None if math.isnan(found) else found


def whole(a, b):
    found = divided(a, b)
    return found if found is None or not math.isfinite(found) else float(math.trunc(found))


def small(text):
    return "".join(letter.lower()[0] for letter in text)


def bare(text):
    kept = [each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each)]
    return unicodedata.normalize("NFC", "".join(kept))


RECKONED = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divided,
    "%": remainder,
    "^": power,
    "div": whole,
    "casei": small,
    "accenti": bare,
}


def exact(expression):
    """Whether an expression is a whole number or no number at all: others are of floating point."""
    match expression:
        case Cell(name):
            return name != "x"
        case Given(value):
            return not isinstance(value, float)
    return expression.word in ("casei", "accenti")


def weighed(left, word, right, exactly):
    if left is None or right is None:
        return None
    if word == "like":
        return like(left, right)
    if not exactly:
        left, right = float(left), float(right)
    words = {"gte": "ge", "lte": "le"}
    return getattr(operator, words.get(word, word))(left, right)


def compared(value, asked):
    if asked.operator == "isnull":
        return (value is None) == asked.value
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    tests = {
        "in": lambda a, b: a in b,
        "contains": lambda a, b: b in a,
        "startswith": str.startswith,
        "like": like,
        "ilike": lambda text, pattern: like(small(text), small(pattern)),
    }
    words = {"gte": "ge", "lte": "le"}
    test = tests.get(asked.operator) or getattr(operator, words.get(asked.operator, asked.operator))
    return test(value, asked.value)


def like(text, pattern):
    spelt = re.sub(
        r"\\(.)|(%)|(_)|(.)",
        lambda m: ".*" if m[2] else "." if m[3] else re.escape(m[1] or m[4]),
        pattern,
        flags=re.DOTALL,
    )
    return re.fullmatch(spelt, text, re.DOTALL) is not None


def lies(wkb, asked):
    shape = None if wkb is None else shapely.from_wkb(wkb)
    if shape is None or shape.is_empty:
        return None
    match asked:
        case Box(bbox=(west, south, east, north)):
            xmin, ymin, xmax, ymax = shape.bounds
            across = xmin <= east or xmax >= west if west > east else xmin <= east and xmax >= west
            return across and ymin <= north and ymax >= south
        case Area():
            return shape.intersects(shapely.from_wkb(asked.wkb))
        case Near():
            return nearest(shape, asked.lon, asked.lat) <= asked.metres
    other = shapely.from_wkb(asked.wkb)
    words = {"within": "covered_by", "contains": "covers"}
    return getattr(shape, words.get(asked.relation, asked.relation))(other)


def nearest(shape, lon, lat):
    """Metres by many points along every edge, each measured on the ellipsoid."""
    if shape.geom_type in ("Polygon", "MultiPolygon") and shape.intersects(shapely.Point(lon, lat)):
        return 0.0
    places = shapely.get_coordinates(shapely.segmentize(shape, 0.0005))
    here = np.full(len(places), lon), np.full(len(places), lat)
    return WGS84.inv(*here, places[:, 0], places[:, 1])[2].min()


def naive(rows, query):
    asked = (*query.filters, *([Box(query.bbox)] if query.bbox else []))
    kept = [row for row in rows if holds(row, All(asked)) is True]
    return sorted(kept, key=cmp_to_key(lambda a, b: compare(a, b, query.order)))


def compare(a, b, order):
    for by in order:
        left, right = a[by.column], b[by.column]
        if left == right:
            continue
        if left is None or right is None:
            return 1 if left is None else -1
        return (1 if left > right else -1) * (-1 if by.descending else 1)
    return a["pos"] - b["pos"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    columns=st.sampled_from([COLUMNS, READINGS]),
    rows=ROWS | POINTS,
    queries=st.lists(QUERIES, min_size=1, max_size=5),
)
def test_index_scan_and_plain_python_agree(both_ways, columns, rows, queries):
    with both_ways(columns, [(str(i), *row) for i, row in enumerate(rows)]) as ways, ways.index() as index:
        for query in queries:
            wanted = [row["_id"] for row in naive(ways.kept, query)]
            alone = plan(ways.snapshot, query)
            values, *_ = index.page(alone, index.anchor(alone))  # By itself: nothing is left to a scan.
            assert [row[0] for row in values] == wanted[: query.limit]
            assert index.count(alone) == len(wanted)
            pages = list(by_cursor(ways.indexed, ways.snapshot, query))
            assert [row[0] for page in pages for row in page.values] == wanted
            for scanned, page in zip(by_cursor(ways.scanned, ways.snapshot, query), pages, strict=True):
                assert (scanned.next, scanned.values) == (page.next, page.values)
            for rows_of in (ways.indexed, ways.scanned):
                counted = RowQuery(filters=query.filters, bbox=query.bbox, count=True)
                assert rows_of.read(ways.snapshot, counted).count == len(wanted)
                for skipped, page in zip(by_offset(rows_of, ways.snapshot, query), pages, strict=True):
                    assert skipped.values == page.values


SPELT = st.recursive(
    filters(COLUMNS[:2]) | WORDS,
    lambda part: st.builds(All, st.tuples(part, filters())) | st.builds(Some, st.tuples(part, part)),
    max_leaves=5,
)
SEARCHES = st.builds(
    replace,
    QUERIES,
    filters=st.tuples(SPELT) | st.tuples(SPELT, TREES) | st.tuples(filters(COLUMNS[:2]), WORDS),
)


@pytest.mark.parametrize("varied", [-1.0, 2.0], ids=["words", "whole texts"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, queries=st.lists(SEARCHES, min_size=1, max_size=5))
def test_words_that_are_kept_and_plain_python_agree(both_ways, varied, rows, queries):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary, "VARIED", varied)
        for module, name in ((lexicon, "LEAST_ROWS"), (kept, "AGAIN")):
            patch.setattr(module, name, 1)
        for module, name in ((lexicon, "_A_ROW"), (scan, "SPARSE")):
            patch.setattr(module, name, 0)
        with both_ways(COLUMNS, [(str(i), *row) for i, row in enumerate(rows)]) as ways:
            for query in queries:
                ways.scanned.read(ways.snapshot, changed(query, count=True))
                ways.scanned.scanner.settle()
                wanted = [row["_id"] for row in naive(ways.kept, query)]
                pages = list(by_cursor(ways.scanned, ways.snapshot, query))
                assert [row[0] for page in pages for row in page.values] == wanted
                assert ways.scanned.read(ways.snapshot, changed(query, count=True)).count == len(wanted)
                for skipped, page in zip(by_offset(ways.scanned, ways.snapshot, query), pages, strict=True):
                    assert skipped.values == page.values
                for page, indexed in zip(pages, by_cursor(ways.indexed, ways.snapshot, query), strict=True):
                    assert page.values == indexed.values


def by_cursor(rows, snapshot, query):
    cursor = None
    while True:
        page = rows.read(snapshot, changed(query, cursor=cursor))
        yield page
        cursor = page.next
        if cursor is None:
            return
        assert len(page.values) == query.limit


def by_offset(rows, snapshot, query):
    offset = 0
    while True:
        page = rows.read(snapshot, changed(query, offset=offset))
        yield page
        if page.next is None:
            return
        offset += query.limit


def changed(query, **more):
    known = {name: getattr(query, name) for name in ("filters", "bbox", "select", "order", "limit")}
    return RowQuery(**known, **more)
