"""Make places of the coordinates of a GeoJSON, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from harvesters.reading.gis.geojson import Unusual

DEPTHS = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
"""How deep in lists the positions of a geometry lie."""

_FEWEST = {"LineString": 2, "MultiLineString": 2, "Polygon": 4, "MultiPolygon": 4}

Floats = npt.NDArray[np.float64]
Offsets = npt.NDArray[np.int64]


def as_wkb(geometries: Sequence[Any]) -> pa.Array:
    """The geometries as WKB, null where there is none; of type null where there is none at all.

    Raises Unusual where one is empty, not closed, of other than two or three coordinates, or a collection.
    """
    places: dict[str, list[int]] = {}
    for place, geometry in enumerate(geometries):
        if geometry is not None:
            places.setdefault(_kind(geometry), []).append(place)
    if not places:
        return pa.nulls(len(geometries))
    shapes = np.full(len(geometries), None, dtype=object)
    for kind, at in places.items():
        shapes[at] = _shapes(kind, [geometries[place]["coordinates"] for place in at])
    return pa.array(shapely.to_wkb(shapes), pa.binary())


def _kind(geometry: Any) -> str:
    kind = geometry.get("type") if type(geometry) is dict and len(geometry) == 2 else None
    if type(kind) is not str or kind not in DEPTHS or "coordinates" not in geometry:
        raise Unusual("a geometry that is no plain one")
    return kind


def _shapes(kind: str, coordinates: list[Any]) -> npt.NDArray[np.object_]:
    offsets: list[Offsets] = []
    level: list[Any] = coordinates
    for _ in range(DEPTHS[kind]):
        inner, level = _opened(level)
        offsets.insert(0, inner)
    return shapes_of(kind, _positions(level), offsets)


def shapes_of(kind: str, positions: Floats, offsets: Sequence[Offsets]) -> npt.NDArray[np.object_]:
    """The shapes of one kind; `offsets` say where the lists around their positions begin and end, inmost
    first. Raises Unusual for lines of one position and rings that do not close."""
    if kind in _FEWEST:
        _check(positions, offsets[0], _FEWEST[kind])
    made: npt.NDArray[np.object_] = shapely.from_ragged_array(
        shapely.GeometryType[kind.upper()], positions, tuple(offsets) or None
    )
    return made


def _opened(lists: list[Any]) -> tuple[Offsets, list[Any]]:
    """What the lists hold, one after another, and where each begins and ends."""
    sizes = [len(each) if type(each) is list else 0 for each in lists]
    if 0 in sizes:
        raise Unusual("a geometry of which a part is empty")
    return np.concatenate(([0], np.cumsum(sizes))), list(chain.from_iterable(lists))


def _positions(level: list[Any]) -> Floats:
    try:
        found = np.array(level)
    except ValueError as error:
        raise Unusual("positions of several lengths") from error
    # Numbers alone: whatever else stands in a position makes an array of something else.
    if found.dtype.kind not in "fi" or found.ndim != 2 or found.shape[1] not in (2, 3):
        raise Unusual("positions that are none")
    return found.astype(np.float64)


def _check(positions: Floats, ends: Offsets, fewest: int) -> None:
    """Lines of one position and rings that do not close are for GDAL to judge."""
    if (np.diff(ends) < fewest).any():
        raise Unusual("a line of too few positions")
    if fewest == _FEWEST["Polygon"] and (positions[ends[:-1]] != positions[ends[1:] - 1]).any():
        raise Unusual("a ring that does not close")
