"""An answer as SODA writes it: numbers as texts, days as floating timestamps, and no member for a null."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
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


def as_json(pages: Iterator[Found]) -> Iterator[bytes]:
    """A list of objects; what is null has no member."""
    lead = b"["
    for found in pages:
        writers = [(column.name, _WRITERS.get(column.type, _as_it_is)) for column in found.columns]
        rows = [
            {
                name: write(value)
                for (name, write), value in zip(writers, row, strict=True)
                if value is not None
            }
            for row in found.values
        ]
        if rows:
            yield lead + orjson.dumps(rows)[1:-1]
            lead = b","
    yield b"[]\n" if lead == b"[" else b"]\n"


def as_csv(pages: Iterator[Found]) -> Iterator[bytes]:
    """CSV with every cell in quotes, geometries as WKT; a text that would run as a formula begins with '."""
    for number, found in enumerate(pages):
        file = io.StringIO(newline="")
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        if number == 0:
            writer.writerow([_safe(name) for name in found.names])
        writer.writerows(
            [_cell(value, column) for value, column in zip(row, found.columns, strict=True)]
            for row in found.values
        )
        yield file.getvalue().encode()


def as_geojson(pages: Iterator[Found]) -> Iterator[bytes]:
    """A collection of features, the first geometry of the answer being theirs."""
    lead = b'{"type":"FeatureCollection","features":['
    for found in pages:
        place = next((p for p, column in enumerate(found.columns) if column.type == "geometry"), None)
        features = [_feature(found, row, place) for row in found.values]
        # A page behind the first has rows: it is asked for only where there are more.
        yield lead + orjson.dumps(features)[1:-1]
        lead = b","
    yield b"]}\n"


def _feature(found: Found, row: tuple[object, ...], place: int | None) -> dict[str, object]:
    said = {
        column.name: None if value is None else _WRITERS.get(column.type, _as_it_is)(value)
        for number, (column, value) in enumerate(zip(found.columns, row, strict=True))
        if number != place
    }
    shape = None if place is None or row[place] is None else orjson.Fragment(str(row[place]))
    return {"type": "Feature", "geometry": shape, "properties": said}


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
