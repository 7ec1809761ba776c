"""A page of rows written as text: CSV, newline-delimited JSON and GeoJSON, row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import shapely

from catalogue.encode.written import features, records
from catalogue.rows.question.plan import ID_COLUMN
from schemas.dataset import Column

Row = tuple[object, ...]
Cells = Literal["safe", "raw"]
"""How CSV writes a text that a spreadsheet would run as a formula: with a leading ', or as it is."""

BOM = b"\xef\xbb\xbf"
"""By this spreadsheets see that a CSV is UTF-8."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First letters of texts that spreadsheets evaluate (OWASP, CSV injection)."""


@dataclass(frozen=True)
class TextFormat:
    """A format as head, rows and tail; `columns` are those of the rows without `_id`.

    `written` takes rows that are written, where the format can be put together from those.
    """

    head: Callable[[Sequence[Column]], bytes]
    rows: Callable[[Sequence[Column], Iterable[Row]], bytes]
    tail: bytes = b""
    written: Callable[[Sequence[Column], Iterable[Row]], bytes] | None = None


def objects(columns: Sequence[Column], rows: Iterable[Row]) -> list[dict[str, object]]:
    """Rows as JSON objects for orjson, geometries put in as the GeoJSON they are."""
    names = [ID_COLUMN.name, *(column.name for column in columns)]
    shapes = [column.name for column in columns if column.type == "geometry"]
    found = [dict(zip(names, row, strict=True)) for row in rows]
    for name in shapes:
        for row in found:
            row[name] = _fragment(row[name])
    return found


def arrays(columns: Sequence[Column], rows: Iterable[Row]) -> list[list[object]]:
    """Rows as JSON arrays for orjson, values in the order of `_id` and then the columns."""
    shapes = [i for i, column in enumerate(columns, 1) if column.type == "geometry"]
    found = [list(row) for row in rows]
    for place in shapes:
        for row in found:
            row[place] = _fragment(row[place])
    return found


def _fragment(geojson: Any) -> orjson.Fragment | None:
    return None if geojson is None else orjson.Fragment(geojson)


def _ndjson(columns: Sequence[Column], rows: Iterable[Row]) -> bytes:
    lines = (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in objects(columns, rows))
    return b"".join(lines)


def _features(columns: Sequence[Column], rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as GeoJSON features for orjson: the first geometry places one, further ones are properties."""
    names = [column.name for column in columns]
    place, *others = [i for i, column in enumerate(columns) if column.type == "geometry"]
    del names[place]
    found: list[dict[str, Any]] = [
        {
            "type": "Feature",
            "id": row[0],
            "geometry": _fragment(row[place + 1]),
            "properties": dict(zip(names, row[1 : place + 1] + row[place + 2 :], strict=True)),
        }
        for row in rows
    ]
    for name in [columns[i].name for i in others]:
        for feature in found:
            feature["properties"][name] = _fragment(feature["properties"][name])
    return found


def _joined(columns: Sequence[Column], rows: Iterable[Row]) -> bytes:
    # Written as one list, and taken out of its brackets: far quicker than one by one.
    return orjson.dumps(_features(columns, rows))[1:-1]


def _sequence(columns: Sequence[Column], rows: Iterable[Row]) -> bytes:
    """RFC 8142: a record separator before each feature, a line feed behind it."""
    lines = (orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in _features(columns, rows))
    return b"".join(b"\x1e" + line for line in lines)


def csv_format(cells: Cells) -> TextFormat:
    """CSV (RFC 4180, UTF-8); nothing for null, true and false, geometries as WKT."""

    def rows(columns: Sequence[Column], found: Iterable[Row]) -> bytes:
        values = list(zip(*found, strict=True))
        described = [ID_COLUMN, *columns]
        written = [_csv_cells(v, column, cells) for v, column in zip(values, described, strict=False)]
        return csv_lines(zip(*written, strict=True))

    return TextFormat(lambda columns: csv_head(columns, cells), rows)


def csv_head(columns: Sequence[Column], cells: Cells) -> bytes:
    """The first line of CSV: the names of the columns."""
    names = [ID_COLUMN.name, *(column.name for column in columns)]
    return csv_lines([[safe(name) for name in names] if cells == "safe" else names])


def _csv_cells(values: Sequence[Any], column: Column, cells: Cells) -> Sequence[Any]:
    match column.type:
        case "text" if cells == "safe":
            return [safe(text) for text in values]
        case "boolean":
            return [None if truth is None else str(truth).lower() for truth in values]
        case "geometry":
            shapes = shapely.from_geojson(list(values))
            return list(shapely.to_wkt(shapes, rounding_precision=7).tolist())
    return values


def safe(text: str | None) -> str | None:
    """A text as a spreadsheet takes it: one that it would run as a formula gets a leading '."""
    return f"'{text}" if text and text.startswith(FORMULA) else text


def csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows of cells as CSV (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


NDJSON = TextFormat(
    lambda _: b"",
    _ndjson,
    written=lambda columns, rows: b"".join(b"%b\n" % row for row in records(columns, rows)),
)
GEOJSON = TextFormat(
    lambda _: b'{"type":"FeatureCollection","features":[',
    _joined,
    b"]}",
    written=lambda _, rows: b",".join(features(rows)),
)
GEOJSON_SEQ = TextFormat(
    lambda _: b"",
    _sequence,
    written=lambda _, rows: b"".join(b"\x1e%b\n" % row for row in features(rows)),
)
