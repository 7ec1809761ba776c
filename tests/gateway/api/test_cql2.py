"""Every class of CQL2 that is claimed, asked in text and in JSON of a few events whose answers are known."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
import shapely
from published import run

from catalogue import Publication
from gateway.api.asking.cql2 import cql2_condition
from gateway.api.asking.cql2.text import read
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.problem import BadInput
from schemas.query import RowQuery
from schemas.run import REJECTS

SEOUL = ZoneInfo("Asia/Seoul")
COLUMNS = (
    Column("id", "text", key=True, role="key", required=True),
    Column("name", "text"),
    Column("plain", "text"),
    Column("low", "integer"),
    Column("high", "integer"),
    Column("share", "number"),
    Column("free", "boolean"),
    Column("day", "date"),
    Column("ended", "date"),
    Column("start", "time", role="time"),
    Column("end", "time"),
    Column("수용 인원", "integer"),
    Column("geometry", "geometry"),
)


def at(hour, minute=0):
    return datetime(2026, 3, 1, hour, minute, tzinfo=UTC)


# b meets a's end, c is within b, d has no end, e is nowhere and has little.
EVENTS = (
    ("a", "Café", "Cafe", 1, 5, 0.5, True, date(2026, 3, 1), date(2026, 3, 3), at(1), at(2), 7,
     "POINT (129 35)"),
    ("b", "København", "Kobenhavn", 5, 5, 2.0, False, date(2026, 3, 2), date(2026, 3, 2), at(2), at(5), 8,
     "LINESTRING (129 35, 129.2 35)"),
    ("c", "한글 CAFÉ", "한글 CAFE", 9, 5, -1.5, True, date(2026, 3, 4), date(2026, 3, 9), at(3), at(4), 9,
     "POLYGON ((129 35, 129.1 35, 129.1 35.1, 129 35.1, 129 35))"),
    ("d", "O'Neill %", "straße", -3, 2, None, None, None, None, at(6), None, None,
     "POLYGON ((129.1 35, 129.2 35, 129.2 35.1, 129.1 35.1, 129.1 35))"),
    ("e", None, None, None, None, 0.0, False, date(2026, 3, 1), date(2026, 3, 1), None, None, 10, None),
)  # fmt: skip
SQUARE = "POLYGON((129.05 34.95,129.15 34.95,129.15 35.05,129.05 35.05,129.05 34.95))"


@pytest.fixture(scope="module")
def catalogue(still):
    """A catalogue with the events."""
    schema = arrow_schema(COLUMNS)
    cells = [list(each) for each in zip(*((row[0], *row) for row in EVENTS), strict=True)]
    cells[-1] = [None if wkt is None else shapely.to_wkb(shapely.from_wkt(wkt)) for wkt in cells[-1]]
    rows = pa.Table.from_arrays(
        [pa.array(v, field.type) for v, field in zip(cells, schema, strict=True)], schema=schema
    )
    dataset = Dataset("events", Text("행사", "Events"), "부산광역시", "KOGL-1", "events")
    publication = Publication(dataset, COLUMNS, rows, REJECTS.empty_table())
    still.catalogue.publish(publication, run(publication, "e1"))
    still.catalogue.build_index(still.catalogue.snapshot("events"))
    yield still.catalogue
    still.catalogue.withdraw("events")


def as_json(node):
    """A tree that was read from text as JSON writes it."""
    if isinstance(node, shapely.Geometry):
        return json.loads(shapely.to_geojson(node))
    if isinstance(node, dict):
        return {name: as_json(each) for name, each in node.items()}
    return [as_json(each) for each in node] if isinstance(node, list) else node


def found(catalogue, text):
    """The ids that answer; the same tree written as JSON must ask the same."""
    asked = cql2_condition(text, "cql2-text", COLUMNS, SEOUL)
    assert cql2_condition(json.dumps(as_json(read(text))), "cql2-json", COLUMNS, SEOUL) == asked
    page = catalogue.rows_of(catalogue.snapshot("events"), RowQuery(filters=(asked,), select=("id",)))
    return "".join(row[0] for row in page.values)


def fault(text, lang="cql2-text"):
    with pytest.raises(BadInput) as caught:
        cql2_condition(text, lang, COLUMNS, SEOUL)
    (error,) = caught.value.errors
    assert error.where == "filter"
    return f"{error.what}; {error.hint}"


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        # Basic comparisons, and values of columns that are missing.
        ("low = 5", "b"),
        ("low <> 5", "acd"),
        ("NOT low = 5", "acd"),
        ("name IS NOT NULL", "abcd"),
        ("name is null", "e"),
        ("TRUE", "abcde"),
        ("false", ""),
        ("low > -4 AND NOT free OR day IS NULL", "bd"),
        ("low > -4 and (not free or day is null)", "bd"),
        ("free = true or free=FALSE", "abce"),
        ('"수용 인원" >= 9', "ce"),
        # Whole numbers beside others.
        ("low > 1.5", "bc"),
        ("low <= 1.5", "ad"),
        ("low = 1.5", ""),
        ("low <> 1.5", "abcd"),
        ("low IN (1, 1.5, 5.0)", "ab"),
        ("share = 2", "b"),
        ("share<-1.", "c"),
        ("share > .4e+0 AND share < 1E1", "ab"),
        # Advanced comparisons.
        ("name LIKE 'K_benhavn'", "b"),
        ("name not like '%CAF%'", "abd"),
        (r"name LIKE '%\%'", "d"),
        ("low BETWEEN 1 AND 5", "ab"),
        ("low NOT BETWEEN 1 AND 5", "cd"),
        ("low between 5.0 and 1.0", ""),
        ("name IN ('Café', 'nobody')", "a"),
        ("day NOT IN (DATE('2026-03-01'), '2026-03-02')", "c"),
        ("start in ('2026-03-01T01:00:00Z', TIMESTAMP('2026-03-01T11:00:00+09:00'))", "ab"),
        ("free in (true)", "ac"),
        # Quotes, names in quotes, escapes.
        ("name = 'O''Neill %'", "d"),
        (r"name = 'O\'Neill %'", "d"),
        ("\"name\" LIKE 'O''%'", "d"),
    ],
)
def test_basic_and_advanced_comparisons_are_answered(catalogue, asked, ids):
    assert found(catalogue, asked) == ids


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("CASEI(name) = CASEI('CAFÉ')", "a"),
        ("casei(name) <> casei('café')", "bcd"),
        ("CASEI(name) LIKE casei('%Café')", "ac"),
        ("CASEI(name) IN (casei('KØBENHAVN'), casei('café'))", "ab"),
        ("casei(name) >= casei('L')", "cd"),
        ("CASEI('CAFÉ') = CASEI(name)", "a"),
        ("plain LIKE CASEI('%CAFE')", ""),
        ("casei(plain) IS NULL", "e"),
        ("ACCENTI(name) = accenti('Cafe')", "a"),
        ("ACCENTI(name) = accenti('Kobenhavn')", "b"),
        ("accenti(name) <> accenti('Café')", "bcd"),
        ("accenti(name) LIKE accenti('K_bé%')", "b"),
        ("accenti(name) IN (accenti('cafe'), accenti('한글 CAFE'))", "c"),
        ("ACCENTI(CASEI(name)) LIKE accenti(casei('%CAFÉ'))", "ac"),
        ("casei(accenti(name)) = 'kobenhavn'", "b"),
        ("accenti(name) = plain", "abc"),
        ("accenti(plain) = accenti('straße')", "d"),
        ("accenti(name) = accenti('한글 CAFE\u0301')", "c"),
        ("accenti('한\u11ab글') = '한\u11ab글'", "abcde"),
        ("accenti('がø') = 'がo'", "abcde"),
    ],
)
def test_texts_are_compared_in_any_case_and_with_any_accents(catalogue, asked, ids):
    assert found(catalogue, asked) == ids


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("5 = low", "b"),
        ("5 < low", "c"),
        ("'Café' <= name", "abcd"),
        ("DATE('2026-03-02') > day", "ae"),
        ("true = free", "ac"),
        ("low = high", "b"),
        ("low < high", "ad"),
        ("high >= low", "abd"),
        ("share < low", "abc"),
        ("name = name", "abcd"),
        ("name <> plain", "abcd"),
        ("free = free", "abce"),
        ("day = ended", "be"),
        ("start < end", "abc"),
        ("end - 0 > 1", None),
        ("low NOT BETWEEN share AND high", "c"),
        ("5 IN (low, high)", "abc"),
        ("'Café' LIKE 'C_f%'", "abcde"),
        ("'Café' NOT LIKE 'C_f%'", ""),
        ("'foo' = 'foo'", "abcde"),
        ("3.14 < 3.14", ""),
        ("TIMESTAMP('2026-03-01T00:00:00Z') >= TIMESTAMP('2026-03-01T09:00:00+09:00')", "abcde"),
        ("'foo' IS NULL", ""),
        ("S_INTERSECTS(geometry, geometry)", "abcd"),
        ("s_disjoint(geometry, geometry)", ""),
        ("S_WITHIN(POINT(1 1), BBOX(0,0,2,2))", "abcde"),
        ("S_CONTAINS(POINT(1 1), BBOX(0,0,2,2))", ""),
        ("T_DURING(INTERVAL('2026-01-02','2026-01-03'), INTERVAL('2026-01-01','..'))", "abcde"),
        ("T_BEFORE(start, end)", "abc"),
        ("T_MEETS(INTERVAL(start, end), INTERVAL(end, start))", "abc"),
        ("S_INTERSECTS(geometry, POINT(129 35)) = TRUE", "abc"),
        ("(low > 1) <> TRUE", "ad"),
    ],
)
def test_either_side_may_be_a_column_a_value_or_an_expression(catalogue, asked, ids):
    if ids is None:
        assert "takes numbers" in refused(catalogue, asked)
    else:
        assert found(catalogue, asked) == ids


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("low = 4+1", "b"),
        ("low-4 > 0", "bc"),
        ("low > (high - 1)", "bc"),
        ("low = 10-2*2^1-1", "b"),
        ("low>=21 div 10", "bc"),
        ("low = 11 % 6", "b"),
        ("low <= 3*(2-1)/2", "ad"),
        ("-low = 3", "d"),
        ("- low * 2 + high = 3", "a"),
        ("low % 2 = -1", "d"),
        ("high div 2 = 2", "abc"),
        ("2 ^ low = 32", "b"),
        ("(low + high) * share = 3", "a"),
        ("1 / share > 0", "ab"),
        ("1 / share IS NULL", "de"),
        ("low * 4611686018427387904 * 4611686018427387904 IS NULL", "e"),
        ("low BETWEEN high - 4 AND 2 * 2", "a"),
        ("low IN (2 + 3, high + 4)", "bc"),
        ("1038280+8=1038288", "abcde"),
    ],
)
def test_numbers_are_computed_with(catalogue, asked, ids):
    assert found(catalogue, asked) == ids


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        (f"S_INTERSECTS(geometry, {SQUARE})", "bcd"),
        (f"s_disjoint({SQUARE}, geometry)", "a"),
        (f"S_CROSSES(geometry, {SQUARE})", "b"),
        (f"S_OVERLAPS({SQUARE}, geometry)", "cd"),
        ("S_TOUCHES(geometry, POINT(129 35))", "bc"),
        ("S_TOUCHES(geometry, POLYGON((129.2 35,129.3 35,129.3 35.1,129.2 35.1,129.2 35)))", "bd"),
        ("S_EQUALS(geometry, POINT(129 35))", "a"),
        ("S_EQUALS(POLYGON((129 35,129 35.1,129.1 35.1,129.1 35,129 35)), geometry)", "c"),
        ("S_WITHIN(geometry, BBOX(129,35,129.1,35.1))", "ac"),
        ("S_CONTAINS(BBOX(129,35,-5,129.1,35.1,9e1), geometry)", "ac"),
        ("S_WITHIN(POINT(129.05 35.05), geometry)", "c"),
        ("S_CONTAINS(geometry, MULTIPOINT(129 35, 129.2 35))", "b"),
        ("S_INTERSECTS(geometry, BBOX(170,-90,-170,90))", ""),
        ("S_INTERSECTS(geometry, point z (129 35 7))", "abc"),
        ("S_INTERSECTS(geometry, POLYGON((129.05 35 1,129.3 35 2,129.3 34 3,129.05 35 1)))", "bcd"),
        ("S_INTERSECTS(geometry, MULTIPOINT((129.01 35.01),(0 0)))", "c"),
        ("S_INTERSECTS(geometry, MULTILINESTRING((129.15 34,129.15 36),(0 0,1 1)))", "bd"),
        ("S_INTERSECTS(geometry, MULTIPOLYGON(((128.9 34.9,129.01 34.9,129.01 35.01,128.9 34.9))))", "abc"),
        ("S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POINT(129.15 35.05), LINESTRING(0 0, 1 1)))", "d"),
        ("geometry IS NULL", "e"),
    ],
)
def test_shapes_of_every_kind_lie_as_they_are_asked_to(catalogue, asked, ids):
    assert found(catalogue, asked) == ids


SPAN = "INTERVAL('2026-03-01T02:00:00Z','2026-03-01T05:00:00Z')"
OWN = "INTERVAL(start, end)"


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("T_AFTER(start, TIMESTAMP('2026-03-01T02:00:00Z'))", "cd"),
        (f"T_AFTER(start, {SPAN})", "d"),
        (f"T_BEFORE(start, {SPAN})", "a"),
        (f"T_DISJOINT(start, {SPAN})", "ad"),
        (f"T_INTERSECTS(start, {SPAN})", "bc"),
        (f"T_DURING(start, {SPAN})", "c"),
        ("T_EQUALS(start, INTERVAL('2026-03-01T02:00:00Z','2026-03-01T02:00:00Z'))", "b"),
        ("T_AFTER(start, DATE('2026-03-01'))", ""),
        ("T_INTERSECTS(start, DATE('2026-03-01'))", "abcd"),
        ("T_EQUALS(start, DATE('2026-03-01'))", "abcd"),
        ("T_AFTER(start, DATE('2026-02-28'))", "abcd"),
        ("T_INTERSECTS(start, INTERVAL('..','..'))", "abcd"),
        ("T_BEFORE(start, INTERVAL('..','2026-03-09'))", ""),
        ("T_AFTER(day, DATE('2026-03-01'))", "bc"),
        ("T_EQUALS(day, DATE('2026-03-01'))", "ae"),
        ("T_EQUALS(day, INTERVAL('2026-03-02','2026-03-02'))", "b"),
        ("T_AFTER(day, INTERVAL('2026-02-01','2026-03-02'))", "c"),
        ("T_DISJOINT(day, INTERVAL('2026-03-01','2026-03-02'))", "c"),
        ("T_EQUALS(INTERVAL(day, ended), INTERVAL('2026-03-01','2026-03-03'))", "a"),
        ("T_EQUALS(INTERVAL(day, ended), DATE('2026-03-01'))", "e"),
        ("T_FINISHES(INTERVAL(day, ended), INTERVAL('2026-02-01','2026-03-02'))", "b"),
        (f"T_EQUALS({OWN}, {SPAN})", "b"),
        (f"T_DURING({OWN}, {SPAN})", "c"),
        (f"T_CONTAINS({SPAN}, {OWN})", "c"),
        (f"T_CONTAINS({OWN}, INTERVAL('2026-03-01T03:30:00Z','2026-03-01T03:40:00Z'))", "bc"),
        (f"T_MEETS({OWN}, {SPAN})", "a"),
        (f"T_METBY({SPAN}, {OWN})", "a"),
        (f"T_METBY({OWN}, INTERVAL('2026-03-01T00:00:00Z','2026-03-01T03:00:00Z'))", "c"),
        (f"T_OVERLAPS({OWN}, INTERVAL('2026-03-01T03:30:00Z','2026-03-01T09:00:00Z'))", "bc"),
        (f"T_OVERLAPPEDBY(INTERVAL('2026-03-01T03:30:00Z','2026-03-01T09:00:00Z'), {OWN})", "bc"),
        (f"T_OVERLAPPEDBY({OWN}, INTERVAL('2026-03-01T00:00:00Z','2026-03-01T03:30:00Z'))", "bc"),
        (f"T_STARTS({OWN}, INTERVAL('2026-03-01T02:00:00Z','..'))", "b"),
        (f"T_STARTEDBY(INTERVAL('2026-03-01T02:00:00Z','..'), {OWN})", "b"),
        (f"T_STARTEDBY({OWN}, INTERVAL('2026-03-01T01:00:00Z','2026-03-01T01:30:00Z'))", "a"),
        (f"T_FINISHES({OWN}, INTERVAL('..','2026-03-01T05:00:00Z'))", "b"),
        (f"T_FINISHEDBY({OWN}, INTERVAL('2026-03-01T03:30:00Z','2026-03-01T04:00:00Z'))", "c"),
        (f"T_AFTER({OWN}, INTERVAL('..','2026-03-01T01:59:00Z'))", "bcd"),
        (f"T_BEFORE({OWN}, INTERVAL('2026-03-01T04:30:00Z','..'))", "ac"),
        (f"T_DISJOINT(INTERVAL('..','2026-03-01T02:00:00Z'), {OWN})", "cd"),
        ("T_AFTER(INTERVAL(start, '..'), TIMESTAMP('2026-03-01T03:00:00Z'))", "d"),
    ],
)
def test_times_lie_to_one_another_as_they_are_asked_to(catalogue, asked, ids):
    assert found(catalogue, asked) == ids


def test_json_says_the_same_in_its_own_words(catalogue):
    trees = {
        "abc": {
            "op": "=",
            "args": [{"op": "accenti", "args": [{"property": "name"}]}, {"property": "plain"}],
        },
        "bc": {"op": ">", "args": [{"op": "-", "args": [{"property": "low"}, 4]}, 0]},
        "b": {
            "op": "s_Crosses",
            "args": [{"property": "geometry"}, {"bbox": [129.05, 34.95, 129.15, 35.05]}],
        },
        "c": {
            "op": "t_during",
            "args": [
                {"interval": [{"property": "start"}, {"property": "end"}]},
                {"interval": ["2026-03-01T02:00:00Z", {"timestamp": "2026-03-01T05:00:00Z"}]},
            ],
        },
        "ae": {"op": "t_equals", "args": [{"property": "day"}, {"date": "2026-03-01"}]},
        "d": {"op": "<", "args": [{"property": "low"}, {"op": "div", "args": [-7, 3]}]},
    }
    for ids, tree in trees.items():
        asked = cql2_condition(json.dumps(tree), "cql2-json", COLUMNS, SEOUL)
        page = catalogue.rows_of(catalogue.snapshot("events"), RowQuery(filters=(asked,)))
        assert "".join(row[0] for row in page.values) == ids, tree


def refused(catalogue, text):
    """What the catalogue says of a question that the reader takes."""
    asked = cql2_condition(text, "cql2-text", COLUMNS, SEOUL)
    with pytest.raises(BadInput) as caught:
        catalogue.rows_of(catalogue.snapshot("events"), RowQuery(filters=(asked,)))
    return "".join(f"{error.where}: {error.what}; {error.hint}" for error in caught.value.errors)


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ("low = name", "compares 'low', of type integer, with 'name', of type text"),
        ("day = start", "compare what is of one type"),
        ("casei(low) = 'a'", "asks of texts, but has 'low', of type integer"),
        ("casei(low) < 'a'", "asks casei of 'low', of type integer"),
        ("name + 1 > 2", "computes '+' with 'name', of type text"),
        ("name LIKE plain", "to be like 'plain', of type text"),
        ("low + 'a' = 1", "computes '+' with 'a'"),
        ("geometry = 'POINT(1 2)'", "s_intersects and its like"),
        ("S_INTERSECTS(geometry, POINT EMPTY)", "empty shape"),
        ("S_TOUCHES(geometry, POLYGON((0 0,1 1,1 0,0 1,0 0)))", "no valid shape"),
        (
            "low" + " + low" * 29 + " = 1 AND " + " AND ".join(["low + high = high + low"] * 100),
            "more than 500",
        ),
    ],
)
def test_what_does_not_go_together_is_named(catalogue, asked, what):
    try:
        told = refused(catalogue, asked)
    except BadInput as early:
        told = "".join(f"{error.where}: {error.what}; {error.hint}" for error in early.errors)
    assert what in told


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ("avg(low) > 3", "has no function 'avg'"),
        ("cassei(name) = 'a'", "did you mean 'casei'"),
        ("accenti(name)", "has accenti where a condition should be"),
        ("low + 1", "has + where a condition should be"),
        ("A_CONTAINS(name, ('a', 'b'))", "of lists, and no column here holds one"),
        ("a_overlaps(name, ())", "of lists"),
        ("S_DWITHIN(geometry, POINT(1 2), 5, meters)", "near=longitude,latitude,metres"),
        ("name = Busan", "write it in single quotes: 'Busan'"),
        ('name = "Busan"', "write it in single quotes: 'Busan'"),
        ("name = NULL", "write name IS NULL"),
        ("name != 'a'", "write <> for"),
        ("low == 3", "where a column, a value or a function should be"),
        ("low = 1e999", "too great"),
        ("low = 1/0", "which is no number"),
        ("low = 0^-1", "which is no number"),
        ("1 = 'a'", "of one type"),
        ("TRUE = 1", "of one type"),
        ("DATE('2026-01-01') = '2026-01-01'", "of one type"),
        ("low = 2^3^4", "has '^'"),
        ("name LIKE", "its end where"),
        ("name BETWEEN 'a'", "'AND' should be"),
        ("name IS 3", "'NULL' should be"),
        ("name NOT NULL", "LIKE, BETWEEN or IN"),
        ("low IN 3", "'(' should be"),
        ("low >", "its end"),
        ("(low > 3", "')' should be"),
        ("low > 3)", "AND, OR or the end"),
        ("name = 'open", "cannot be read from letter 8"),
        ("T_AFTER(name, DATE('2026-01-01'))", "name a column of times"),
        ("T_AFTER(start, 5)", "has no time there"),
        ("T_AFTER(start, INTERVAL('2026-01-02','2026-01-01'))", "ends before it starts"),
        ("T_AFTER(start, INTERVAL(5,'..'))", "at an end of an interval"),
        ("T_AFTER(INTERVAL(start, 'P1D'), DATE('2026-01-01'))", "open end"),
        ("T_MEETS(start, day)", "compare what is of one type"),
        ("S_INTERSECTS(geometry, 'POINT(1 2)')", "asks of no shape"),
        ("S_INTERSECTS(geometry, POINT(90 180))", "outside the world"),
        ("S_INTERSECTS(geometry, MULTIPOINT(7 50, 90 180))", "outside the world"),
        ("S_INTERSECTS(geometry, POINT(1e999 1))", "outside the world"),
        ("S_INTERSECTS(geometry, POINT(1))", "has no shape in"),
        ("S_INTERSECTS(geometry, BBOX(1,2,3))", "has no box"),
        ("low " + "+ 1 + low " * 40 + "> 3", "expressions deep"),
        ("(" * 40 + "low" + ")" * 40 + " > 3", "parentheses deep"),
    ],
)
def test_a_text_that_cannot_be_read_says_what_is_wrong(asked, what):
    assert what in fault(asked)


def test_json_that_cannot_be_read_says_what_is_wrong():
    deep = '{"op":"+","args":[1,' * 400 + "1" + "]}" * 400
    for asked, what in {
        '{"op":"=","args":[{"property":"low"}]}': "gives = 1 arguments; it takes 2",
        '{"op":"=","args":[{"property":"low"},1e999]}': "is no JSON",
        '{"op":"casei","args":[]}': "where a condition should be",
        '{"op":"in","args":[{"property":"low"},3]}': "asks `in` of no list",
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point"}]}': "no GeoJSON geometry",
        '{"op":"=","args":[{"property":"low"},{"interval":["..",".."]}]}': "a value should be",
        '{"op":"=","args":[{"property":["low"]},1]}': "where a",
        f'{{"op":"=","args":[{{"property":"low"}},{deep}]}}': "deep",
    }.items():
        assert what in fault(asked, "cql2-json"), asked


def test_words_of_the_language_are_taken_in_any_case_and_with_any_blanks(catalogue):
    assert found(catalogue, "\n low\tbEtWeEn\n1\u3000aNd 5 oR nOt(low Is NoT nUlL)") == "abe"
    assert found(catalogue, "low=1OR low=9") == "ac"
    assert found(catalogue, "s_Intersects(geometry,Point(129.05 35.05))") == "c"
