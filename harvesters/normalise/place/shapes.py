"""Mend geometries that others could not draw or measure, and say what was mended."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from harvesters.normalise.rejects import Mask, Sieve, Why
from harvesters.normalise.repairs import Rule

Shapes = npt.NDArray[np.object_]

_AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_EMPTY = Rule("empty_geometry", "a geometry without a point was left out", "geometry")
_FLAT = Rule(
    "height_dropped", "heights and measures of a geometry were left out: places are flat", "geometry"
)
_SPLIT = Rule(
    "antimeridian_split", "a shape across the 180th meridian was parted there (RFC 7946 3.1.9)", "geometry"
)
_VALID = Rule("geometry_mended", "a shape that crosses or touches itself was made valid", "geometry")
_TURNED = Rule(
    "rings_turned", "rings were turned: outer ones run against the clock (RFC 7946 3.1.6)", "geometry"
)
_NO_AREA = Why("bad_geometry", "the shape crosses itself and nothing with an area is left of it", "geometry")


def flatten(shapes: Shapes, sieve: Sieve) -> Shapes:
    """The shapes without heights and measures, null where they are empty."""
    high = shapely.has_z(shapes) | shapely.has_m(shapes)
    sieve.mend(_FLAT, high)
    empty = shapely.is_empty(shapes)
    sieve.mend(_EMPTY, empty)
    return _changed(without(shapes, empty), high & ~empty, shapely.force_2d)


def mend(shapes: Shapes, sieve: Sieve) -> Shapes:
    """Shapes in degrees, split at the antimeridian, valid, and their rings in order.

    A polygon stays one, or several; of one that has no area the cell is set aside.
    """
    if (shapely.get_dimensions(shapes) <= 0).all():
        return shapes  # Points, or nothing: they are as they are.
    west, _, east, _ = shapely.bounds(shapes).T
    wide = np.isfinite(west) & (east - west > 180)
    crossing = np.array([bool(w) and _crosses(s) for w, s in zip(wide, shapes, strict=True)], bool)
    shapes = _changed(shapes, crossing, np.frompyfunc(_split, 1, 1))
    sieve.mend(_SPLIT, crossing)
    areas = np.isin(shapely.get_type_id(shapes), _AREAS)
    invalid = areas & ~shapely.is_valid(shapes)
    if invalid.any():
        shapes = _valid(shapes, invalid, sieve)
        areas &= ~shapely.is_missing(shapes)
    turned = _changed(shapes, areas, partial(shapely.orient_polygons, exterior_cw=False))
    sieve.mend(_TURNED, areas & ~shapely.equals_identical(turned, shapes))
    return turned


def _valid(shapes: Shapes, invalid: Mask, sieve: Sieve) -> Shapes:
    """The shapes with valid polygons for those that are not, null where nothing is left."""
    reasons = np.full(len(shapes), None, dtype=object)
    reasons[invalid] = shapely.is_valid_reason(shapes[invalid])
    made = _changed(shapes, invalid, partial(shapely.make_valid, method="structure", keep_collapsed=False))
    lost = invalid & shapely.is_empty(made)
    before = pa.array(reasons, pa.string())
    sieve.drop_cells(lost, _NO_AREA, before)
    sieve.mend(_VALID, invalid & ~lost, before, _types(made))
    return without(made, lost)


def without(shapes: Shapes, gone: Mask) -> Shapes:
    """The shapes, null where they are gone."""
    left = shapes.copy()
    left[gone] = None
    return left


def _changed(shapes: Shapes, chosen: Mask, change: Callable[[Shapes], Shapes]) -> Shapes:
    if not chosen.any():
        return shapes
    changed = shapes.copy()
    changed[chosen] = change(shapes[chosen])
    return changed


def _crosses(shape: shapely.Geometry) -> bool:
    """Whether a line of the shape jumps over the 180th meridian, and is no edge along the whole world."""
    for part in shapely.get_parts(shapely.boundary(shape) if shape.geom_type.endswith("Polygon") else shape):
        lon = shapely.get_coordinates(part)[:, 0]
        ends = np.abs(lon) == 180
        if ((np.abs(np.diff(lon)) > 180) & ~(ends[1:] & ends[:-1])).any():
            return True
    return False


def _split(shape: shapely.Geometry) -> shapely.Geometry:
    """The shape in two halves of the world, its parts gathered in one."""
    whole = shapely.transform(shape, _unwrapped)
    if shapely.get_dimensions(shape) == 2:
        whole = shapely.make_valid(whole, method="structure", keep_collapsed=False)
    east = shapely.intersection(whole, shapely.box(0, -90, 180, 90))
    west = shapely.intersection(whole, shapely.box(180, -90, 360, 90))
    west = shapely.transform(west, lambda at: at - (360, 0))
    parts = np.concatenate([shapely.get_parts(half) for half in (west, east)])
    parts = parts[shapely.get_dimensions(parts) == shapely.get_dimensions(shape)]
    return (
        shapely.multipolygons(parts)
        if shapely.get_dimensions(shape) == 2
        else shapely.multilinestrings(parts)
    )


def _unwrapped(at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Longitudes from 0 to 360."""
    return np.column_stack((np.where(at[:, 0] < 0, at[:, 0] + 360, at[:, 0]), at[:, 1]))


def _types(shapes: Shapes) -> pa.Array:
    return pa.array([None if shape is None else shape.geom_type for shape in shapes], pa.string())
