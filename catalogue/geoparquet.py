"""GeoParquet 1.1: what a table of places carries so that any reader finds and prunes by its geometry."""

from __future__ import annotations

import json

import pyarrow as pa

from catalogue import geometry
from schemas.dataset import Column

VERSION = "1.1.0"


def covering_name(columns: tuple[Column, ...]) -> str:
    """The column that holds the box of each row's geometry; `bbox` unless that name is published."""
    name = "bbox"
    while name in {column.name for column in columns}:
        name = f"_{name}"
    return name


def located(rows: pa.Table, columns: tuple[Column, ...]) -> tuple[pa.Table, geometry.Floats | None]:
    """Rows with a covering box column and `geo` metadata, and the boxes (n, 4); as they are without geometry.

    https://geoparquet.org/releases/v1.1.0/: without `crs`, coordinates are in OGC:CRS84.
    """
    place = geometry.geometry_column(columns)
    if place is None:
        return rows, None
    corners, kinds = geometry.boxes(rows[place])
    cover = covering_name(columns)
    described: dict[str, object] = {
        "encoding": "WKB",
        "geometry_types": kinds,
        "covering": {"bbox": {corner: [cover, corner] for corner in geometry.CORNERS}},
    }
    whole = geometry.extent(corners)
    if whole is not None:
        described["bbox"] = list(whole)
    geo = {"version": VERSION, "primary_column": place, "columns": {place: described}}
    metadata = {**(rows.schema.metadata or {}), b"geo": json.dumps(geo, ensure_ascii=False).encode()}
    rows = rows.append_column(cover, geometry.covering(corners))
    return rows.replace_schema_metadata(metadata), corners
