"""All rows that answer, as one streamed file."""

from __future__ import annotations

import csv
import gzip
import io
import json

import pytest
import zstandard

from catalogue import EXPORT_FORMATS

EXPORT = "/api/v1/datasets/parks/export"
ROWS = "/api/v1/datasets/parks/rows"
EXTENSIONS = [extension for _, extension in EXPORT_FORMATS.values()]


def _unpacked(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


@pytest.mark.parametrize(
    "asked", ["", "?capacity__gte=50", "?select=name,geometry&order=-capacity", "?id=nobody"]
)
@pytest.mark.parametrize("format", ["csv", "ndjson", "geojson"])
def test_an_export_is_the_page_of_all_rows(still, format, asked):
    if format == "geojson" and "select" in asked:
        asked = asked.replace("name,", "")
    export = still.get(f"{EXPORT}.{format}{asked}")
    page = still.get(f"{ROWS}{asked or '?'}&format={format}&limit=10000")
    assert (export.status_code, export.data) == (200, page.data)
    assert export.headers["X-Snapshot"] == page.headers["X-Snapshot"]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_an_export_counts_its_rows_before_the_first_comes(still, extension):
    answer = still.get(f"{EXPORT}.{extension}?capacity__gte=50")
    assert (answer.status_code, answer.headers["X-Rows"]) == (200, "19")
    assert answer.headers["Content-Disposition"] == f"attachment; filename=parks.{extension}"
    tag = answer.headers["ETag"]
    assert tag.startswith('"')
    again = still.get(f"{EXPORT}.{extension}?capacity__gte=50", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert still.get(f"{EXPORT}.{extension}?capacity__gte=50").data == answer.data


@pytest.mark.parametrize(("encoding", "unpack"), [("gzip", gzip.decompress), ("zstd", _unpacked)])
@pytest.mark.parametrize("extension", ["csv", "ndjson", "geojson", "geojsons"])
def test_an_export_of_text_is_packed_as_it_is_written_for_those_who_ask(still, extension, encoding, unpack):
    plain = still.get(f"{EXPORT}.{extension}")
    packed = still.get(f"{EXPORT}.{extension}", headers={"Accept-Encoding": encoding})
    assert packed.headers["Content-Encoding"] == encoding
    assert unpack(packed.data) == plain.data
    assert len(packed.data) < len(plain.data)
    assert "Accept-Encoding" in packed.headers["Vary"]
    asked = {"Accept-Encoding": encoding, "If-None-Match": packed.headers["ETag"]}
    assert still.get(f"{EXPORT}.{extension}", headers=asked).status_code == 304


@pytest.mark.parametrize("extension", ["parquet", "arrow", "fgb"])
def test_an_export_that_is_packed_in_itself_is_not_packed_again(still, extension):
    answer = still.get(f"{EXPORT}.{extension}", headers={"Accept-Encoding": "gzip, zstd"})
    assert (answer.status_code, "Content-Encoding" in answer.headers) == (200, False)


def test_an_export_of_an_earlier_snapshot_stays_as_it_was(house, places):
    before = house.get(ROWS).json["snapshot"]
    first = house.get(f"{EXPORT}.csv?order=name").data
    house.publish(places(2, prefix="N"), "r-new")
    assert house.get(f"{EXPORT}.csv?order=name").headers["X-Rows"] == "2"
    old = house.get(f"{EXPORT}.csv?order=name&snapshot={before}")
    assert (old.data, "immutable" in old.headers["Cache-Control"]) == (first, True)


def test_a_csv_export_may_begin_with_a_byte_order_mark(still):
    assert still.get(f"{EXPORT}.csv?bom=true").data == b"\xef\xbb\xbf" + still.get(f"{EXPORT}.csv").data


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("parks/export.csv?limit=5", "limit"),
        ("parks/export.csv?cursor=x", "cursor"),
        ("parks/export.csv?capacty=5", "did you mean 'capacity'"),
        ("parks/export.cvs", "did you mean 'csv'"),
        ("parks/export.json", "did you mean 'ndjson'"),
        ("parks/export.csv?shape=arrays", "shape"),
        ("air/export.geojson", "no geometry"),
        ("air/export.gpkg?order=measured_at", "no geometry"),
        ("parks/export.geojson?select=name", "no geometry"),
    ],
)
def test_an_export_that_cannot_be_given_is_refused_before_it_begins(still, asked, said):
    answer = still.get(f"/api/v1/datasets/{asked}")
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/bad-input")
    assert said in answer.text


def test_texts_that_look_like_formulas_are_made_safe(house, places):
    rows = csv.DictReader(io.StringIO(house.get("/api/v1/datasets/odd/export.csv").text))
    plain = [json.loads(line) for line in house.get("/api/v1/datasets/odd/export.ndjson").text.splitlines()]
    for row, told in zip(rows, plain, strict=True):
        for name, value in told.items():
            if isinstance(value, str) and value[:1] in tuple("=+-@"):
                assert row[name] == f"'{value}"
