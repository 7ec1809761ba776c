"""Where the rows are: from a source's geometry or its coordinate columns to WKB in OGC:CRS84."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pyproj import CRS

from harvesters.faults import Unreadable
from harvesters.normalise.crs import (
    CRS84,
    Floats,
    Lonlat,
    candidates,
    crs_name,
    inside,
    looks_like_degrees,
    to_lonlat,
)
from harvesters.normalise.rejects import Mask, Sieve, Why, mask_of
from schemas.dataset import BBox

_LONLAT = (
    ("경도", "위도"), ("longitude", "latitude"), ("lon", "lat"), ("lng", "lat"), ("long", "lat"),
    ("lot", "lat"), ("lo", "la"), ("gpslong", "gpslati"), ("gpslong", "gpslat"), ("gpsx", "gpsy"),
)  # fmt: skip
_EASTINGS = (("x좌표", "y좌표"), ("좌표x", "좌표y"), ("xcoord", "ycoord"), ("xcrd", "ycrd"), ("x", "y"))
_NOISE = re.compile(r"\(.*?\)|wgs84|[\W_]")
_MOST = 0.9


@dataclass(frozen=True)
class Places:
    """One WKB geometry a row, null where the source gives none, and the CRS it came from."""

    geometry: pa.Array
    source_crs: str


@dataclass(frozen=True)
class Axes:
    """The columns that hold eastings and northings, and who says so.

    `declared`: the feed; `named`: names that can mean nothing else; neither: names such as X and Y.
    """

    x: str
    y: str
    declared: bool = False
    named: bool = False


def coordinate_columns(names: Sequence[str]) -> Axes | None:
    """The pair of columns whose names say longitude and latitude, else easting and northing."""
    plain = {_NOISE.sub("", name.casefold()): name for name in reversed(names)}
    for pairs, named in ((_LONLAT, True), (_EASTINGS, False)):
        found = _pair(plain, pairs)
        if found:
            return Axes(*found, named=named)
    return None


def _pair(plain: Mapping[str, str], pairs: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """The first pair there is, whole (경도, 위도) before one with a prefix (병원경도, 병원위도)."""
    for x, y in pairs:
        if x in plain and y in plain:
            return plain[x], plain[y]
    for x, y in pairs:
        for name, theirs in plain.items():
            other = name.removesuffix(x) + y
            if len(x) > 1 and name.endswith(x) and other in plain:
                return theirs, plain[other]
    return None


def place_points(xy: Lonlat, crs: CRS, extent: BBox, sieve: Sieve, *, hint: str = "") -> Places:
    """Points from eastings and northings, NaN where missing."""
    given = np.isfinite(xy[0]) & np.isfinite(xy[1])
    lon, lat = np.full(len(given), np.nan), np.full(len(given), np.nan)
    lon[given], lat[given] = to_lonlat(crs, xy[0][given], xy[1][given])
    _check((lon, lat), given, extent, sieve, hint=hint)
    return Places(_points(lon, lat, given), crs_name(crs))


def assume_crs(x: Floats, y: Floats, extent: BBox) -> CRS:
    """Degrees are OGC:CRS84; raises Unreadable for any other coordinates without a CRS."""
    if looks_like_degrees(x, y):
        return CRS.from_user_input(CRS84)
    if inside(extent, y, x).mean() >= _MOST:
        raise _swapped(x, y)
    fitting = candidates(x, y, extent)
    raise Unreadable(
        f"the coordinates (such as {x[0]:.1f}, {y[0]:.1f}) are no degrees and the source does not say "
        "in which coordinate reference system they are",
        'write [format] crs = "EPSG:…"; inside the extent they would fall in '
        + (", ".join(fitting) or "none of the Korean ones"),
    )


def place_shapes(wkb: pa.ChunkedArray, crs: CRS, extent: BBox, sieve: Sieve) -> Places:
    """Geometries of any kind; a shape is inside the extent when the centre of its box is."""
    shapes = shapely.from_wkb(wkb.to_numpy(), on_invalid="ignore")
    unread = mask_of(pc.is_valid(wkb)) & shapely.is_missing(shapes)
    sieve.drop_rows(unread, Why("bad_geometry", "the geometry cannot be read", "geometry"))
    moved = shapely.transform(shapes, lambda x, y: to_lonlat(crs, x, y), interleaved=False)
    west, south, east, north = shapely.bounds(moved).T
    given = ~(shapely.is_missing(moved) | shapely.is_empty(moved))
    _check(((west + east) / 2, (south + north) / 2), given, extent, sieve)
    written = shapely.to_wkb(np.where(given, moved, None), output_dimension=2, byte_order=1)
    return Places(pa.array(written, pa.binary()), crs_name(crs))


def middles(wkb: pa.ChunkedArray, crs: CRS) -> Lonlat:
    """Longitudes and latitudes of the middles of the boxes of those geometries that can be read."""
    shapes = shapely.from_wkb(wkb.to_numpy(), on_invalid="ignore")
    bounds = shapely.bounds(shapes)
    west, south, east, north = bounds[np.isfinite(bounds).all(axis=1)].T
    return to_lonlat(crs, (west + east) / 2, (south + north) / 2)


def refuse_swapped(lon: Floats, lat: Floats, extent: BBox) -> None:
    """Raise Unreadable where nearly all places lie outside the extent, and inside with their axes swapped."""
    outside = np.isfinite(lon) & np.isfinite(lat) & ~inside(extent, lon, lat)
    if outside.any() and outside.mean() >= _MOST and inside(extent, lat, lon).mean() >= _MOST:
        raise _swapped(lon[outside], lat[outside])


def _check(at: Lonlat, given: Mask, extent: BBox, sieve: Sieve, *, hint: str = "") -> None:
    """Leave out what has no place on earth and what lies outside."""
    lon, lat = at
    on_earth = np.isfinite(lon) & np.isfinite(lat)
    lost = given & ~on_earth
    sieve.drop_rows(lost, Why("bad_geometry", "the coordinates have no place in their CRS", "geometry"))
    outside = given & on_earth & ~inside(extent, lon, lat)
    if not outside.any():
        return
    bounds = ", ".join(f"{edge:g}" for edge in extent)
    why = Why("outside_extent", f"the place lies outside the extent {bounds}{hint}", "geometry")
    sieve.drop_rows(outside, why, _shown(lon, lat))


def _swapped(lon: Floats, lat: Floats) -> Unreadable:
    return Unreadable(
        f"longitude and latitude are the wrong way round (longitude {lon[0]:.4f}, latitude {lat[0]:.4f})",
        "write [format] x = the column that holds longitudes and y = the other",
    )


def _shown(lon: Floats, lat: Floats) -> pa.Array:
    """Longitude and latitude as text, to a decimetre."""
    parts = [pa.array(np.round(values, 6)).cast(pa.string()) for values in (lon, lat)]
    return pc.binary_join_element_wise(*parts, ", ")


def _points(lon: Floats, lat: Floats, given: Mask) -> pa.Array:
    """Little-endian WKB points, written side by side rather than one by one."""
    points = np.zeros(len(lon), dtype=[("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
    points["order"], points["kind"], points["x"], points["y"] = 1, 1, lon, lat
    packed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(21), len(lon), [None, pa.py_buffer(points)])
    return pc.if_else(pa.array(given), packed.cast(pa.binary()), pa.scalar(None, pa.binary()))
