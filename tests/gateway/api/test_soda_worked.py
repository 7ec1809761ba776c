"""Questions as the guides to Socrata's portals ask them: worked out of rows, of groups, and of answers."""

from __future__ import annotations

import pyarrow as pa
import pytest

from catalogue import Publication
from schemas.arrow import ID, arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.run import REJECTS

HERE = "distance_in_meters(geometry, 'POINT (129.0 35.1)')"


def asked(house, **clauses: str) -> list[list[object]]:
    """The values of an answer, row by row."""
    said = house.get(
        "/resource/parks.json", query_string={f"${name}": text for name, text in clauses.items()}
    )
    assert said.status_code == 200, said.text
    return [list(row.values()) for row in said.json]


@pytest.mark.parametrize(
    ("select", "of", "expected"),
    [
        ("capacity * 2, capacity + 1, -capacity, capacity % 7", "P001", ["20", "11", "-10", "3"]),
        ("capacity / 4, 7 / 2, 2 ^ 3, 2 ^ 3 ^ 2, -2 ^ 2", "P001", ["2.5", "3.5", "8.0", "512.0", "-4.0"]),
        ("1 + 2 * 3, (1 + 2) * 3, 10 - 4 - 3, 7 % 4 * 2", "P000", ["7", "9", "3", "6"]),
        ("capacity / 0, capacity % 0, (-8) ^ 0.5, 10 ^ 400, ln(0)", "P001", []),
        ("capacity + 1, capacity || 'x', coalesce(capacity, -1)", "P007", "|| joins texts"),
        ("capacity + 1, name || 'x', coalesce(capacity, -1)", "P004", ["41", "40"]),
        ("capacity * 9223372036854775807 * 10", "P001", ["922337203685477580700"]),
        ("name || ' (' || district || ')'", "P001", ["공원 1 (동구)"]),
        ("capacity::text || '명', '5'::number + 1, name::number", "P001", ["10명", "6.0"]),
        ("case(capacity > 100, 'big', capacity > 50, 'mid', true, 'small')", "P006", ["mid"]),
        ("case(capacity > 100, 'big', capacity > 50, 'mid')", "P001", []),
        ("case(open, 1, true, 0.5), case(open, null, true, 'shut')", "P001", ["0.5", "shut"]),
        ("case(capacity = 10, since, true, '2020-02-02')", "P002", ["2020-02-02T00:00:00.000"]),
        ("greatest(capacity, 15, null), least(area, capacity)", "P001", ["15", "0.25"]),
        ("round(area, 1), round(area), floor(area), ceil(area), abs(-3)", "P007",
         ["1.8", "2.0", "1.0", "2.0", "3"]),
        ("upper(lower(id)), unaccent('Café'), starts_with(id, 'P0')", "P001", ["P001", "Cafe", True]),
        ("open and capacity > 5, not open, capacity is null", "P007", [False, True, True]),
        ("null as n, 'a' as a, 1 as one, true as t", "P001", ["a", "1", True]),
        ("date_trunc_y(checked), date_extract_hh(checked)", "P020", ["2026-01-01T00:00:00.000", "5"]),
        (f"{HERE} / 1000 < 1 as near", "P001", [True]),
        (f"{HERE}", "P008", []),
        ("capacity * 2 as c, c + 1 as d", "P001", ["20", "21"]),
        ("* (except geometry, checked, name)", "P001",
         ["P001", "동구", "10", "0.25", False, "2026-03-02T00:00:00.000"]),
    ],
)  # fmt: skip
def test_what_is_selected_of_a_row(still, select, of, expected):
    if isinstance(expected, str):
        answer = still.get("/resource/parks.json", query_string={"$select": select})
        assert (answer.status_code, expected in answer.json["message"]) == (400, True)
    else:
        assert asked(still, select=select, where=f":id = '{of}'") == [expected]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("capacity + area > 244", ["P024"]),
        ("capacity * 2 = 480 or within_circle(geometry, 35.1, 129.0, 950)", ["P000", "P001", "P024"]),
        ("not (capacity * 2 < 480) or id = 'P001'", ["P001", "P024"]),
        ("capacity > 229.5", ["P023", "P024"]),
        ("capacity in (10, 20.5, 15 * 2)", ["P001", "P003"]),
        ("district || id = '동구P001'", ["P001"]),
        ("case(open, capacity > 200, true, false)", ["P022", "P024"]),
        ("capacity between area * 39 and 30 and capacity > 0", ["P001", "P002", "P003"]),
        ("since > '2026-03-24T12:00:00' or since < '2026-03-01T12:00:00'", ["P000", "P024"]),
        (f"{HERE} > 5000", ["P023", "P024"]),
        (f"{HERE} < 912 and {HERE} > 0", ["P001"]),
        ("upper(name) like '_원 2_' and name != lower('공원 20')", ["P021", "P022", "P023", "P024"]),
        ("starts_with(name, '공원 ' || '24')", ["P024"]),
        (":updated_at > '2020-01-01' and :created_at is not null and :id = 'P003'", ["P003"]),
        (":updated_at < '2020-01-01T00:00:00'", []),
        ("date_extract_y(since) = 2026 and date_extract_d(since) + 1 = 6", ["P004"]),
        ("date_trunc_ymd(checked) = '2026-03-02' and capacity > 230", ["P024"]),
        ("date_trunc_ym(checked) < '2026-03-01' or date_trunc_y(since) > '2026-06-01'", []),
        ("id = 'P001' and true", ["P001"]),
        ("id in ('P001', name)", ["P001"]),
    ],
)
def test_which_rows_are_asked_for(still, where, expected):
    assert asked(still, select="id", where=where, order="id") == [[id] for id in expected]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("capacity % 3, id desc", ["P024", "P021", "P018"]),
        ("capacity desc null first", ["P007", "P024", "P023"]),
        ("upper(name) desc nulls last, id", ["P009", "P008", "P007"]),
        (f"{HERE} desc", ["P024", "P023", "P019"]),
        (f"{HERE} * -1", ["P024", "P023", "P019"]),
        ("case(id = 'P010', 0, true, 1)", ["P010", "P000", "P001"]),
        ("1, 'x', id", ["P000", "P001", "P002"]),
    ],
)
def test_in_which_order_rows_come(still, order, expected):
    assert asked(still, select="id", order=order, limit="3") == [[id] for id in expected]


def test_the_nearest_are_followed_by_those_that_are_nowhere(still):
    ids = [id for (id,) in asked(still, select="id", order=HERE)]
    assert (ids[:2], ids[-1], len(ids)) == (["P000", "P001"], "P008", 25)


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ({"select": "case(capacity > 100, 'big', true, 'small') as size, count(*), sum(capacity * 2)",
          "group": "size", "order": "size"}, [["big", "14", "4900"], ["small", "11", "960"]]),
        ({"select": "sum(capacity) / count(*), sum(case(open, 1, true, 0))"}, [["117.2", "13"]]),
        ({"select": "district, count(*) * 100 / 25 as part", "group": "district",
          "having": "count(*) * 2 > 16", "order": "part desc"}, [["중구", "36.0"]]),
        ({"select": "stddev_pop(capacity - capacity), count(distinct district), median(area)"},
         [["0.0", "3", "3.0"]]),
        ({"select": "regr_slope(area * 40, area), regr_intercept(area, area), "
          "round(regr_r2(area, area * 2), 6)"},
         [["40.0", "0.0", "1.0"]]),
        ({"select": "regr_slope(area, 1), stddev_samp(area)", "where": "id = 'P001'"}, [[]]),
        ({"select": "upper(district) || '!' as u", "group": "upper(district)", "order": "u desc",
          "limit": "1", "offset": "1"}, [["서구!"]]),
        ({"select": "date_trunc_ymd(checked), date_trunc_y(since), count(*)",
          "group": "date_trunc_ymd(checked), date_trunc_y(since)", "order": "count(*)"},
         [["2026-03-02T00:00:00.000", "2026-01-01T00:00:00.000", "10"],
          ["2026-03-01T00:00:00.000", "2026-01-01T00:00:00.000", "15"]]),
        ({"select": "distinct open, district", "order": "open desc, district", "limit": "2"},
         [[True, "동구"], [True, "서구"]]),
        ({"select": "max(checked), min(since), max(name)"},
         [["2026-03-02T00:00:00Z", "2026-03-01T00:00:00.000", "공원 9"]]),
        ({"select": "area, count(*) / 2", "group": "area", "having": "area * 2 > 11.5", "order": "ln(area)"},
         [["6.0", "0.5"]]),
        ({"select": "(0 - max(area)) ^ 0.5, sum(area * 1e308) * 10, sum(area) / 0, ln(0 * count(*))"}, [[]]),
        ({"select": "distinct area, checked", "order": "area * -1", "limit": "1"},
         [["6.0", "2026-03-02T00:00:00Z"]]),
        ({"select": "1 as one, count(*)", "group": "one", "having": "one > 0"}, [["1", "25"]]),
        ({"select": "count(*), sum(capacity)", "where": "id = 'none'"}, [["0"]]),
        ({"select": f"floor({HERE} / 1000) as km, count(*)", "group": "km", "order": "km desc null first",
          "limit": "2"}, [["1"], ["5.0", "2"]]),
    ],
)  # fmt: skip
def test_groups_are_made_of_and_told_by_expressions(still, clauses, expected):
    assert asked(still, **clauses) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT district, count(*) AS n GROUP BY district |> SELECT avg(n) AS mean, max(n)",
         [["8.333333333333334", "9"]]),
        ("select id, capacity order by capacity desc limit 5 |> select sum(capacity), count(id) |> select *",
         [["1100", "5"]]),
        ("select district group by district |> select count(*)", [["3"]]),
        ("select *, capacity * 2 as twice where capacity > 200 |> select id where twice > 460", [["P024"]]),
        ("select id, checked |> select date_trunc_ymd(checked) as d, count(*) as n group by d order by n",
         [["2026-03-02T00:00:00.000", "10"], ["2026-03-01T00:00:00.000", "15"]]),
        ("select id order by id desc limit 3 |> select id", [["P024"], ["P023"], ["P022"]]),
        ("select id search '공원 24' |> select id || '!'", [["P024!"]]),
        ("select id where :id = 'P001' |> select upper(id) as name |> select name where name like 'P%'",
         [["P001"]]),
    ],
)  # fmt: skip
def test_an_answer_is_asked_in_turn(still, query, expected):
    assert asked(still, query=query) == expected


def test_fields_of_the_system_are_of_the_snapshot(still):
    ((id, created, updated),) = asked(still, select=":*", limit="1")
    made = still.catalogue.snapshot("parks").created.isoformat().replace("+00:00", "Z")
    assert (id, created, updated) == ("P000", made, made)
    answer = still.get(
        "/resource/parks.json?$select=:updated_at,capacity/2 as half,open or true as yes&$limit=1"
    )
    assert answer.headers["X-SODA2-Fields"] == '[":updated_at", "half", "yes"]'
    assert answer.headers["X-SODA2-Types"] == '["fixed_timestamp", "number", "checkbox"]'


def test_what_is_worked_out_comes_as_csv_and_geojson_too(still):
    lines = still.get(
        "/resource/parks.csv?$select=id, capacity * 2 as c, geometry&$limit=2&$where=capacity / 1 > 0"
    )
    assert lines.text.splitlines()[:2] == ['"id","c","geometry"', '"P001","20","POINT (129.01 35.1)"']
    shapes = still.get("/resource/parks.geojson?$select=geometry, capacity * 2 as c&$limit=1")
    assert shapes.json["features"][0] == {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [129.0, 35.1]},
        "properties": {"c": "0"},
    }  # fmt: skip


def test_more_rows_than_a_page_are_worked_out_on_the_way(house, key):
    columns = (Column("n", "integer"),)
    table = pa.table({ID: [str(n) for n in range(25_000)], "n": range(25_000)}).cast(arrow_schema(columns))
    many = Dataset("many", Text("여럿", "Many"), "가온시", "CC0-1.0", "many")
    house.publish(Publication(many, columns, table, REJECTS.empty_table()), "r-many")
    rows = house.get("/resource/many.json?$select=n*2 as d&$limit=90000&$order=n%252 desc, n", key=key).json
    expected = [*range(1, 25_000, 2), *range(0, 25_000, 2)]
    assert [int(row["d"]) for row in rows] == [2 * n for n in expected]
    assert house.get("/api/v1/usage", key=key).json["rows"] == 25_000
