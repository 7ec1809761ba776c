"""Columns of values as columns of text, all rows at once: numbers, instants, days and places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from catalogue import geometry
from catalogue.encode.pieces import TEXT, Coded, Piece, joined, offsets

_DATE = len("2026-11-25")
_SECOND, _DAY = 1_000_000, 86_400_000_000
"""Microseconds of each."""
_SAMPLE, _FEW = 512, 4
"""How many numbers are looked at, and how often each must be among them to be written once for all rows."""


def numbers(values: Any) -> Any:
    """Numbers as JSON writes them, null where null."""
    return _written(figures(values))


def figures(values: Any) -> Coded:
    """The same, each different number once where the same come again and again."""
    if pa.types.is_integer(values.type):
        return _listed(values.fill_null(0).to_numpy(), _missing(values))
    values = values.cast(pa.float64())
    sample = values[:_SAMPLE]
    if _FEW * len(sample.unique()) > len(sample):
        return _listed(values.to_numpy(zero_copy_only=False), _missing(values))
    # By their bits: 0 and -0 are equal, and not written alike.
    found = values.view(pa.int64()).dictionary_encode()
    different = _listed(found.dictionary.view(pa.float64()).to_numpy())
    return Coded(different.texts, different.indices.take(found.indices))


def instants(values: Any) -> Any:
    """Instants in RFC 3339, UTC as Z, a fraction of six digits only where there is one; null where null."""
    days, times = moments(values)
    return joined(_written(days), b"T", _written(times), b"Z")


def moments(values: Any) -> tuple[Coded, Coded]:
    """The days of instants and their times of day, in UTC, as RFC 3339 has them before its T and its Z."""
    exact = values.cast(pa.timestamp("us")).cast(pa.int64()).fill_null(0).to_numpy()
    days, missing = exact // _DAY, _missing(values)
    dates = _different(days.astype(np.int32), missing, lambda day: day.cast(pa.date32()).cast(TEXT))
    if (np.diff(offsets(dates.texts)) != _DATE).any():
        raise ValueError("an instant lies outside the years 0000 to 9999, for which RFC 3339 has no text")
    return dates, _different(exact - days * _DAY, missing, _times)


def geojson(values: Any) -> list[Piece]:
    """GeoJSON of WKB, coordinates rounded to 7 decimals; null where null."""
    places = _plain_points(values)
    if places is None:
        return [pa.array(geometry.geojson(values), TEXT)]
    return [b'{"type":"Point","coordinates":[', _pairs(places, b","), b"]}"]


def wkt(values: Any) -> Any:
    """Well-known text of WKB, coordinates rounded to 7 decimals; null where null."""
    places = _plain_points(values)
    if places is None:
        shapes = geometry.shapes(values)
        return pa.array(shapely.to_wkt(shapes, rounding_precision=geometry.DECIMALS).tolist(), TEXT)
    return joined(b"POINT (", _written(_pairs(places, b" ")), b")")


def _written(column: Coded) -> Any:
    return column.texts.take(column.indices)


def _missing(values: Any) -> npt.NDArray[np.bool_] | None:
    return values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None


def _different(
    values: npt.NDArray[Any], missing: npt.NDArray[np.bool_] | None, spell: Callable[[Any], Any]
) -> Coded:
    found = pa.array(values, mask=missing).dictionary_encode()
    return Coded(spell(found.dictionary), found.indices)


def _times(microseconds: Any) -> Any:
    """Times of day (n,) as RFC 3339 has them."""
    exact = microseconds.cast(pa.time64("us"))
    short = exact.cast(pa.time32("s"), safe=False).cast(TEXT)
    whole = microseconds.to_numpy() % _SECOND == 0
    return short if whole.all() else pc.if_else(pa.array(whole), short, exact.cast(TEXT))


def _plain_points(values: Any) -> geometry.Floats | None:
    """Coordinates (n, 2) where every value is a point of two, none of them null or empty."""
    places = geometry.points(values)
    return places if places is not None and np.isfinite(places).all() else None


def _pairs(places: geometry.Floats, between: bytes) -> Coded:
    written = _listed(np.round(places, geometry.DECIMALS).reshape(-1), together=2)
    if between == b",":
        return written
    return Coded(pc.replace_substring(written.texts, ",", between.decode()), written.indices)


def _listed(
    numbers: npt.NDArray[Any], missing: npt.NDArray[np.bool_] | None = None, *, together: int = 1
) -> Coded:
    """Texts of so many numbers each: written by orjson as one list, the commas between them texts too."""
    written = orjson.dumps(np.ascontiguousarray(numbers), option=orjson.OPT_SERIALIZE_NUMPY)
    commas = np.flatnonzero(np.frombuffer(written, np.uint8) == ord(","))[together - 1 :: together]
    ends = np.empty(2 * len(commas) + 2, np.int64)
    ends[0], ends[-1] = 1, len(written) - 1
    ends[1:-1:2], ends[2:-1:2] = commas, commas + 1
    texts = pa.Array.from_buffers(TEXT, len(ends) - 1, [None, pa.py_buffer(ends), pa.py_buffer(written)])
    return Coded(texts, pa.array(2 * np.arange(len(numbers) // together, dtype=np.int32), mask=missing))
