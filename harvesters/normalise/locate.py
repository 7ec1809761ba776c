"""Find where the rows of a parsed table are, from its geometry or from the columns that hold coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from pyproj import CRS

from harvesters.formats import GEOMETRY, Parsed
from harvesters.normalise.cast import Reading, cast, misfits
from harvesters.normalise.cells import as_given
from harvesters.normalise.crs import (
    Floats,
    Lonlat,
    candidates,
    crs_in_name,
    declared_crs,
    inside,
    source_crs,
    to_lonlat,
)
from harvesters.normalise.names import find, tidy
from harvesters.normalise.places import (
    Axes,
    Places,
    assume_crs,
    coordinate_columns,
    middles,
    place_points,
    place_shapes,
    refuse_swapped,
)
from harvesters.normalise.rejects import Sieve, Why
from schemas.dataset import BBox
from schemas.feed import Feed


def has_shapes(table: pa.Table) -> bool:
    """Whether the table came with a geometry of its own."""
    kind = table.schema.field(GEOMETRY).type if GEOMETRY in table.column_names else pa.string()
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def find_axes(parsed: Parsed, feed: Feed) -> Axes | None:
    """The coordinate columns that the feed declares, else those whose names say so; None for shapes."""
    names = [name for name in parsed.table.column_names if name != GEOMETRY]
    if feed.format.x and feed.format.y:
        tidied = {name: tidy(name) for name in names}
        return Axes(find(feed.format.x, tidied), find(feed.format.y, tidied), declared=True)
    return None if has_shapes(parsed.table) else coordinate_columns(names)


@dataclass(frozen=True)
class Whereabouts:
    """How the places of a table are read: the CRS, and the columns that hold them, None for shapes.

    `hint` says where else rows outside the extent might be.
    """

    crs: CRS
    axes: Axes | None = None
    hint: str = ""


def find_places(some: Parsed, feed: Feed, *, extent: BBox, reading: Reading) -> Whereabouts | None:
    """How to read the places of a table, of which `some` holds rows spread over it; None where it has none.

    Raises Unreadable where the CRS cannot be known, FeedMisconfigured for columns that are not there.
    """
    axes = find_axes(some, feed)
    if axes is None and not has_shapes(some.table):
        return None
    crs = _stated(some, feed, axes)
    if axes is None:
        wkb = some.table[GEOMETRY]
        found = Whereabouts(crs or _assumed(wkb, extent))
        refuse_swapped(*middles(wkb, found.crs), extent)
        return found
    given = [as_given(some.table[name]) for name in (axes.x, axes.y)]
    x, y = (_floats(cast(values, "number", reading)) for values in given)
    if not axes.declared and not _plausible(given, (x, y), axes, extent):
        return None
    both = np.isfinite(x) & np.isfinite(y)
    crs = crs or assume_crs(x[both], y[both], extent)
    lon, lat = to_lonlat(crs, x[both], y[both])
    refuse_swapped(lon, lat, extent)
    elsewhere = [] if inside(extent, lon, lat).any() else candidates(x[both], y[both], extent)
    return Whereabouts(crs, axes, f"; it would be inside in {', '.join(elsewhere)}" if elsewhere else "")


def place(piece: pa.Table, where: Whereabouts, sieve: Sieve, *, extent: BBox, reading: Reading) -> Places:
    """The places of the rows of a piece.

    Rows whose coordinates cannot be read or lie outside the extent are left out; rows without
    coordinates are kept.
    """
    if where.axes is None:
        return place_shapes(piece[GEOMETRY], where.crs, extent, sieve)
    found = []
    for name in (where.axes.x, where.axes.y):
        given = as_given(piece[name])
        numbers = cast(given, "number", reading)
        why = Why("bad_geometry", "the coordinate is no number", name)
        sieve.drop_rows(misfits(given, numbers), why, given)
        found.append(_floats(numbers))
    return place_points((found[0], found[1]), where.crs, extent, sieve, hint=where.hint)


def _stated(parsed: Parsed, feed: Feed, axes: Axes | None) -> CRS | None:
    """The feed's word before the source's, and the source's before a hint in a column's name."""
    if feed.format.crs:
        return declared_crs(feed.format.crs, f"feed {feed.id}, [format] crs")
    written = parsed.crs or (crs_in_name(axes.x) if axes else None)
    return source_crs(written) if written else None


def _plausible(given: list[pa.ChunkedArray], xy: Lonlat, axes: Axes, extent: BBox) -> bool:
    """Whether columns that are only named like coordinates hold some.

    Columns X and Y may hold anything: they are places when they fall inside the extent, as degrees or as
    projected coordinates (for which the feed then has to say the CRS).
    """
    both = np.isfinite(xy[0]) & np.isfinite(xy[1])
    written = min(len(values) - values.null_count for values in given)
    if not written:
        return axes.named
    if not both.any() or both.sum() < 0.9 * written:
        return False
    x, y = xy[0][both], xy[1][both]
    return axes.named or bool(inside(extent, x, y).mean() >= 0.9 or candidates(x, y, extent))


def _assumed(wkb: pa.ChunkedArray, extent: BBox) -> CRS:
    bounds = shapely.bounds(shapely.from_wkb(wkb.to_numpy(), on_invalid="ignore"))
    west, south, east, north = bounds[np.isfinite(bounds).all(axis=1)].T
    return assume_crs((west + east) / 2, (south + north) / 2, extent)


def _floats(values: pa.ChunkedArray) -> Floats:
    """NaN where null."""
    floats: Floats = values.cast(pa.float64()).to_numpy()
    return floats
