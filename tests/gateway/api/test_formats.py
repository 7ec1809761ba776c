"""A page in each format, chosen by name or by Accept."""

from __future__ import annotations

import csv
import io
import json
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
from python_calamine import CalamineWorkbook

PARKS = "/api/v1/datasets/parks/rows"
AIR = "/api/v1/datasets/air/rows"
TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
    "geojson-seq": "application/geo+json-seq",
    "fgb": "application/vnd.flatgeobuf",
    "gpkg": "application/geopackage+sqlite3",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def layer(data, ending):
    """The ids of what GDAL reads; FlatGeobuf has its features in an order of its own."""
    with tempfile.NamedTemporaryFile(suffix=ending) as file:
        file.write(data)
        file.flush()
        return sorted(pyogrio.read_arrow(file.name)[1]["_id"].to_pylist())


def sheet(data):
    return [
        row[0]
        for row in CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()[1:]
    ]


READERS = {
    "json": lambda data: [row["_id"] for row in json.loads(data)["items"]],
    "csv": lambda data: [row["_id"] for row in csv.DictReader(io.StringIO(data.decode()))],
    "geojson": lambda data: [feature["id"] for feature in json.loads(data)["features"]],
    "ndjson": lambda data: [json.loads(line)["_id"] for line in data.splitlines()],
    "parquet": lambda data: pq.read_table(io.BytesIO(data))["_id"].to_pylist(),
    "arrow": lambda data: pa.ipc.open_stream(data).read_all()["_id"].to_pylist(),
    "geojson-seq": lambda data: [json.loads(text)["id"] for text in data.decode().split("\x1e")[1:]],
    "fgb": lambda data: layer(data, ".fgb"),
    "gpkg": lambda data: layer(data, ".gpkg"),
    "xlsx": sheet,
}


def accepted(still, accept, path=PARKS):
    answer = still.get(f"{path}?limit=2", headers={"Accept": accept})
    return answer.mimetype if answer.status_code == 200 else answer.status_code


@pytest.mark.parametrize("format", TYPES)
def test_a_page_comes_in_every_format_with_the_next_in_a_link(still, format):
    seen, url = [], f"{PARKS}?format={format}&limit=10&capacity__gte=50"
    while url:
        answer = still.get(url)
        assert (answer.status_code, answer.mimetype) == (200, TYPES[format])
        assert answer.headers["Vary"]
        seen += READERS[format](answer.data)
        link = answer.headers.get("Link", "")
        url = link.partition(">")[0].removeprefix("<")
        assert not url or f"format={format}" in url
    assert seen == [f"P{n:03}" for n in range(5, 25) if n != 7]


@pytest.mark.parametrize("format", TYPES)
def test_a_page_without_rows_is_whole_in_every_format(still, format):
    answer = still.get(f"{PARKS}?format={format}&id=nobody")
    assert (answer.status_code, READERS[format](answer.data)) == (200, [])
    assert "Link" not in answer.headers


@pytest.mark.parametrize("format", TYPES)
def test_accept_names_a_format_too(still, format):
    assert accepted(still, TYPES[format]) == TYPES[format]


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("application/*", "application/json"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("application/json;q=0, */*", "text/csv"),
        ("application/json;q=0, */*;q=0.1, application/geo+json", "application/geo+json"),
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            "application/json",
        ),
        ("text/csv; charset=utf-8", "text/csv"),
        ("application/json;charset=UTF-8, text/csv;q=0.5", "application/json"),
        ("application/xml", 406),
        ("text/html", 406),
        ("*/*;q=0", 406),
        ("nonsense", 406),
    ],
)
def test_accept_is_weighed(still, accept, given):
    assert accepted(still, accept) == given


def test_what_cannot_be_given_is_406_and_says_what_can(still):
    answer = still.get(PARKS, headers={"Accept": "application/xml"})
    assert (answer.status_code, answer.json["type"]) == (406, "/problems/not-acceptable")
    assert "application/geo+json" in answer.json["detail"]


def test_of_an_endless_accept_what_is_liked_best_is_weighed_and_little_is_repeated(still):
    many = ", ".join(f"text/x{n};q=0.5" for n in range(3_000))
    answer = still.get(PARKS, headers={"Accept": many})
    assert (answer.status_code, len(answer.data) < 2_000) == (406, True)
    assert accepted(still, f"{many}, text/csv") == "text/csv"


def test_a_format_that_is_named_stands_before_accept(still):
    answer = still.get(f"{PARKS}?format=csv", headers={"Accept": "application/json"})
    assert answer.mimetype == "text/csv"


def test_geojson_is_not_offered_for_rows_without_a_place(still):
    assert accepted(still, "application/geo+json, application/json;q=0.5", AIR) == "application/json"
    assert accepted(still, "application/geo+json", AIR) == 406
    for query in (f"{AIR}?format=geojson", f"{PARKS}?format=geojson&select=name"):
        answer = still.get(query)
        assert (answer.status_code, answer.json["errors"][0]["where"]) == (400, "format")


def test_csv_starts_no_formula_in_a_spreadsheet(still):
    answer = still.get(f"{PARKS}?format=csv&id=P005")
    assert "'=1+1" in answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_geojson_is_a_collection_of_features(still):
    body = still.get(f"{PARKS}?format=geojson&id__in=P001,P008").json
    place, nowhere = body["features"]
    assert body["type"] == "FeatureCollection"
    assert place["geometry"] == {"type": "Point", "coordinates": [129.01, 35.1]}
    assert nowhere["geometry"] is None
    assert place["properties"]["name"] == "공원 1"


def test_json_comes_as_columns_or_as_arrays_too(still):
    rows = still.get(f"{PARKS}?limit=3&select=name,capacity,geometry").json
    columns = still.get(f"{PARKS}?limit=3&select=name,capacity,geometry&shape=columns").json
    arrays = still.get(f"{PARKS}?limit=3&select=name,capacity,geometry&shape=arrays").json
    assert arrays["names"] == list(columns["columns"]) == list(rows["items"][0])
    assert [dict(zip(arrays["names"], row, strict=True)) for row in arrays["items"]] == rows["items"]
    assert columns["columns"] == {name: [row[name] for row in rows["items"]] for name in arrays["names"]}
    assert "shape=columns" in columns["next"]
    none = still.get(f"{PARKS}?id=nobody&shape=columns").json
    assert none["columns"]["_id"] == []


def test_csv_begins_with_a_byte_order_mark_where_that_is_asked_for(still):
    plain = still.get(f"{PARKS}?format=csv&limit=2").data
    assert still.get(f"{PARKS}?format=csv&limit=2&bom=true").data == b"\xef\xbb\xbf" + plain
    assert still.get(f"{PARKS}?format=csv&limit=2&bom=false").data == plain


@pytest.mark.parametrize(
    ("asked", "where", "said"),
    [
        ("shape=recrds", "shape", "did you mean 'records'"),
        ("shape=arrays&format=csv", "shape", "format=json"),
        ("bom=true", "bom", "format=csv"),
        ("bom=yes&format=csv", "bom", "true or false"),
        ("shap=arrays", "shap", "did you mean 'shape'"),
        ("format=xslx", "format", "did you mean 'xlsx'"),
    ],
)
def test_a_look_that_cannot_be_given_names_what_can(still, asked, where, said):
    answer = still.get(f"{PARKS}?{asked}")
    assert (answer.status_code, answer.json["errors"][0]["where"]) == (400, where)
    assert said in answer.text


@pytest.mark.parametrize("format", ["geojson", "geojson-seq", "fgb", "gpkg"])
def test_formats_of_places_are_refused_where_rows_have_none(still, format):
    asked = still.get(f"{AIR}?format={format}")
    assert (asked.status_code, asked.json["type"]) == (400, "/problems/bad-input")
    assert still.get(AIR, headers={"Accept": TYPES[format]}).status_code == 406


def test_a_layer_is_called_as_its_dataset(still, tmp_path):
    file = tmp_path / "page.gpkg"
    file.write_bytes(still.get(f"{PARKS}?format=gpkg&limit=2").data)
    assert [name for name, _ in pyogrio.list_layers(file)] == ["parks"]
