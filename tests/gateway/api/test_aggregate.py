"""Figures, facets, what is near, what is current and what has been, over HTTP."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flask import Flask

from catalogue import TooManyRows
from gateway.errors import judged

PARKS = "/api/v1/datasets/parks"
AIR = "/api/v1/datasets/air"
ODD = "/api/v1/datasets/odd"


def faults(house, path):
    answer = house.get(path)
    assert answer.status_code == 400, answer.text
    return {error["where"]: f"{error['what']}; {error.get('hint', '')}" for error in answer.json["errors"]}


def test_rows_are_counted_and_averaged_by_their_values(still):
    answer = still.get(f"{PARKS}/aggregate?group=district&agg=count,avg(area),max(capacity)&order=-count")
    assert answer.json["snapshot"] == answer.headers["X-Snapshot"]
    assert answer.json["truncated"] is False
    assert answer.json["items"] == [
        {"district": "중구", "count": 9, "avg_area": 3.0, "max_capacity": 240},
        {"district": "동구", "count": 8, "avg_area": 2.875, "max_capacity": 220},
        {"district": "서구", "count": 8, "avg_area": 3.125, "max_capacity": 230},
    ]
    assert still.items(f"{PARKS}/aggregate") == [{"count": 25}]


def test_filters_say_which_rows_are_grouped(still):
    found = still.items(f"{PARKS}/aggregate?group=open&bbox=129.005,35.095,129.025,35.105&capacity__gt=0")
    assert found == [{"open": False, "count": 1}, {"open": True, "count": 1}]


def test_spans_begin_as_the_clocks_of_the_city_do(still):
    found = still.items(f"{PARKS}/aggregate?bucket=1d")
    assert found == [
        {"bucket": "2026-03-01T00:00:00+09:00", "count": 15},
        {"bucket": "2026-03-02T00:00:00+09:00", "count": 10},
    ]
    assert still.items(f"{PARKS}/aggregate?bucket=week:since&limit=1") == [
        {"bucket": "2026-02-23", "count": 1}
    ]


def test_spans_without_rows_are_shown_where_that_is_asked(still):
    asked = f"{AIR}/aggregate?bucket=30m&station=S1&agg=count,avg(pm10)&limit=3"
    plain, filled = still.items(asked), still.items(f"{asked}&fill=null")
    assert [each["bucket"][11:16] for each in plain] == ["09:00", "10:00", "11:00"]
    assert [each["bucket"][11:16] for each in filled] == ["09:00", "09:30", "10:00"]
    assert filled[1] == {"bucket": "2026-03-01T09:30:00+09:00", "count": 0, "avg_pm10": None}
    assert still.items(f"{asked}&fill=previous")[1]["avg_pm10"] == filled[0]["avg_pm10"]


def test_an_answer_that_is_cut_says_so(still):
    answer = still.get(f"{PARKS}/aggregate?group=id&limit=24")
    assert (len(answer.json["items"]), answer.json["truncated"]) == (24, True)
    assert answer.headers["X-Truncated"] == "true"
    assert still.get(f"{PARKS}/aggregate?group=id&limit=25").json["truncated"] is False


@pytest.mark.parametrize("format", ["csv", "ndjson", "parquet", "arrow"])
def test_groups_come_in_the_formats_of_tables(still, format):
    asked = f"{PARKS}/aggregate?group=district&bucket=1d&agg=count,sum(area)&format={format}"
    answer, wanted = still.get(asked), still.items(asked.partition("&format")[0])
    if format == "csv":
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert rows == [{name: str(value) for name, value in row.items()} for row in wanted]
        return
    if format == "ndjson":
        assert [json.loads(line) for line in answer.text.splitlines()] == wanted
        return
    read = pq.read_table if format == "parquet" else lambda file: pa.ipc.open_stream(file).read_all()
    rows = read(io.BytesIO(answer.data)).to_pylist()
    assert [row["district"] for row in rows] == [row["district"] for row in wanted]
    assert [row["bucket"] for row in rows] == [datetime.fromisoformat(row["bucket"]) for row in wanted]


def test_the_same_question_to_the_same_snapshot_is_not_answered_twice(still):
    first = still.get(f"{PARKS}/aggregate?group=district")
    again = still.get(f"{PARKS}/aggregate?group=district", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    pinned = still.get(f"{PARKS}/aggregate?group=district&snapshot={first.json['snapshot']}")
    assert "immutable" in pinned.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("query", "where", "words"),
    [
        ("group=distrikt", "group", "'district'"),
        ("group=geometry", "group", "geometry"),
        ("group=open,open", "group", "once"),
        ("groop=open", "groop", "'group'"),
        ("agg=avrg(area)", "agg", "'avg'"),
        ("agg=avg(name)", "agg", "number"),
        ("agg=avg", "agg", "avg(column)"),
        ("agg=avg(aera)", "agg", "'area'"),
        ("agg=", "agg", "empty"),
        ("agg=count,count", "agg", "once"),
        ("bucket=5x", "bucket", "5m"),
        ("bucket=1d:chekced", "bucket", "'checked'"),
        ("bucket=1h:since", "bucket", "1d"),
        ("bucket=400d", "bucket", "366d"),
        ("bucket=1d&fill=nil", "fill", "null"),
        ("fill=null", "fill", "bucket"),
        ("bucket=1d&fill=null&order=count", "order", "fill"),
        ("order=-cuont", "order", "'count'"),
        ("limit=0", "limit", "10000"),
        ("limit=x", "limit", "whole number"),
        ("select=id", "select", "not a parameter"),
        ("cursor=abc", "cursor", "not a parameter"),
        ("format=geojson", "format", "'json'"),
        ("capacity__gt=x", "capacity__gt", "whole number"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(still, query, where, words):
    assert words in faults(still, f"{PARKS}/aggregate?{query}")[where]


def test_rows_of_no_time_have_no_spans(still):
    assert "no column of times" in faults(still, f"{ODD}/aggregate?bucket=1d")["bucket"]
    # A column named like a parameter is asked with __eq.
    assert still.items(f"{ODD}/aggregate?limit__eq=1&agg=count")[0]["count"] >= 0


def test_facets_count_every_row(still):
    answer = still.get(f"{PARKS}/facets?columns=district,name&limit=2")
    assert answer.json["count"] == 25
    assert answer.json["facets"]["district"] == {
        "values": [{"value": "중구", "count": 9}, {"value": "동구", "count": 8}],
        "other": 8,
        "missing": 0,
    }
    assert (answer.json["facets"]["name"]["other"], answer.json["facets"]["name"]["missing"]) == (22, 1)
    assert "'district'" in faults(still, f"{PARKS}/facets?columns=distrikt")["columns"]
    assert "missing" in faults(still, f"{PARKS}/facets")["columns"]


def test_the_nearest_come_first_with_their_metres(still):
    found = still.items(f"{PARKS}/nearest?lon=129.011&lat=35.1&k=3")
    assert [row["_id"] for row in found] == ["P001", "P002", "P000"]
    assert found[0]["_distance_m"] == pytest.approx(91.16, abs=0.05)
    assert [row["_id"] for row in still.items(f"{PARKS}/nearest?lon=129.011&lat=35.1&max_m=100")] == ["P001"]
    kept = still.items(f"{PARKS}/nearest?lon=129.011&lat=35.1&k=1&select=name&capacity__gt=10")
    assert kept == [{"_id": "P002", "name": "공원 2", "_distance_m": pytest.approx(820.4, abs=0.5)}]


def test_in_geojson_the_distance_is_a_property(still):
    answer = still.get(f"{PARKS}/nearest?lon=129.011&lat=35.1&k=1&format=geojson")
    (feature,) = answer.json["features"]
    assert feature["properties"]["_distance_m"] == pytest.approx(91.16, abs=0.05)
    assert feature["geometry"]["type"] == "Point"


@pytest.mark.parametrize(
    ("query", "where", "words"),
    [
        ("lat=35", "lon", "missing"),
        ("lon=x&lat=35", "lon", "number"),
        ("lon=nan&lat=35", "lon", "takes a number"),
        ("lon=190&lat=35", "lon", "180"),
        ("lon=129&lat=35&k=0", "k", "1000"),
        ("lon=129&lat=35&max_m=-1", "max_m", "metres"),
        ("lon=129&lat=35&order=id", "order", "not a parameter"),
        ("lon=129&lat=35&selekt=id", "selekt", "'select'"),
        ("lon=129&lat=35&maxm=5", "maxm", "'max_m'"),
    ],
)
def test_a_point_that_is_none_is_refused(still, query, where, words):
    assert words in faults(still, f"{PARKS}/nearest?{query}")[where]


def test_rows_of_no_place_are_near_nothing(still):
    assert "geometry" in faults(still, f"{AIR}/nearest?lon=129&lat=35")["lon"]


def test_the_current_rows_are_one_of_each_station(still):
    rows = still.items(f"{AIR}/rows?limit=1000")
    latest = {}
    for row in rows:
        if row["station"] not in latest or latest[row["station"]]["measured_at"] < row["measured_at"]:
            latest[row["station"]] = row
    found, address = [], f"{AIR}/current?limit=1&order=-station"
    while address:
        answer = still.get(address.removeprefix("http://localhost"))
        found += answer.json["items"]
        assert answer.json["snapshot"] == answer.headers["X-Snapshot"]
        address = answer.json.get("next")
    assert found == sorted(latest.values(), key=lambda row: row["station"], reverse=True)
    assert still.get(f"{AIR}/current?format=csv").text.count("\r\n") == len(latest) + 1
    assert "no key" in faults(still, f"{ODD}/current")["odd"]


def test_history_is_told_in_spans_of_the_last_day(still):
    rows = still.items(f"{AIR}/rows?limit=1000&station=S1")
    found = still.get(f"{AIR}/history?entity=S1&bucket=1h")
    assert found.json["items"][0].keys() == {"bucket", "avg_pm10"}
    assert 1 <= len(found.json["items"]) <= 25
    whole = still.items(f"{AIR}/history?entity=S1&bucket=1d&agg=count&from=2020-01-01")
    assert sum(each["count"] for each in whole) == len(rows)
    some = still.items(f"{AIR}/history?entity=S1&agg=count&from=2026-03-01T00:00:00Z&to=2026-03-01T02:00:00Z")
    assert [each["count"] for each in some] == [1, 1]


@pytest.mark.parametrize(
    ("query", "where", "words"),
    [
        ("bucket=1h", "entity", "missing"),
        ("entity=S1&from=x", "from", "takes a time"),
        ("entity=S1&from=2026-03-02&to=2026-03-01", "to", "not after"),
        ("entity=S1&agg=avg(pm1)", "agg", "'pm10'"),
        ("entity=S1&order=bucket", "order", "not a parameter"),
        ("entity=", "entity", "empty"),
    ],
)
def test_a_history_that_cannot_be_told_is_refused(still, query, where, words):
    assert words in faults(still, f"{AIR}/history?{query}")[where]


def test_a_question_of_too_many_rows_says_how_many_and_is_not_to_be_asked_again():
    with Flask(__name__).test_request_context("/api/v1/datasets/readings/aggregate"):
        problem, headers = judged(TooManyRows("readings", 130_000_000, 100_000_000))
    assert (problem.status, problem.type) == (400, "too-many-rows")
    assert "100000000 rows that one may read: it would read 130000000" in problem.detail
    assert "shorter time" in problem.detail
    assert "Retry-After" not in headers
