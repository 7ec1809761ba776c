"""Rows by places, times, words and CQL2, over HTTP: every spelling, every fault, and what may be kept."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pyarrow as pa
import pytest
import shapely

from catalogue import Publication
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.run import REJECTS

PARKS = "/api/v1/datasets/parks/rows"
AIR = "/api/v1/datasets/air/rows"
SQUARE = "POLYGON((128.995 35.095,129.015 35.095,129.015 35.105,128.995 35.105,128.995 35.095))"
HOLED = SQUARE[:-1] + ",(129.005 35.098,129.013 35.098,129.013 35.102,129.005 35.102,129.005 35.098))"
ZONES = (Column("code", "text", key=True, role="key"), Column("name", "text"), Column("geometry", "geometry"))


def ids(house, query, path=PARKS):
    return [row["_id"] for row in house.items(f"{path}?{query}")]


def faults(house, query, path=PARKS):
    answer = house.get(f"{path}?{query}")
    assert answer.status_code == 400, answer.text
    return {error["where"]: f"{error['what']}; {error.get('hint', '')}" for error in answer.json["errors"]}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("capacity__between=10,30", ["P001", "P002", "P003"]),
        ("id__like=P_1_", [f"P01{n}" for n in range(10)]),
        ("id__like=P01%25", [f"P01{n}" for n in range(10)]),
        ("id__like=P%255", ["P005", "P015"]),
        ("id__like=P0_5", ["P005", "P015"]),
        ("id__ilike=p00%25&capacity__lt=20", ["P000", "P001"]),
        ("id__icontains=p00&capacity__lt=20", ["P000", "P001"]),
        ("name__icontains=%25", []),
        ("q=공원 24", ["P024"]),
        ("q=원 2 중구", ["P012", "P021", "P024"]),
        ("q=p003", ["P003"]),
        ("q=nowhere", []),
        ("near=129,35.1,10", ["P000"]),
        ("near=129,35.1,1000", ["P000", "P001"]),
        ("near=129,35.1,1110", ["P000", "P001", "P005"]),
        ("near=129,35.1,0", ["P000"]),
        ("datetime=2026-03-02&capacity__gt=220", ["P023", "P024"]),
        ("limit=2&offset=23", ["P023", "P024"]),
        ("limit=2&offset=30", []),
        ("limit=2&offset=1&order=-capacity", ["P023", "P022"]),
        ("limit=1&offset=3&capacity__gte=100", ["P013"]),
    ],
)
def test_each_spelling_finds_its_rows(still, query, found):
    assert ids(still, quote(query, safe="=&%,")) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("capacity > 220", ["P023", "P024"]),
        ("capacity BETWEEN 10 AND 20 OR id = 'P020'", ["P001", "P002", "P020"]),
        ("NOT (capacity <= 220)", ["P023", "P024"]),
        ("NOT capacity < 1000", []),
        ("name IS NULL", ["P004"]),
        ("id IN ('P001','P002') AND NOT id LIKE '%2'", ["P001"]),
        ("CASEI(id) = CASEI('p003')", ["P003"]),
        ("casei(id) LIKE casei('p02_') and capacity >= 240", ["P024"]),
        ("casei(id) in (casei('p001'), casei('P009'))", ["P001", "P009"]),
        ("open AND capacity > 200", ["P022", "P024"]),
        ("open = FALSE AND capacity > 200", ["P021", "P023"]),
        (f"S_INTERSECTS(geometry, {SQUARE})", ["P000", "P001"]),
        (f"S_INTERSECTS(geometry, {HOLED})", ["P000"]),
        (f"S_WITHIN(geometry, {SQUARE})", ["P000", "P001"]),
        (f"S_CONTAINS({SQUARE}, geometry)", ["P000", "P001"]),
        (f"S_DISJOINT(geometry, {SQUARE}) AND capacity < 40", ["P002", "P003"]),
        ("S_INTERSECTS(geometry, BBOX(128.9,35.0,129.0,35.1))", ["P000"]),
        ("S_INTERSECTS(geometry, BBOX(179,35.0,129.0,35.1))", ["P000"]),
        ("S_CONTAINS(geometry, POINT(129.01 35.1))", ["P001"]),
        ("T_BEFORE(checked, TIMESTAMP('2026-03-01T01:00:00Z'))", ["P000"]),
        ("T_AFTER(TIMESTAMP('2026-03-01T01:00:00Z'), checked)", ["P000"]),
        ("T_DURING(checked, INTERVAL('2026-03-01T00:00:00Z','2026-03-01T02:00:00Z'))", ["P001"]),
        ("T_INTERSECTS(checked, INTERVAL('2026-03-01T00:00:00Z','PT2H'))", ["P000", "P001", "P002"]),
        ("T_INTERSECTS(checked, INTERVAL('2026-03-01T23:00:00Z','..'))", ["P023", "P024"]),
        ("T_DISJOINT(checked, INTERVAL('..','2026-03-01T23:00:00Z'))", ["P023", "P024"]),
        ("T_EQUALS(checked, TIMESTAMP('2026-03-01T09:00:00+09:00'))", ["P000"]),
        ("since > DATE('2026-03-24')", ["P024"]),
        ("since < TIMESTAMP('9999-12-31T23:59:59Z') AND id = 'P001'", ["P001"]),
        ("area = 5.75 AND (TRUE OR FALSE)", ["P023"]),
        ("10 > capacity", ["P000"]),
        ("\"name\" = '공원 3'", ["P003"]),
        ("capacity = area * 40 + 2 - 2 AND capacity > 22 * 10.", ["P023", "P024"]),
        ("accenti(casei(id)) = accenti(casei('p003'))", ["P003"]),
        ("S_EQUALS(geometry, POINT(129.01 35.1))", ["P001"]),
    ],
)
def test_cql2_finds_its_rows(still, asked, found):
    assert ids(still, f"filter={quote(asked)}") == found


def test_cql2_json_says_the_same(still):
    tree = {
        "op": "and",
        "args": [
            {
                "op": "s_intersects",
                "args": [{"property": "geometry"}, {"bbox": [128.99, 35.09, 129.05, 35.15]}],
            },
            {"op": "in", "args": [{"property": "capacity"}, [10, 20, 9007199254740993]]},
            {"op": "not", "args": [{"op": "isNull", "args": [{"property": "name"}]}]},
        ],
    }
    assert ids(still, f"filter-lang=cql2-json&filter={quote(json.dumps(tree))}") == ["P001", "P002"]


@pytest.mark.parametrize(
    ("query", "where", "what"),
    [
        ("capacity__between=1", "capacity__between", "takes two values"),
        ("capacity__between=1,,2", "capacity__between", "empty value"),
        ("capacity__like=1", "capacity__like", "asks of text"),
        ("id__like=a%5C", "id__like", "does not end"),
        ("id__lik=a", "id__lik", "did you mean 'like'"),
        ("near=1,2", "near", "longitude,latitude,metres"),
        ("near=129,95,5", "near", "longitude,latitude,metres"),
        ("near=129,35,-5", "near", "longitude,latitude,metres"),
        ("near=nan,35,5", "near", "longitude,latitude,metres"),
        ("near=129,35,1_000", "near", "longitude,latitude,metres"),
        ("bbox=1_28,34,130,36", "bbox", "takes west,south,east,north"),
        ("bbox=%D9%A1,34,130,36", "bbox", "takes west,south,east,north"),
        ("capacity=99999999999999999999", "capacity", "at most 64 bits"),
        ("&".join(f"a{n}=1" for n in range(300)), "query", "has 300 parameters; ask with at most 200"),
        ("CAPACITY=10", "CAPACITY", "did you mean 'capacity'"),
        ("nera=129,35,5", "nera", "did you mean 'near'"),
        ("within=zones", "within", "takes a dataset and the key"),
        ("within=park:P001", "within", "did you mean 'parks'"),
        ("within=list-1:a", "within", "there is no dataset"),
        ("within=air:S0", "within", "no geometry"),
        ("within=parks:P0011", "within", "did you mean 'P0"),
        ("within=parks:008", "within", "did you mean 'P008'"),
        ("within=parks:%EC%9B%90", "within", "known: 공원 "),
        ("within=parks:%EC%A4%91%EA%B5%AC", "within", "more than one"),
        ("within=parks:P008", "within", "is nowhere"),
        ("q=%20", "q", "has no word"),
        ("datetime=yesterday", "datetime", "takes a time"),
        ("datetime=2026-03-02/2026-03-01", "datetime", "ends before it starts"),
        ("datetime=../P1D", "datetime", "open end"),
        ("datetime=9999-12-31T23:59:59Z/P1D", "datetime", "beyond the years"),
        ("last=15", "last", "last=15m"),
        ("last=15m&datetime=2026-03-01", "last", "second time"),
        ("offset=-1", "offset", "0 or more"),
        ("filter-lang=cql2-text", "filter-lang", "there is none"),
        ("filter=open&filter-lang=cql2", "filter-lang", "cql2-text"),
        ("filter=capcity%20%3E%201", "filter", "did you mean 'capacity'"),
        ("filter=capacity%20%3E%20'a'", "filter", "whole number"),
        ("filter=capacity%20%3E", "filter", "its end where"),
        ("filter=s_interects(geometry,POINT(1%202))", "filter", "did you mean 's_intersects'"),
        ("filter=s_intersects(name,POINT(1%202))", "filter", "it is 'geometry'"),
        ("filter=s_intersects(geometry,POINT(200%202))", "filter", "outside the world"),
        (
            "filter=s_intersects(geometry,POLYGON((0%200,1%201,1%200,0%201,0%200)))",
            "filter",
            "no valid shape",
        ),
        ("filter=upper(name)='A'", "filter", "has no function 'upper'"),
        ("filter=casei(name)", "filter", "as in casei(name) = casei('ABC')"),
        ("filter=capacity=name", "filter", "compare what is of one type"),
        ("filter-lang=cql2-json&filter={", "filter", "is no JSON"),
        ("filter-lang=cql2-json&filter=[]", "filter", "where a condition should be"),
        ("filter=" + "(" * 2000 + "open" + ")" * 2000, "filter", "more than 30"),
        (
            "filter-lang=cql2-json&filter=" + '{"op":"not","args":[' * 400 + "true" + "]}" * 400,
            "filter",
            "deep",
        ),
        ("filter=" + "open%20OR%20" * 600 + "open", "filter", "more than 500"),
        ("q=" + "a+" * 30, "q", "30 words"),
        ("id__in=" + "a," * 10_000 + "a", "id__in", "at most 10000 values"),
    ],
)
def test_every_fault_says_where_and_how_to_mend_it(still, query, where, what):
    found = faults(still, query)
    assert what in found[where], found


def test_deep_json_is_refused_and_not_fallen_over(still):
    for text in (
        "[" * 900 + "]" * 900,
        '{"op":"=","args":[{"property":"id"},' + "[" * 900 + "]" * 900 + "]}",
    ):
        assert "filter" in faults(still, f"filter-lang=cql2-json&filter={quote(text)}")


@pytest.mark.parametrize("joints", [("not",), ("and", "or"), ("or", "not")])
def test_as_many_conditions_within_one_another_as_may_be_are_answered(still, joints):
    tree = {"op": "<", "args": [{"property": "capacity"}, 30]}
    for level in range(30):
        joint = joints[level % len(joints)]
        never = {"op": "<" if joint == "or" else ">=", "args": [{"property": "capacity"}, 0]}
        tree = {"op": joint, "args": [tree] if joint == "not" else [never, tree]}
    query = f"filter-lang=cql2-json&count=exact&filter={quote(json.dumps(tree))}"
    answer = still.get(f"{PARKS}?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json["count"] == len(answer.json["items"]) > 0


def test_the_last_day_of_the_calendar_is_an_end_as_others_write_it(still):
    assert len(ids(still, "datetime=2026-03-01/9999-12-31&limit=1000", AIR)) == 60
    assert ids(still, "datetime=9999-12-31", AIR) == []


def test_the_last_minutes_of_rows_without_a_time_are_refused_by_their_name(house):
    house.publish(zones(), "z1")
    assert "no column of times" in faults(house, "last=15m", "/api/v1/datasets/zones/rows")["last"]


def test_hangul_written_letter_by_letter_names_the_same_column_everywhere(still):
    path, name = "/api/v1/datasets/odd", quote(unicodedata.normalize("NFD", "구 이름"))
    where = f"filter=%22{name}%22='중구'"
    for asked in (f"{name}=중구", where, f"order=-{name}&limit=1", f"select={name}&{name}=중구"):
        assert ids(still, asked, f"{path}/rows") == ["0"], asked
    groups = still.items(f"{path}/aggregate?group={name}&order={name}")
    assert [group["구 이름"] for group in groups] == ["동구", "중구"]


def test_pages_by_offset_are_those_by_cursor(still):
    for order in ("", "&order=district,-capacity"):
        by_offset = [ids(still, f"limit=7&offset={at}{order}") for at in range(0, 28, 7)]
        path, by_cursor = f"{PARKS}?limit=7{order}", []
        while path:
            answer = still.get(path).json
            by_cursor.append([row["_id"] for row in answer["items"]])
            path = answer.get("next")
        assert by_offset == by_cursor
    answer = still.get(f"{PARKS}?limit=7&offset=7").json
    assert "offset" not in answer["next"]
    assert "second time" in faults(still, answer["next"].partition("?")[2] + "&offset=7")["offset"]


def zones(shift=0.0):
    west = 128.995 + shift
    square = shapely.box(west, 35.095, west + 0.02, 35.105)
    values = [
        ["26110", "26140"],
        ["26110", "26140"],
        ["중앙동", "남포동"],
        shapely.to_wkb([square, shapely.box(0, 0, 1, 1)]),
    ]
    schema = arrow_schema(ZONES)
    rows = pa.Table.from_arrays(
        [pa.array(v, f.type) for v, f in zip(values, schema, strict=True)], schema=schema
    )
    dataset = Dataset("zones", Text("행정동", "Zones"), "부산광역시", "KOGL-1", "zones")
    return Publication(dataset, ZONES, rows, REJECTS.empty_table())


def test_rows_lie_within_an_area_of_another_dataset_and_answers_follow_it(house):
    house.publish(zones(), "z1")
    for key in ("26110", "중앙동"):
        assert ids(house, f"within=zones:{quote(key)}") == ["P000", "P001"]
    answer = house.get(f"{PARKS}?within=zones:26110&limit=1")
    assert "must-revalidate" in answer.headers["Cache-Control"]
    etag = {"If-None-Match": answer.headers["ETag"]}
    assert house.get(f"{PARKS}?within=zones:26110&limit=1", headers=etag).status_code == 304
    house.publish(zones(0.01), "z2")
    moved = house.get(f"{PARKS}?within=zones:26110&limit=1", headers=etag)
    assert (moved.status_code, moved.json["items"][0]["_id"]) == (200, "P001")
    followed = house.get(answer.json["next"])
    assert followed.status_code == 200, "a walk goes on where an area was redrawn"


def test_the_last_minutes_go_on_page_by_page_and_are_asked_anew(house):
    now = datetime.now(UTC).replace(microsecond=0)
    columns = (Column("id", "text", key=True), Column("at", "time", role="time"))
    times = [now - timedelta(minutes=n) for n in range(10)]
    names = [f"R{n}" for n in range(10)]
    schema = arrow_schema(columns)
    values = [names, names, times]
    rows = pa.Table.from_arrays(
        [pa.array(v, f.type) for v, f in zip(values, schema, strict=True)], schema=schema
    )
    dataset = Dataset("live", Text("실시간", "Live"), "부산광역시", "KOGL-1", "live")
    house.publish(Publication(dataset, columns, rows, REJECTS.empty_table()), "l1")
    path = "/api/v1/datasets/live/rows"
    answer = house.get(f"{path}?last=270s&limit=2&count=exact")
    assert answer.json["count"] == 5
    assert "must-revalidate" in answer.headers["Cache-Control"]
    assert "last=" not in answer.json["next"]
    assert "datetime=" in answer.json["next"]
    found, following = [row["_id"] for row in answer.json["items"]], answer.json["next"]
    while following:
        page = house.get(following).json
        found += [row["_id"] for row in page["items"]]
        following = page.get("next")
    assert found == ["R0", "R1", "R2", "R3", "R4"]
    pinned = house.get(f"{path}?last=1h&snapshot={answer.json['snapshot']}")
    assert "immutable" not in pinned.headers["Cache-Control"], "an hour later it is another hour"


def test_a_day_is_all_of_it_in_the_citys_zone(still):
    assert len(ids(still, "datetime=2026-03-01", AIR)) == 45
    assert len(ids(still, "datetime=2026-03-01T15:00:00Z/..", AIR)) == 15
    assert len(ids(still, "datetime=2026-03-01T00:00:00Z/PT2H", AIR)) == 9
    assert len(ids(still, "datetime=PT2H/2026-03-01T02:00:00Z", AIR)) == 9
    assert len(ids(still, "datetime=2026-03-01T02:00:00Z", AIR)) == 3


def test_an_export_within_an_area_follows_it_too(house):
    house.publish(zones(), "z1")
    pinned = house.get(PARKS).json["snapshot"]
    path = f"/api/v1/datasets/parks/export.csv?within=zones:26110&snapshot={pinned}"
    first = house.get(path)
    assert "immutable" not in first.headers["Cache-Control"]
    assert first.headers["X-Rows"] == "2"
    house.publish(zones(0.03), "z2")
    second = house.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert second.status_code == 200
    assert "P003" in second.text
