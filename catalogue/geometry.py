"""Where rows are: boxes and GeoJSON of WKB geometries, and their order along a Hilbert curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from schemas.dataset import BBox, Column

Floats = npt.NDArray[np.float64]
DECIMALS = 7  # about a centimetre; more digits are noise that every reader would have to download
CORNERS = ("xmin", "ymin", "xmax", "ymax")

_POINT = 21  # bytes of a two-dimensional WKB point
_BITS = 16
_BLOCK = 1 << 18
"""Points whose distances are found at once; the way there takes ten times their memory."""


def geometry_column(columns: tuple[Column, ...]) -> str | None:
    """The name of the column that says where a row is: the first geometry, None when there is none."""
    return next((column.name for column in columns if column.type == "geometry"), None)


def shapes(wkb: pa.Array | pa.ChunkedArray) -> npt.NDArray[Any]:
    """Shapely geometries of WKB, None where null; raises shapely.errors.GEOSException on a damaged one."""
    return np.asarray(shapely.from_wkb(wkb.to_numpy(zero_copy_only=False)))


def boxes(wkb: pa.ChunkedArray) -> tuple[Floats, list[str]]:
    """Boxes (n, 4) as xmin ymin xmax ymax, NaN where null or empty, and the GeoParquet names of the types."""
    coordinates = points(wkb.combine_chunks())
    if coordinates is not None:
        return np.hstack([coordinates, coordinates]), ["Point"]
    geometries = shapes(wkb)
    return shapely.bounds(geometries).reshape(-1, 4), _types(geometries)


def points(wkb: Any) -> Floats | None:
    """Coordinates (n, 2) read straight from the buffer when every value is a little-endian 2-D point."""
    array = wkb.chunk(0) if isinstance(wkb, pa.ChunkedArray) and wkb.num_chunks == 1 else wkb
    if not isinstance(array, pa.Array) or not len(array) or array.null_count:
        return None
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    if (np.diff(starts) != _POINT).any():
        return None
    cells = np.frombuffer(data, np.uint8)[starts[0] : starts[-1]].reshape(-1, _POINT)
    if (cells[:, :5] != (1, 1, 0, 0, 0)).any():
        return None
    return np.ascontiguousarray(cells[:, 5:]).view("<f8")


def _types(geometries: npt.NDArray[Any]) -> list[str]:
    present = geometries[~shapely.is_missing(geometries)]
    kinds, deep = shapely.get_type_id(present), shapely.has_z(present)
    names = {(int(k), bool(z)) for k, z in np.unique(np.stack([kinds, deep], axis=1), axis=0)}
    words = {member.value: member.name for member in shapely.GeometryType}
    spelt = {
        "LINESTRING": "LineString",
        "MULTIPOINT": "MultiPoint",
        "MULTIPOLYGON": "MultiPolygon",
        "MULTILINESTRING": "MultiLineString",
        "GEOMETRYCOLLECTION": "GeometryCollection",
    }
    return sorted(spelt.get(words[kind], words[kind].title()) + (" Z" if z else "") for kind, z in names)


def extent(corners: Floats) -> BBox | None:
    """The box around all boxes, None when no row is anywhere."""
    there = ~np.isnan(corners[:, 0])
    if not there.any():
        return None
    # Side by side, numbers of one kind are found ten times quicker than row by row.
    west, south, east, north = (corners if there.all() else corners[there]).T
    return float(west.min()), float(south.min()), float(east.max()), float(north.max())


def around(boxes: Sequence[BBox | None]) -> BBox | None:
    """The box around all boxes, None when there is none."""
    known = [box for box in boxes if box is not None]
    if not known:
        return None
    west, south, east, north = zip(*known, strict=True)
    return min(west), min(south), max(east), max(north)


def covering(corners: Floats) -> pa.StructArray:
    """The struct column xmin ymin xmax ymax of GeoParquet 1.1; null where the box is NaN."""
    nowhere = np.isnan(corners[:, 0])
    columns = [pa.array(np.ascontiguousarray(corners[:, i])) for i in range(4)]
    return pa.StructArray.from_arrays(columns, names=list(CORNERS), mask=pa.array(nowhere))


def hilbert_order(corners: Floats) -> npt.NDArray[np.int64]:
    """Row numbers along a Hilbert curve through the middles of the boxes; rows that are nowhere come last."""
    whole = extent(corners)
    if whole is None:
        return np.arange(len(corners), dtype=np.int64)
    low, high = np.array(whole[:2]), np.array(whole[2:])
    span = np.where(high > low, high - low, 1.0)
    distance = np.empty(len(corners), np.int64)
    for start in range(0, len(corners), _BLOCK):
        block = slice(start, start + _BLOCK)
        distance[block] = _distances((corners[block, :2] + corners[block, 2:]) / 2, low, span)
    return np.argsort(distance, kind="stable")


def _distances(middle: Floats, low: Floats, span: Floats) -> npt.NDArray[np.int64]:
    """Distances along the curve of points (n, 2), those that are nowhere behind all others."""
    nowhere: npt.NDArray[np.bool_] = np.isnan(middle[:, 0])
    cell = (np.where(nowhere[:, None], low, middle) - low) / span * ((1 << _BITS) - 1)
    distance = _hilbert(cell[:, 0].astype(np.int64), cell[:, 1].astype(np.int64))
    distance[nowhere] = 1 << (2 * _BITS)
    return distance


def _hilbert(x: npt.NDArray[np.int64], y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Distance along the curve of order 16 for cells (n,) each, by turning quadrant after quadrant."""
    distance = np.zeros(len(x), np.int64)
    for bit in range(_BITS - 1, -1, -1):
        side = 1 << bit
        right, top = (x & side) > 0, (y & side) > 0
        distance += side * side * ((3 * right) ^ top)
        flip = right & ~top
        x, y = np.where(flip, ~x, x), np.where(flip, ~y, y)
        x, y = np.where(top, x, y), np.where(top, y, x)
    return distance


def geojson(wkb: pa.Array | pa.ChunkedArray) -> list[str | None]:
    """GeoJSON texts (n,) of WKB, coordinates rounded to 7 decimals; None where null."""
    coordinates = points(wkb)
    if coordinates is not None and np.isfinite(coordinates).all():
        pairs = _rounded(coordinates).tolist()
        return [f'{{"type":"Point","coordinates":[{x},{y}]}}' for x, y in pairs]
    geometries = shapes(wkb)
    flat = ~shapely.has_z(geometries)
    rounded = geometries.copy()
    rounded[flat] = shapely.transform(geometries[flat], _rounded)
    rounded[~flat] = shapely.transform(geometries[~flat], _rounded, include_z=True)
    texts: list[str | None] = shapely.to_geojson(rounded).tolist()
    return texts


def _rounded(coordinates: Floats) -> Floats:
    return np.round(coordinates, DECIMALS)
