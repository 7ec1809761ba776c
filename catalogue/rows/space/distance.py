"""How far rows are from a point, in metres on the ellipsoid of WGS 84."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Geod

from catalogue.geometry import Floats
from schemas.dataset import BBox

STEP = 0.002
"""Degrees of an edge that are drawn as a straight line on the plane around the point: less than 1 mm off."""
_TIGHTEST = 6_335_439.0
"""Metres of the least radius of curvature: on a sphere of it nothing is farther than on the ellipsoid."""
_WIDEST = 6_399_594.0
"""Metres of the greatest one: on a sphere of it nothing is nearer than on the ellipsoid."""
_MARGIN = 1e-9
_FEW = 100
"""Places that are measured on the ellipsoid as soon as on a sphere."""

Shapes = npt.NDArray[Any]


def metres(lon: float, lat: float, shapes: Shapes) -> Floats:
    """Metres (n,) from a point to the nearest point of each geometry, 0 inside; NaN for none and empty ones.

    Edges run straight in longitude and latitude, as GeoJSON says (RFC 7946, 3.1.1).
    """
    found = np.full(len(shapes), np.nan)
    held = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    points = shapely.get_type_id(shapes[held]) == shapely.GeometryType.POINT
    alone, others = held[points], held[~points]
    if len(alone):
        found[alone] = _inverse(lon, lat, shapely.get_coordinates(shapes[alone]))[1]
    if len(others):
        found[others] = _to_edges(lon, lat, shapes[others])
    return found


def nearest(lon: float, lat: float, points: Floats, k: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Which of the places (n, 2) may be among the `k` nearest, in their order, and the metres to each."""
    near = np.arange(len(points))
    if len(points) > max(k, _FEW):
        # A sphere tells all but those apart that are about as far as the last, and is measured much sooner.
        angles = _angles(lon, lat, points)
        last = np.partition(angles, k - 1)[k - 1]
        near = np.flatnonzero(angles * _TIGHTEST <= (last + _MARGIN) * _WIDEST)
    return near, _inverse(lon, lat, points[near])[1]


def within(lon: float, lat: float, reach: float, shapes: Shapes) -> npt.NDArray[np.bool_]:
    """Which geometries (n,) are at most `reach` metres from a point; of most their first place tells."""
    places, owners = shapely.get_coordinates(shapes, return_index=True)
    owners, first = np.unique(owners, return_index=True)
    found = np.zeros(len(shapes), np.bool_)
    found[owners] = _inverse(lon, lat, places[first])[1] <= reach
    unsure = ~found & (shapely.get_type_id(shapes) != shapely.GeometryType.POINT)
    found[unsure] = metres(lon, lat, shapes[unsure]) <= reach
    return found


def around(lon: float, lat: float, distance: float) -> BBox:
    """A box in degrees that holds every place at most `distance` metres from a point."""
    angle = distance / _TIGHTEST + _MARGIN
    degrees = math.degrees(angle)
    south, north = max(lat - degrees, -90.0), min(lat + degrees, 90.0)
    if south == -90.0 or north == 90.0:  # A pole is inside, and with it every longitude.
        return -180.0, south, 180.0, north
    half = math.degrees(math.asin(math.sin(angle) / math.cos(math.radians(lat)))) + math.degrees(_MARGIN)
    if half >= 180.0:
        return -180.0, south, 180.0, north
    return _turned(lon - half), south, _turned(lon + half), north


def _angles(lon: float, lat: float, points: Floats) -> Floats:
    """Radians (n,) from a point to places (n, 2) on a sphere (the haversine formula)."""
    east, north = np.radians(points).T
    x, y = math.radians(lon), math.radians(lat)
    square = np.sin((north - y) / 2) ** 2 + math.cos(y) * np.cos(north) * np.sin((east - x) / 2) ** 2
    found: Floats = 2 * np.arcsin(np.sqrt(np.minimum(square, 1.0)))
    return found


def _turned(lon: float) -> float:
    """A longitude from -180 to 180."""
    return lon if -180.0 <= lon <= 180.0 else lon - math.copysign(360.0, lon)


def _to_edges(lon: float, lat: float, shapes: Shapes) -> Floats:
    """Metres to shapes of any kind, taken apart into points, lines and the edges of areas."""
    parts, owners = _apart(shapes)
    areas = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    inside = areas & shapely.intersects(parts, shapely.Point(lon, lat))
    parts[areas] = shapely.boundary(parts[areas])
    long = shapely.length(parts) > STEP
    parts[long] = shapely.segmentize(parts[long], STEP)
    flat = shapely.transform(parts, lambda pairs: _from(lon, lat, pairs)[0])
    found = np.full(len(shapes), np.inf)
    np.minimum.at(found, owners, np.where(inside, 0.0, shapely.distance(flat, shapely.Point(0, 0))))
    return found


def _apart(shapes: Shapes) -> tuple[Shapes, npt.NDArray[np.int64]]:
    """What shapes consist of, none of it a collection or empty, and to which shape each part belongs."""
    parts, owners = shapely.get_parts(shapes, return_index=True)
    while (shapely.get_num_geometries(parts) > 1).any() or _collected(parts).any():
        parts, above = shapely.get_parts(parts, return_index=True)
        owners = owners[above]
    kept = ~shapely.is_empty(parts)
    return parts[kept], owners[kept]


def _collected(parts: Shapes) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT
    found &= ~shapely.is_empty(parts)
    return found


def _from(lon: float, lat: float, pairs: Floats) -> tuple[Floats, Floats]:
    """Places (n, 2) on the plane around a point that keeps bearings and distances, and the distances (n,)."""
    bearing, distance = _inverse(lon, lat, pairs)
    turned = np.radians(bearing)
    return np.column_stack([distance * np.sin(turned), distance * np.cos(turned)]), distance


def _inverse(lon: float, lat: float, pairs: Floats) -> tuple[Floats, Floats]:
    """In which direction, in degrees (n,), places (n, 2) lie from a point, and how many metres away (n,)."""
    here = np.full(len(pairs), lon), np.full(len(pairs), lat)
    bearing, _, distance = _ellipsoid().inv(*here, pairs[:, 0], pairs[:, 1])
    return np.asarray(bearing), np.asarray(distance)


@cache
def _ellipsoid() -> Geod:
    return Geod(ellps="WGS84")
