"""Pages and whole snapshots in every format, read back by other people's readers."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from catalogue import encode, snapshots
from catalogue.rows import Rows
from schemas.arrow import arrow_schema
from schemas.dataset import Column
from schemas.problem import BadInput
from schemas.query import RowQuery

NOW = datetime(2026, 11, 25, tzinfo=UTC)
AT = datetime(2026, 11, 25, 3, 0, 0, 500_000, tzinfo=UTC)
COLUMNS = (
    Column("name", "text"),
    Column("n", "integer"),
    Column("x", "number"),
    Column("open", "boolean"),
    Column("day", "date"),
    Column("at", "time"),
    Column("geometry", "geometry", role="geometry"),
)
POINT = shapely.to_wkb(shapely.Point(129.123456789, 35.1))
TRICKY = '=HYPERLINK("http://x"), "부산"\n'
ROWS = [
    ("0", "해운대", -3, 0.1, True, date(2026, 11, 25), AT, POINT),
    ("1", TRICKY, None, None, None, None, None, None),
    ("2", "-", 2**60, -1.5, False, date(1, 1, 1), AT.replace(microsecond=0), POINT),
]


@pytest.fixture
def snapshot(storage, publication):
    plain = tuple(column for column in COLUMNS)
    return snapshots.write(publication(plain, ROWS), storage, "s1", NOW)


@pytest.fixture
def page(storage, snapshot, tmp_path):
    rows = Rows(storage, tmp_path / "index")
    rows.build(snapshot)
    yield rows.read(snapshot, RowQuery(count=True))
    rows.close()


def by_id(rows):
    return {row["_id"]: row for row in rows}


def test_json_is_the_body_of_the_api(page):
    body, media_type = encode.page(page, "json", next_url="https://city.example/next")

    assert media_type == "application/json"
    answer = json.loads(body)
    assert (answer["snapshot"], answer["count"], answer["next"]) == ("s1", 3, "https://city.example/next")
    assert by_id(answer["items"])["0"] == {
        "_id": "0",
        "name": "해운대",
        "n": -3,
        "x": 0.1,
        "open": True,
        "day": "2026-11-25",
        "at": "2026-11-25T03:00:00.500000Z",
        "geometry": {"type": "Point", "coordinates": [129.1234568, 35.1]},
    }
    assert by_id(answer["items"])["2"]["at"] == "2026-11-25T03:00:00Z"


def test_the_last_page_names_no_next(page):
    assert "next" not in json.loads(encode.page(page, "json", next_url=None)[0])


def test_csv_cells_that_a_spreadsheet_would_run_are_quoted(page):
    rows = by_id(csv.DictReader(io.StringIO(encode.page(page, "csv")[0].decode(), newline="")))

    assert rows["1"]["name"] == "'" + TRICKY
    assert rows["2"]["name"] == "'-"
    assert rows["0"]["n"] == "-3"
    assert rows["2"]["open"] == "false"
    assert rows["0"]["geometry"] == "POINT (129.1234568 35.1)"
    assert rows["1"]["geometry"] == ""


def test_raw_csv_keeps_every_text(page):
    body, _ = encode.page(page, "csv", look=encode.Look(cells="raw"))

    assert by_id(csv.DictReader(io.StringIO(body.decode(), newline="")))["1"]["name"] == TRICKY


def test_geojson_is_read_by_gdal(page, tmp_path):
    file = tmp_path / "page.geojson"
    file.write_bytes(encode.page(page, "geojson")[0])

    meta, table = pyogrio.read_arrow(file)
    assert meta["geometry_type"] == "Point"
    assert len(table) == 3
    assert set(table["name"].to_pylist()) == {"해운대", TRICKY, "-"}


def test_a_line_of_ndjson_is_a_row(page):
    lines = encode.page(page, "ndjson")[0].splitlines()

    assert len(lines) == 3
    assert by_id(map(json.loads, lines))["1"]["name"] == TRICKY


@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_columnar_pages_keep_types_and_values(page, format):
    body, _ = encode.page(page, format)

    reader = pa.BufferReader(body)
    table = pq.read_table(reader) if format == "parquet" else pa.ipc.open_stream(reader).read_all()
    assert table.select(["_id", "name", "n", "x", "open", "day", "at"]).schema == pa.schema(
        list(arrow_schema(COLUMNS))[:-1]
    )
    row = by_id(table.to_pylist())["0"]
    assert (row["n"], row["x"], row["open"], row["day"], row["at"]) == (-3, 0.1, True, date(2026, 11, 25), AT)
    assert shapely.from_wkb(row["geometry"]).equals_exact(shapely.Point(129.1234568, 35.1))


@pytest.mark.parametrize("format", list(encode.PAGE_FORMATS))
def test_an_empty_page_is_written_in_every_format(storage, publication, tmp_path, format):
    snapshot = snapshots.write(publication(COLUMNS, []), storage, "s0", NOW)
    rows = Rows(storage, tmp_path / "none")

    body, media_type = encode.page(rows.read(snapshot, RowQuery()), format)

    assert media_type == encode.PAGE_FORMATS[format][0]
    if format in ("json", "geojson"):
        assert [] in json.loads(body).values()
    rows.close()


def test_an_unknown_format_names_the_nearest(page):
    with pytest.raises(BadInput) as fault:
        encode.page(page, "geojsn")

    assert fault.value.errors[0].hint == "did you mean 'geojson'?"


def test_geojson_of_rows_without_geometry_is_refused(storage, publication, tmp_path):
    snapshot = snapshots.write(publication((Column("n", "integer"),), [("0", 1)]), storage, "s1", NOW)

    with pytest.raises(BadInput, match="no geometry"):
        encode.Exports(storage, tmp_path).make(snapshot, "geojson")


def test_the_parquet_of_a_whole_snapshot_is_the_stored_part(snapshot, storage, tmp_path):
    made = encode.Exports(storage, tmp_path).make(snapshot, "parquet")
    assert made.path == storage.path(snapshot.parts[0].path)


@pytest.mark.parametrize("format", ["csv", "geojson", "ndjson", "arrow"])
def test_a_download_is_the_page_of_all_rows(page, snapshot, storage, tmp_path, format):
    file = encode.Exports(storage, tmp_path / "downloads").make(snapshot, format).path

    whole = file.read_bytes()
    assert file.name == f"s1.3.{encode.EXPORT_FORMATS[format][1]}"
    if format == "arrow":
        assert [r["_id"] for r in pa.ipc.open_stream(whole).read_all().to_pylist()] == [
            r[0] for r in page.values
        ]
    else:
        assert whole == encode.page(page, format)[0]
    assert {entry.name for entry in file.parent.iterdir()} == {file.name, f"{file.name}.sha256"}


def test_a_download_is_made_once(snapshot, storage, tmp_path):
    first = encode.Exports(storage, tmp_path).make(snapshot, "csv").path.stat().st_mtime_ns

    assert encode.Exports(storage, tmp_path).make(snapshot, "csv").path.stat().st_mtime_ns == first


def test_a_long_download_holds_every_row_once(storage, publication, tmp_path):
    rows = [(str(i), "x", i, None, None, None, None, POINT) for i in range(20_000)]
    snapshot = snapshots.write(publication(COLUMNS, rows), storage, "s1", NOW)

    file = encode.Exports(storage, tmp_path).make(snapshot, "geojson").path
    assert sorted(f["properties"]["n"] for f in json.loads(file.read_bytes())["features"]) == list(
        range(20_000)
    )
    file = encode.Exports(storage, tmp_path).make(snapshot, "ndjson").path
    assert duckdb.sql(f"SELECT count(DISTINCT _id) FROM read_json('{file}')").fetchone() == (20_000,)
