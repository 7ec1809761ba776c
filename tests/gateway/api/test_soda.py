"""sodapy, as it is, reads our datasets: pages, filters, groups, metadata, and errors that tell."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pyarrow as pa
import pytest
import requests

from catalogue import Publication
from schemas.arrow import ID, arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.run import REJECTS

P = [f"P{n:03}" for n in range(25)]


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(row["id"] for row in rows)


def test_all_rows_come_in_pages_each_once(socrata):
    rows = list(socrata.get_all("parks", limit=10, order=":id"))
    assert [row["id"] for row in rows] == P


def test_values_are_spelled_as_sodas_types_and_nulls_have_no_member(socrata):
    (row,) = socrata.get("parks", id="P007")
    assert "capacity" not in row
    assert row["area"] == "1.75"
    assert row["open"] is False
    assert row["since"] == "2026-03-08T00:00:00.000"
    assert row["checked"] == "2026-03-01T07:00:00.500Z" or row["checked"].startswith("2026-03-01T07:00:00.5")
    assert row["geometry"] == {"type": "Point", "coordinates": [129.02, 35.11]}


def test_system_fields_are_there_where_they_are_asked_for(socrata):
    (row,) = socrata.get("parks", id="P001", exclude_system_fields="false")
    assert row[":id"] == "P001"
    (row,) = socrata.get("parks", select=":id, name as title", where=":id = 'P001'")
    assert row == {":id": "P001", "title": "공원 1"}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("capacity > 200", P[21:]),
        ("capacity >= 200 AND open = true", ["P020", "P022", "P024"]),
        ("200 < capacity", P[21:]),
        ("district = '중구' or capacity = 10", sorted([*P[0::3], "P001"])),
        ("not (capacity < 230)", ["P023", "P024"]),
        ("capacity is null", ["P007"]),
        ("capacity IS NOT NULL and capacity <= 10", P[:2]),
        ("id in ('P001', 'P003', 'none')", ["P001", "P003"]),
        ("id not in ('P001') and capacity < 30", ["P000", "P002"]),
        ("capacity between 100 and 120", P[10:13]),
        ("capacity not between 0 and 230", ["P024"]),
        ("starts_with(id, 'P02')", P[20:]),
        ("contains(name, '1') and capacity > 150", [*P[16:20], "P021"]),
        ("id like 'P00_' and id like '%3'", ["P003"]),
        ("upper(id) = 'P004' or upper(id) = 'p003' or lower(id) like 'p02%'", ["P004", *P[20:]]),
        ("open", P[0::2]),
        ("since = '2026-03-05'", ["P004"]),
        ("since >= '2026-03-24T00:00:00.000'", ["P023", "P024"]),
        ("checked < '2026-03-01T11:00:00'", P[:2]),
        ("area = 1.75", ["P007"]),
        ("area > -1 and area < .3", P[:2]),
        ("within_box(geometry, 35.105, 128.99, 35.095, 129.015)", ["P000", "P001"]),
        ("within_circle(geometry, 35.10, 129.00, 950)", ["P000", "P001"]),
        ("intersects(geometry, 'POLYGON((129 35,129.005 35,129.005 36,129 36,129 35))')",
         ["P000", "P005", "P010", "P015", "P020"]),
        ("distance_in_meters(geometry, 'POINT (129 35.1)') < 950", ["P000", "P001"]),
        ("caseless_one_of(id, 'p001', 'p003')", ["P001", "P003"]),
        ("caseless_contains(id, 'p02') and caseless_not_eq(id, 'p020')", P[21:]),
        ("date_extract_y(since) = 2026 and date_extract_d(since) in (5, 6)", ["P004", "P005"]),
        ("date_trunc_ym(since) = '2026-03-01' and date_extract_dow(since) = 0 and capacity < 100", ["P000"]),
        ("date_extract_hh(checked) between 9 and 10", ["P000", "P001", "P024"]),
        ("date_trunc_ymd(checked) >= '2026-03-02' and date_extract_hh(checked) < 2", P[15:17]),
        ("date_extract_y(since) < 2026", []),
        ("not date_extract_m(since) = 4 and capacity < 20", P[:2]),
        ("date_extract_m(since) is null", []),
        ("`id` = 'P001'", ["P001"]),
        ("name = '=1+1'", ["P005"]),
    ],
)  # fmt: skip
def test_what_where_says(socrata, where, expected):
    assert ids(socrata.get("parks", where=where, limit=100)) == expected


def test_columns_by_name_words_order_and_limits(socrata):
    assert ids(socrata.get("parks", district="서구", open="true", limit=2, order="capacity desc")) == [
        "P014",
        "P020",
    ]
    assert [r["id"] for r in socrata.get("parks", order="district, capacity DESC", limit=2, offset=1)] == [
        "P019", "P016",
    ]  # fmt: skip
    assert ids(socrata.get("parks", q="공원 24")) == ["P024"]
    assert socrata.get("parks", limit=0) == []


def test_functions_of_each_row(socrata):
    asked = "lower(id) as low, date_trunc_ym(since) as month, date_extract_hh(checked), capacity"
    found = socrata.get("parks", select=asked, where="id in ('P007', 'P001')", order="id")
    assert found == [
        {
            "low": "p001",
            "month": "2026-03-01T00:00:00.000",
            "date_extract_hh_checked": "10",
            "capacity": "10",
        },
        {"low": "p007", "month": "2026-03-01T00:00:00.000", "date_extract_hh_checked": "16"},
    ]


def test_the_nearest_come_first_with_their_distance(socrata):
    near = "distance_in_meters(geometry, 'POINT (129.0 35.1)')"
    found = socrata.get(
        "parks", select=f"id, {near} as metres", order="metres", where="capacity > 0", limit=2
    )
    assert [row["id"] for row in found] == ["P001", "P005"]
    assert float(found[0]["metres"]) == pytest.approx(911.6, abs=1)
    assert [row["id"] for row in socrata.get("parks", order=near, limit=2, offset=1)] == ["P001", "P005"]
    query = f"select id order by {near} limit 1"
    assert socrata.get("parks", query=query) == [{"id": "P000"}]
    assert socrata.get("parks", select="count(geometry)") == [{"count_geometry": "24"}]


def test_a_row_by_its_id(still):
    answer = still.get("/resource/parks/P007.json")
    assert (answer.json[":id"], answer.json["district"]) == ("P007", "동구")
    again = still.get("/resource/parks/P007", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    missing = still.get("/resource/parks/P999.json")
    assert (missing.status_code, missing.json["code"]) == (404, "row.missing")
    assert still.get("/resource/parks/P007.json?$select=id").status_code == 400


def test_more_rows_than_a_page_come_streamed_and_each_once(house, key):
    columns = (Column("n", "integer"), Column("half", "number"))
    table = pa.table(
        {ID: [str(n) for n in range(45_000)], "n": range(45_000), "half": [n / 2 for n in range(45_000)]}
    )
    many = Dataset("many", Text("여럿", "Many"), "가온시", "CC0-1.0", "many")
    house.publish(
        Publication(many, columns, table.cast(arrow_schema(columns)), REJECTS.empty_table()), "r-many"
    )
    rows = house.get("/resource/many.json?$limit=1000000&$order=n desc", key=key).json
    assert [int(row["n"]) for row in rows] == list(range(45_000))[::-1]
    assert len(house.get("/resource/many.json?$limit=40001&$offset=4000", key=key).json) == 40_001
    lines = (
        house.get("/resource/many.csv?$limit=99999&$$bom=true", key=key).get_data(as_text=True).splitlines()
    )
    assert (len(lines), lines[0]) == (45_001, '\ufeff"n","half"')
    assert len(house.get("/resource/many.geojson?$limit=40000", key=key).json["features"]) == 40_000
    assert house.get("/api/v1/usage", key=key).json["rows"] == 170_001


def test_csv_and_geojson(socrata):
    head, *rows = socrata.get("parks", content_type="csv", limit=6, select="id,name,geometry", order=":id")
    assert head == ["id", "name", "geometry"]
    assert rows[5] == ["P005", "'=1+1", "POINT (129 35.11)"]
    found = socrata.get("parks", content_type="geojson", limit=3, order=":id")
    assert [f["properties"]["id"] for f in found["features"]] == P[:3]
    assert found["features"][1]["geometry"]["coordinates"] == [129.01, 35.1]


def test_metadata(socrata):
    view = socrata.get_metadata("parks")
    assert (view["id"], view["name"], view["attribution"]) == ("parks", "부산 도시공원", "부산광역시")
    kinds = {column["fieldName"]: column["dataTypeName"] for column in view["columns"]}
    assert kinds["area"] == "number"
    assert kinds["geometry"] == "point"


def test_the_datasets_of_the_city_are_listed(socrata):
    listed = socrata.datasets()
    assert {item["resource"]["id"] for item in listed} == {"parks", "air", "odd", "list-1"}
    (parks,) = socrata.datasets(q="공원", limit=1)
    assert parks["resource"]["columns_field_name"][:2] == ["id", "name"]
    assert parks["resource"]["columns_datatype"][-1] == "point"
    assert (parks["metadata"]["domain"], parks["metadata"]["license"]) == (socrata.domain, "KOGL-1")
    assert [i["resource"]["id"] for i in socrata.datasets(ids=["air", "none", "parks"])] == ["air", "parks"]
    assert [i["resource"]["id"] for i in socrata.datasets(categories=["facility"])] == ["parks"]
    assert len(socrata.datasets(order="name", limit=2, offset=1)) == 2
    kinds = {item["resource"]["id"]: item["resource"]["type"] for item in listed}
    assert (kinds["parks"], kinds["list-1"]) == ("dataset", "href")


def test_headers_name_fields_and_types_and_an_unchanged_answer_is_304(still):
    answer = still.get("/resource/parks.json?$select=id,capacity,open,since,checked,geometry&$limit=1")
    assert json.loads(answer.headers["X-SODA2-Fields"])[:2] == ["id", "capacity"]
    assert json.loads(answer.headers["X-SODA2-Types"]) == [
        "text", "number", "checkbox", "floating_timestamp", "fixed_timestamp", "point",
    ]  # fmt: skip
    etag = {"If-None-Match": answer.headers["ETag"]}
    again = still.get(
        "/resource/parks.json?$select=id,capacity,open,since,checked,geometry&$limit=1", headers=etag
    )
    assert again.status_code == 304
    assert json.loads(still.get("/resource/odd.json").headers["X-SODA2-Fields"])[2] == "구 이름"


def test_columns_with_blanks_in_their_names_are_asked_in_quotes(socrata):
    assert socrata.get("odd", where="`구 이름` = '중구'", select="`구 이름` as gu") == [{"gu": "중구"}]
    (head, *_) = csv.reader(io.StringIO(requests.get(f"http://{socrata.domain}/resource/odd.csv").text))
    assert head == ["limit", "format", "구 이름"]


def test_without_an_ending_accept_says_the_format(still):
    for asked, mimetype in (
        ("text/csv", "text/csv"),
        ("*/*", "application/json"),
        ("image/png", "application/json"),
    ):
        assert still.get("/resource/parks", headers={"Accept": asked}).mimetype == mimetype


def test_a_key_is_taken_where_such_clients_put_it_and_tokens_of_others_say_nothing(house, key):
    path = "/resource/parks.json?$limit=1"
    for sent in ({"X-App-Token": key}, {"Authorization": f"OAuth {key}"}):
        assert house.get(path, headers=sent).status_code == 200
    assert house.get(f"{path}&$$app_token={key}").status_code == 200
    assert house.get(f"{path}&%24%24app_token={key}").status_code == 200
    assert house.get("/api/v1/usage", key=key).json["requests"] == 4
    for sent in ({"X-App-Token": "bjp8KrRvAPtuf809u1UXnI0Z8"}, {}):
        assert house.get(f"{path}&$$app_token=bjp8KrRvAPtuf809u1UXnI0Z8", headers=sent).status_code == 200
    assert house.get("/api/v1/usage", key=key).json["requests"] == 4
    wrong = house.get(path, headers={"X-App-Token": f"{key[:-1]}!"})
    assert wrong.status_code == 401
    assert house.get(path, headers={"X-App-Token": key, "X-API-Key": key[:-1]}).status_code == 400


def test_usage_counts_the_rows(house, key):
    house.get("/resource/parks.json?$limit=7", key=key)
    usage = house.get("/api/v1/usage", key=key).json
    assert (usage["requests"], usage["rows"]) == (1, 7)
