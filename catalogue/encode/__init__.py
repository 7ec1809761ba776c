"""Rows as bytes: a page in any format, and the whole snapshot as a file."""

from __future__ import annotations

import io
from collections.abc import Mapping

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from catalogue import geometry
from catalogue.encode.export import EXPORT_FORMATS, export
from catalogue.encode.textual import GEOJSON, NDJSON, Cells, TextFormat, csv_format, objects
from catalogue.geoparquet import located
from catalogue.rows.plan import ID_COLUMN
from schemas.arrow import ARROW_TYPES, arrow_schema
from schemas.dataset import Column
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import RowPage

__all__ = ["EXPORT_FORMATS", "PAGE_FORMATS", "export", "page"]

PAGE_FORMATS: Mapping[str, tuple[str, str]] = {"json": ("application/json", "json"), **EXPORT_FORMATS}
"""Media type and file extension of each format a page can have."""


def page(
    page: RowPage, format: str, *, next_url: str | None = None, cells: Cells = "safe"
) -> tuple[bytes, str]:
    """A page as bytes and their media type; raises BadInput for a format that is unknown or needs a geometry.

    Only JSON tells of the next page. In CSV a text that a spreadsheet would run as a formula gets a
    leading ', unless `cells` is "raw".
    """
    if format not in PAGE_FORMATS:
        hint = did_you_mean(format, PAGE_FORMATS)
        raise BadInput([InputError("format", f"{format!r} is not a format of rows", hint)])
    media_type, _ = PAGE_FORMATS[format]
    match format:
        case "json":
            return _json(page, next_url), media_type
        case "parquet":
            return _parquet(page), media_type
        case "arrow":
            return _arrow(page), media_type
        case "geojson":
            if geometry.geometry_column(page.columns) is None:
                raise BadInput(
                    [InputError("format", "these rows have no geometry", "select it, or ask for json")]
                )
            return _text(page, GEOJSON), media_type
        case "ndjson":
            return _text(page, NDJSON), media_type
    return _text(page, csv_format(cells)), media_type


def _json(page: RowPage, next_url: str | None) -> bytes:
    body: dict[str, object] = {"snapshot": page.snapshot, "items": objects(page.columns, page.values)}
    if next_url is not None:
        body["next"] = next_url
    if page.count is not None:
        body["count"] = page.count
    return orjson.dumps(body)


def _text(page: RowPage, format: TextFormat) -> bytes:
    return format.head(page.columns) + format.rows(page.columns, page.values) + format.tail


def _table(page: RowPage) -> pa.Table:
    described = (ID_COLUMN, *page.columns)
    values = zip(*page.values, strict=True) if page.values else [()] * len(described)
    arrays = [_array(list(v), column) for v, column in zip(values, described, strict=True)]
    return pa.Table.from_arrays(arrays, schema=arrow_schema(page.columns))


def _array(values: list[object], column: Column) -> pa.Array:
    match column.type:
        case "geometry":
            values = shapely.to_wkb(shapely.from_geojson(values)).tolist() if values else []
        case "time" | "date":
            return pa.array(values, pa.string()).cast(ARROW_TYPES[column.type])
    return pa.array(values, ARROW_TYPES[column.type])


def _parquet(page: RowPage) -> bytes:
    rows, _ = located(_table(page), page.columns)
    file = io.BytesIO()
    pq.write_table(rows, file, compression="zstd")
    return file.getvalue()


def _arrow(page: RowPage) -> bytes:
    rows = _table(page)
    file = io.BytesIO()
    with pa.ipc.new_stream(file, rows.schema) as stream:
        stream.write_table(rows)
    return file.getvalue()
