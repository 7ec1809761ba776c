"""Columns of values as columns of text, all rows at once: numbers, instants, days and places."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from catalogue import geometry

TEXT = pa.large_string()
"""A batch of shapes can hold more text than 32 bits count."""

Bytes = npt.NDArray[np.uint8]
_COMMA, _SPACE, _T, _Z = (ord(letter) for letter in ", TZ")
_DAY, _SECONDS, _FRACTION = len("2026-11-25"), len("2026-11-25T09:00:00"), len("2026-11-25T09:00:00.000000")


def joined(*columns: Any) -> Any:
    """Texts (n,) put together row by row, null where one of them is; bytes stand for a text of all rows."""
    parts = [pa.scalar(c.decode(), TEXT) if isinstance(c, bytes) else c for c in columns]
    return pc.binary_join_element_wise(*parts, pa.scalar("", TEXT))


def numbers(values: Any) -> Any:
    """Numbers as JSON writes them, null where null."""
    if pa.types.is_integer(values.type):
        return values.cast(TEXT)
    plain = np.ascontiguousarray(values.to_numpy(zero_copy_only=False), np.float64)
    return _nulled(_listed(plain), values)


def instants(values: Any) -> Any:
    """Instants in RFC 3339, UTC as Z, a fraction of six digits only where there is one; null where null."""
    exact = values.cast(pa.timestamp("us")).fill_null(0)
    whole = exact.cast(pa.timestamp("s"), safe=False)
    short = _lettered(whole, _SECONDS)
    fractions = pc.not_equal(exact, whole)
    if pc.any(fractions).as_py():
        short = pc.if_else(fractions, _lettered(exact, _FRACTION), short)
    return _nulled(short, values)


def geojson(values: Any) -> Any:
    """GeoJSON of WKB, coordinates rounded to 7 decimals; null where null."""
    places = _plain_points(values)
    if places is None:
        return pa.array(geometry.geojson(values), TEXT)
    return joined(b'{"type":"Point","coordinates":[', _pairs(places, _COMMA), b"]}")


def wkt(values: Any) -> Any:
    """Well-known text of WKB, coordinates rounded to 7 decimals; null where null."""
    places = _plain_points(values)
    if places is None:
        shapes = geometry.shapes(values)
        return pa.array(shapely.to_wkt(shapes, rounding_precision=geometry.DECIMALS).tolist(), TEXT)
    return joined(b"POINT (", _pairs(places, _SPACE), b")")


def offsets(texts: Any) -> npt.NDArray[np.int64]:
    """Where each text (n,) begins in `letters`, and where the last one ends: (n + 1,)."""
    found = np.frombuffer(texts.buffers()[1], np.int64)
    return found[texts.offset : texts.offset + len(texts) + 1]


def letters(texts: Any) -> Bytes:
    """The UTF-8 of all texts of an array, one behind the other, and what else its buffer holds."""
    data = texts.buffers()[2]
    return np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)


def _lettered(instants: Any, width: int) -> Any:
    """Arrow's text with T and Z put in; all have one width, so that they are a matrix."""
    texts = instants.cast(TEXT)
    ends = offsets(texts)
    if (np.diff(ends) != width).any():
        raise ValueError("an instant lies outside the years 0000 to 9999, for which RFC 3339 has no text")
    matrix = np.full((len(texts), width + 1), _Z, np.uint8)
    matrix[:, :width] = letters(texts)[ends[0] : ends[-1]].reshape(-1, width)
    matrix[:, _DAY] = _T
    return _texts(matrix, np.arange(len(texts) + 1, dtype=np.int64) * (width + 1))


def _plain_points(values: Any) -> geometry.Floats | None:
    """Coordinates (n, 2) where every value is a point of two, none of them null or empty."""
    places = geometry.points(values)
    return places if places is not None and np.isfinite(places).all() else None


def _pairs(places: geometry.Floats, between: int) -> Any:
    rounded = np.ascontiguousarray(np.round(places, geometry.DECIMALS)).reshape(-1)
    return _listed(rounded, 2, between)


def _listed(numbers: geometry.Floats, together: int = 1, between: int = _COMMA) -> Any:
    """Texts of so many numbers each: written by orjson as one list, and cut at its commas."""
    written = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)
    data = np.frombuffer(written, np.uint8)[1:].copy()
    ends = np.flatnonzero(data == _COMMA)
    ends = np.append(ends, len(data) - 1) if len(numbers) else ends
    cuts = ends[together - 1 :: together]
    data[ends] = between
    kept = np.ones(len(data), bool)
    kept[cuts] = False
    starts = np.zeros(len(cuts) + 1, np.int64)
    starts[1:] = cuts - np.arange(len(cuts))
    return _texts(data[kept], starts)


def _texts(data: Bytes, ends: npt.NDArray[np.int64]) -> Any:
    return pa.Array.from_buffers(TEXT, len(ends) - 1, [None, pa.py_buffer(ends), pa.py_buffer(data)])


def _nulled(texts: Any, values: Any) -> Any:
    """Texts with nulls where `values` have them."""
    if not values.null_count:
        return texts
    valid = pc.is_valid(values).buffers()[1]
    return pa.Array.from_buffers(TEXT, len(texts), [valid, *texts.buffers()[1:]])
