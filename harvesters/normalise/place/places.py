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

from harvesters.normalise.contract import Hold
from harvesters.normalise.place.crs import Floats, Lonlat, crs_name, inside
from harvesters.normalise.place.plausible import read_as
from harvesters.normalise.place.shapes import flatten, mend, without
from harvesters.normalise.rejects import Mask, Sieve, Why, mask_of
from harvesters.normalise.repairs import Rule
from harvesters.reading.gis.points import as_points, points
from schemas.dataset import BBox

_LONLAT = (
    ("경도", "위도"), ("longitude", "latitude"), ("lon", "lat"), ("lng", "lat"), ("long", "lat"),
    ("lot", "lat"), ("lo", "la"), ("gpslong", "gpslati"), ("gpslong", "gpslat"), ("gpsx", "gpsy"),
)  # fmt: skip
_EASTINGS = (
    ("x좌표", "y좌표"), ("좌표x", "좌표y"), ("xcoord", "ycoord"), ("xcoor", "ycoor"), ("xcrd", "ycrd"),
    ("x", "y"),
)  # fmt: skip
_NOISE = re.compile(r"\(.*?\)|wgs84|[\W_]")


@dataclass(frozen=True)
class Places:
    """One WKB geometry a row, null where the source gives none, and the CRS it came from."""

    geometry: pa.Array
    source_crs: str | None


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
    """The first pair there is, whole (경도, 위도) before one with a prefix (병원경도, node_x)."""
    for x, y in pairs:
        if x in plain and y in plain:
            return plain[x], plain[y]
    for x, y in pairs:
        for name, theirs in plain.items():
            other = name.removesuffix(x) + y
            if name.endswith(x) and other in plain:
                return theirs, plain[other]
    return None


@dataclass(frozen=True)
class Whereabouts:
    """How the coordinates of a table are read, decided over all of it.

    `axes` are its coordinate columns, None where it has shapes. `turned` takes the first coordinate as the
    northing. `limit` bounds what is a place of the feed, `hint` is said of what lies outside of it. `found`
    says how CRS or order were found out where nobody stated them, `hold` why nothing can be placed. Without
    `rows_go` a row whose place is no good stays, without it.
    """

    axes: Axes | None
    crs: CRS
    limit: BBox
    turned: bool = False
    hint: str = ""
    found: str | None = None
    hold: Hold | None = None
    rows_go: bool = True


def place_points(xy: Lonlat, where: Whereabouts, sieve: Sieve) -> Places:
    """Points from the first and second coordinates, NaN where missing."""
    given = np.isfinite(xy[0]) & np.isfinite(xy[1])
    if where.hold:
        return Places(pa.nulls(len(given), pa.binary()), None)
    lon, lat = np.full(len(given), np.nan), np.full(len(given), np.nan)
    lon[given], lat[given] = read_as(where.crs, where.turned, xy[0][given], xy[1][given])
    given &= ~_check((lon, lat), given, where, sieve)
    if where.found:
        _tell(where, given, sieve, before=_shown(*xy), after=_shown(lon, lat))
    return Places(as_points(lon, lat, given), crs_name(where.crs))


def place_shapes(wkb: pa.ChunkedArray, where: Whereabouts, sieve: Sieve) -> Places:
    """Geometries of any kind; a shape is inside the limit when the centre of its box is."""
    if not where.hold and (flat := points(wkb)) is not None:
        return _place_flat(flat, where, sieve)
    shapes = shapely.from_wkb(wkb.to_numpy(), on_invalid="ignore")
    unread = mask_of(pc.is_valid(wkb)) & shapely.is_missing(shapes)
    set_aside = sieve.drop_rows if where.rows_go else sieve.drop_cells
    set_aside(unread, Why("bad_geometry", "the geometry cannot be read", "geometry"))
    if where.hold:
        return Places(pa.nulls(len(shapes), pa.binary()), None)
    shapes = flatten(shapes, sieve)
    moved = shapely.transform(shapes, lambda x, y: read_as(where.crs, where.turned, x, y), interleaved=False)
    west, south, east, north = shapely.bounds(moved).T
    given = ~shapely.is_missing(moved)
    bad = _check(((west + east) / 2, (south + north) / 2), given, where, sieve)
    _tell(where, given & ~bad, sieve)
    moved = mend(without(moved, bad | ~sieve.kept), sieve)
    return Places(pa.array(shapely.to_wkb(moved, byte_order=1), pa.binary()), crs_name(where.crs))


def _place_flat(at: Floats, where: Whereabouts, sieve: Sieve) -> Places:
    """The same for points (n, 2), NaN where the source gives none: there is nothing to mend in them."""
    given = ~np.isnan(at[:, 0])
    lon, lat = np.full(len(at), np.nan), np.full(len(at), np.nan)
    lon[given], lat[given] = read_as(where.crs, where.turned, at[given, 0], at[given, 1])
    bad = _check((lon, lat), given, where, sieve)
    _tell(where, given & ~bad, sieve)
    return Places(as_points(lon, lat, given & ~bad & sieve.kept), crs_name(where.crs))


def _check(at: Lonlat, given: Mask, where: Whereabouts, sieve: Sieve) -> Mask:
    """Set aside what has no place on earth and what lies outside the limit, and say which that is."""
    set_aside = sieve.drop_rows if where.rows_go else sieve.drop_cells
    lon, lat = at
    on_earth = np.isfinite(lon) & np.isfinite(lat)
    lost = given & ~on_earth
    set_aside(lost, Why("bad_geometry", "the coordinates have no place in their CRS", "geometry"))
    outside = given & on_earth & ~inside(where.limit, lon, lat)
    if not outside.any():
        return lost
    bounds = ", ".join(f"{edge:g}" for edge in where.limit)
    said = f"the place lies outside the extent {bounds}"
    mixed = outside & inside(where.limit, lat, lon)
    why = Why("outside_extent", f"{said}; its longitude and latitude are the wrong way round", "geometry")
    set_aside(mixed, why, _shown(lon, lat))
    rest = outside & ~mixed
    set_aside(rest, Why("outside_extent", said + where.hint, "geometry"), _shown(lon, lat))
    return lost | outside


def _tell(
    where: Whereabouts,
    given: Mask,
    sieve: Sieve,
    *,
    before: pa.Array | None = None,
    after: pa.Array | None = None,
) -> None:
    """Note that the CRS or the order of the coordinates was found out and not stated."""
    if where.found:
        word = "axes_turned" if where.turned else "crs_found"
        sieve.mend(Rule(word, where.found, "geometry"), given, before=before, after=after)


def _shown(lon: Floats, lat: Floats) -> pa.Array:
    """Longitude and latitude as text, to a decimetre."""
    parts = [pa.array(np.round(values, 6)).cast(pa.string()) for values in (lon, lat)]
    return pc.binary_join_element_wise(*parts, ", ")
