"""An answer as SODA writes it: numbers as texts, days as floating timestamps, and no member for a null."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import orjson
import shapely

from gateway.dialects.soda.finding import Found
from schemas.dataset import Column

_TYPES = {
    "text": "text", "integer": "number", "number": "number", "boolean": "checkbox",
    "date": "floating_timestamp", "time": "fixed_timestamp",
}  # fmt: skip
SHAPES = {
    "Point": "point", "MultiPoint": "multipoint", "LineString": "line", "MultiLineString": "multiline",
    "Polygon": "polygon", "MultiPolygon": "multipolygon",
}  # fmt: skip
# First letters by which a spreadsheet takes a text for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def soda_type(column: Column, value: object = None) -> str:
    """SODA's word for what a column holds; that of a geometry is told by one of its values, GeoJSON."""
    if column.type != "geometry":
        return _TYPES[column.type]
    kind = json.loads(value)["type"] if isinstance(value, str) else "Point"
    return SHAPES.get(kind, "point")


def types(found: Found) -> list[str]:
    """The types of the columns of an answer."""
    firsts = [
        next((row[place] for row in found.values if row[place] is not None), None)
        if column.type == "geometry"
        else None
        for place, column in enumerate(found.columns)
    ]
    return [soda_type(column, first) for column, first in zip(found.columns, firsts, strict=True)]


def as_json(found: Found) -> bytes:
    """A list of objects; what is null has no member."""
    writers = [_WRITERS.get(column.type, _as_it_is) for column in found.columns]
    rows = [
        {
            name: write(value)
            for name, write, value in zip(found.names, writers, row, strict=True)
            if value is not None
        }
        for row in found.values
    ]
    return orjson.dumps(rows, option=orjson.OPT_APPEND_NEWLINE)


def as_csv(found: Found) -> bytes:
    """CSV with every cell in quotes, geometries as WKT; a text that would run as a formula begins with '."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([_safe(name) for name in found.names])
    writer.writerows(
        [_cell(value, column) for value, column in zip(row, found.columns, strict=True)]
        for row in found.values
    )
    return file.getvalue().encode()


def as_geojson(found: Found) -> bytes:
    """A collection of features, the first geometry of the answer being theirs."""
    place = next((p for p, column in enumerate(found.columns) if column.type == "geometry"), None)
    features = []
    for row in found.values:
        members = zip(found.names, found.columns, row, strict=True)
        said = {
            name: _WRITERS.get(column.type, _as_it_is)(value) if value is not None else None
            for number, (name, column, value) in enumerate(members)
            if number != place
        }
        shape = None if place is None or row[place] is None else orjson.Fragment(str(row[place]))
        features.append({"type": "Feature", "geometry": shape, "properties": said})
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def _as_it_is(value: Any) -> Any:
    return value


_WRITERS: dict[str, Callable[[Any], Any]] = {
    "integer": str,
    "number": str,
    "date": lambda day: f"{day}T00:00:00.000",
    "geometry": orjson.Fragment,
}


def _cell(value: object, column: Column) -> object:
    if value is None:
        return ""
    match column.type:
        case "geometry":
            return shapely.to_wkt(shapely.from_geojson(str(value)), rounding_precision=7)
        case "boolean":
            return str(value).lower()
        case "text":
            return _safe(str(value))
    return _WRITERS.get(column.type, _as_it_is)(value)


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
