"""A page of rows as bytes: texts straight from what the row index keeps, all else as whole answers are."""

from __future__ import annotations

import numpy as np
import orjson
import pyarrow as pa
import shapely

from catalogue import geometry
from catalogue.encode import formats, textual
from catalogue.encode.answers import PLAIN, Answer, Look, stream
from catalogue.encode.gdal import Places
from catalogue.encode.textual import TextFormat, objects
from catalogue.encode.written import features, records
from catalogue.rows.question.plan import ID_COLUMN
from schemas.arrow import ARROW_TYPES, arrow_schema
from schemas.dataset import Column
from schemas.query import RowPage

_TEXTS = {"geojson": textual.GEOJSON, "geojson-seq": textual.GEOJSON_SEQ, "ndjson": textual.NDJSON}


def takes_written(format: str, look: Look = PLAIN) -> bool:
    """Whether a page in a format is put together from rows that are written."""
    return look.shape == "records" and (format == "json" or format in _TEXTS)


def feature_list(page: RowPage) -> bytes:
    """The features of a page of rows that are written, as a JSON list."""
    return b"[%b]" % b",".join(features(page.values))


def page(
    page: RowPage, format: str, *, next_url: str | None = None, look: Look = PLAIN, name: str = "rows"
) -> tuple[bytes, str]:
    """A page as bytes and their media type; raises BadInput for a format that is unknown or needs a geometry.

    Only JSON tells of the next page. Files that have layers or sheets call theirs `name`. Rows that are
    written are taken where `takes_written` says so.
    """
    formats.check(format, page.columns, formats.PAGE_FORMATS, "rows")
    media_type, _ = formats.PAGE_FORMATS[format]
    match format:
        case "json":
            return _json(page, next_url, look), media_type
        case "csv":
            return (textual.BOM if look.bom else b"") + _text(
                page, textual.csv_format(look.cells)
            ), media_type
        case _ if format in _TEXTS:
            return _text(page, _TEXTS[format]), media_type
    return b"".join(stream(_answer(page, name), format)), media_type


def _json(page: RowPage, next_url: str | None, look: Look) -> bytes:
    body: dict[str, object] = {"snapshot": page.snapshot}
    match look.shape:
        case "records":
            body["items"] = _records(page)
        case "arrays":
            body |= {"names": page.names, "items": textual.arrays(page.columns, page.values)}
        case "columns":
            rows = textual.arrays(page.columns, page.values)
            columns = zip(*rows, strict=True) if rows else ([] for _ in page.names)
            body["columns"] = dict(zip(page.names, columns, strict=True))
    if next_url is not None:
        body["next"] = next_url
    if page.count is not None:
        body["count"] = page.count
    return orjson.dumps(body)


def _records(page: RowPage) -> object:
    if not page.written:
        return objects(page.columns, page.values)
    return orjson.Fragment(b"[%b]" % b",".join(records(page.columns, page.values)))


def _text(page: RowPage, format: TextFormat) -> bytes:
    rows = format.written if page.written and format.written else format.rows
    return format.head(page.columns) + rows(page.columns, page.values) + format.tail


def _answer(page: RowPage, name: str) -> Answer:
    described = (ID_COLUMN, *page.columns)
    values = zip(*page.values, strict=True) if page.values else [()] * len(described)
    arrays = [_array(list(v), column) for v, column in zip(values, described, strict=True)]
    rows = pa.Table.from_arrays(arrays, schema=arrow_schema(page.columns))
    place = geometry.geometry_column(page.columns)
    if place is None:
        return Answer(name, page.columns, len(rows), rows.to_batches)
    corners, kinds = geometry.boxes(rows[place])
    places = Places(tuple(kinds), not np.isnan(corners).any())
    return Answer(name, page.columns, len(rows), rows.to_batches, places)


def _array(values: list[object], column: Column) -> pa.Array:
    match column.type:
        case "geometry":
            values = shapely.to_wkb(shapely.from_geojson(values)).tolist() if values else []
        case "time" | "date":
            return pa.array(values, pa.string()).cast(ARROW_TYPES[column.type])
    return pa.array(values, ARROW_TYPES[column.type])
