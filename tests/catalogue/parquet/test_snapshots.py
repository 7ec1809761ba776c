"""What the files of a snapshot promise to whoever opens them, here or elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from catalogue import geometry, snapshots
from catalogue.rows import Rows
from schemas.arrow import columns_of
from schemas.dataset import Column, Text
from schemas.query import RowQuery

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
PLACES = (
    Column("name", "text", Text("이름", "Name")),
    Column("geometry", "geometry", role="geometry"),
)
READINGS = (
    Column("detector", "text", key=True, role="key"),
    Column("measured_at", "time", key=True, role="time"),
    Column("speed", "number", Text("속도", "Speed"), unit="km/h"),
)


def points(*lonlat):
    return [None if at is None else shapely.to_wkb(shapely.Point(at)) for at in lonlat]


def written(storage, snapshot):
    return pq.read_table(storage.path(snapshot.parts[0].path))


def test_a_snapshot_of_places_is_geoparquet_with_a_covering_box(storage, publication):
    rows = [("a", "가", point) for point in points((129.1, 35.1), (129.0, 35.0), None)]
    rows = [(f"{i}", name, wkb) for i, (_, name, wkb) in enumerate(rows)]

    snapshot = snapshots.write(publication(PLACES, rows), storage, "s1", NOW)

    geo = json.loads(pq.read_schema(storage.path(snapshot.parts[0].path)).metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    described = geo["columns"][geo["primary_column"]]
    assert described["encoding"] == "WKB"
    assert described["geometry_types"] == ["Point"]
    assert described["bbox"] == [129.0, 35.0, 129.1, 35.1]
    assert described["covering"]["bbox"]["ymax"] == ["bbox", "ymax"]
    assert "crs" not in described
    assert snapshot.bbox == (129.0, 35.0, 129.1, 35.1)
    boxes = {row["_id"]: row["bbox"] for row in written(storage, snapshot).to_pylist()}
    assert boxes["0"] == {"xmin": 129.1, "ymin": 35.1, "xmax": 129.1, "ymax": 35.1}
    assert boxes["2"] is None


def test_another_reader_finds_rows_by_the_covering_box(storage, publication):
    rows = [(str(i), "x", points((129 + i / 100, 35))[0]) for i in range(50)]
    snapshot = snapshots.write(publication(PLACES, rows), storage, "s1", NOW)

    found = duckdb.sql(
        f"SELECT _id FROM read_parquet('{storage.path(snapshot.parts[0].path)}') WHERE bbox.xmin > 129.475"
    ).fetchall()

    assert sorted(found) == [("48",), ("49",)]


def test_the_box_takes_another_name_beside_a_published_bbox(storage, publication):
    columns = (*PLACES, Column("bbox", "text"))
    snapshot = snapshots.write(publication(columns, [("0", "가", None, "theirs")]), storage, "s1", NOW)

    assert written(storage, snapshot)["bbox"].to_pylist() == ["theirs"]
    assert "_bbox" in written(storage, snapshot).column_names


def test_shapes_of_several_kinds_are_named_each(storage, publication):
    shapes = [shapely.Point(1, 2), shapely.box(0, 0, 1, 1), shapely.Point(1, 2, 3)]
    rows = [(str(i), "x", shapely.to_wkb(shape)) for i, shape in enumerate(shapes)]

    snapshot = snapshots.write(publication(PLACES, rows), storage, "s1", NOW)

    geo = json.loads(pq.read_schema(storage.path(snapshot.parts[0].path)).metadata[b"geo"])
    assert geo["columns"]["geometry"]["geometry_types"] == ["Point", "Point Z", "Polygon"]
    assert snapshot.bbox == (0.0, 0.0, 1.0, 2.0)


def test_readings_lie_by_key_and_then_time(storage, publication):
    at = [datetime(2026, 11, 1, hour, tzinfo=UTC) for hour in range(3)]
    rows = [
        ("0", "나", at[1], 1.0),
        ("1", "가", at[2], 2.0),
        ("2", "가", at[0], None),
        ("3", "나", at[0], 4.0),
    ]

    snapshot = snapshots.write(publication(READINGS, rows), storage, "s1", NOW)

    assert written(storage, snapshot)["_id"].to_pylist() == ["2", "1", "3", "0"]
    assert snapshot.period == (at[0], at[2])


def test_rows_without_place_and_time_keep_the_order_published(storage, publication):
    columns = (Column("name", "text", key=True),)
    snapshot = snapshots.write(publication(columns, [("z", "z"), ("a", "a")]), storage, "s1", NOW)

    assert written(storage, snapshot)["_id"].to_pylist() == ["z", "a"]
    assert (snapshot.bbox, snapshot.period) == (None, None)


def test_units_and_titles_travel_in_the_file(storage, publication):
    snapshot = snapshots.write(publication(READINGS, []), storage, "s1", NOW)

    assert columns_of(pq.read_schema(storage.path(snapshot.parts[0].path))) == READINGS


def test_neighbours_on_the_curve_are_neighbours_on_the_map():
    side = np.arange(16) / 15
    x, y = (axis.ravel() for axis in np.meshgrid(side, side))
    order = geometry.hilbert_order(np.stack([x, y, x, y], axis=1))

    steps = np.abs(np.diff(x[order])) + np.abs(np.diff(y[order]))
    assert np.allclose(steps, 1 / 15)


def test_rows_are_stored_in_groups_of_65536(storage, publication):
    rows = publication((Column("n", "integer"),), [])
    many = pa.table({"_id": pa.array(map(str, range(150_000))), "n": np.arange(150_000)}, rows.rows.schema)

    snapshot = snapshots.write(type(rows)(rows.dataset, rows.columns, many, rows.rejects), storage, "s", NOW)

    file = pq.ParquetFile(storage.path(snapshot.parts[0].path)).metadata
    assert [file.row_group(i).num_rows for i in range(file.num_row_groups)] == [65536, 65536, 18928]
    assert (snapshot.rows, snapshot.bytes) == (150_000, snapshot.parts[0].bytes)


def test_a_table_in_pieces_is_a_part_for_each_and_is_read_as_one(storage, publication):
    first = [("0", "가", points((129.1, 35.1))[0]), ("1", "나", points((129.0, 35.0))[0])]
    pieces = [publication(PLACES, rows).rows for rows in (first, [], [("2", "다", points((128.5, 35.2))[0])])]
    whole = publication(PLACES, [])

    snapshot = snapshots.write(replace(whole, rows=pieces), storage, "s1", NOW)

    assert [part.rows for part in snapshot.parts] == [2, 1]
    assert (snapshot.rows, snapshot.bbox) == (3, (128.5, 35.0, 129.1, 35.2))
    assert snapshot.bytes == sum(part.bytes for part in snapshot.parts)
    page = Rows(storage, storage.path("derived")).read(snapshot, RowQuery(select=("name",)))
    assert sorted(page.values) == [("0", "가"), ("1", "나"), ("2", "다")]


def test_the_period_of_pieces_is_from_the_first_instant_to_the_last(storage, publication):
    hours = [[(str(hour), "A", NOW.replace(hour=hour), 1.0)] for hour in (5, 2, 9)]
    whole = publication(READINGS, [])
    pieces = (publication(READINGS, rows).rows for rows in hours)

    snapshot = snapshots.write(replace(whole, rows=pieces), storage, "s1", NOW)

    assert snapshot.period == (NOW.replace(hour=2), NOW.replace(hour=9))


def test_rows_that_break_their_columns_are_refused(storage, publication):
    good = publication(READINGS, [])
    bad = type(good)(good.dataset, PLACES, good.rows, good.rejects)

    with pytest.raises(ValueError, match="names"):
        snapshots.write(bad, storage, "s1", NOW)
