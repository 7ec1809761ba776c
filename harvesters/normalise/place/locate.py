"""Find where the rows of a parsed table are, from its geometry or from the columns that hold coordinates."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
from pyproj import CRS

from harvesters.faults import Unplaced, Unreadable
from harvesters.formats import GEOMETRY, Parsed
from harvesters.normalise.contract import Hold
from harvesters.normalise.place.crs import (
    CRS84,
    Floats,
    crs_in_name,
    crs_name,
    declared_crs,
    inside,
    source_crs,
)
from harvesters.normalise.place.places import Axes, Places, Whereabouts, place_points, place_shapes
from harvesters.normalise.place.plausible import (
    EARTH,
    Sample,
    candidates,
    guesses,
    in_degrees,
    listed,
    read_as,
    turned,
)
from harvesters.normalise.place.survey import find_axes, has_shapes, survey
from harvesters.normalise.rejects import Sieve, Why
from harvesters.normalise.values.cast import Reading, cast, misfits
from harvesters.normalise.values.cells import as_given
from schemas.dataset import BBox
from schemas.feed import Feed

_MOST = 0.9


def find_places(
    some: Parsed, feed: Feed, *, extent: BBox, reading: Reading, anywhere: bool = False
) -> Whereabouts | None:
    """How to read the places of a table, of which `some` holds rows spread over it; None where it has none.

    With `anywhere` a table that lies outside the extent as a whole is taken as it is. Raises Unreadable where
    no CRS fits, FeedMisconfigured for columns or a CRS that there are not.
    """
    axes = find_axes(some.table, feed)
    if axes is None and not has_shapes(some.table):
        return None
    sample = survey(some.table, axes, reading)
    stated, doubt = _stated(feed, some.crs, axes, sample)
    if axes is not None and not axes.declared and not _plausible(axes, sample, extent, stated):
        return None
    if stated is None:
        where = _guessed(axes, sample, extent, doubt)
    else:
        limit = EARTH if anywhere and not _mostly_inside(stated, sample, extent) else extent
        where = _sited(axes, stated, sample, extent=extent, limit=limit)
    return replace(where, rows_go=feed.contract != "discard_value")


def place(piece: pa.Table, where: Whereabouts, sieve: Sieve, *, reading: Reading) -> Places:
    """The places of the rows of a piece.

    Rows whose coordinates cannot be read or lie outside the limit are left out, or only their place; rows
    without coordinates are kept.
    """
    if where.axes is None:
        return place_shapes(piece[GEOMETRY], where, sieve)
    found = []
    for name in (where.axes.x, where.axes.y):
        given = as_given(piece[name])
        number = cast(given, "number", reading)
        set_aside = sieve.drop_rows if where.rows_go else sieve.drop_cells
        column = name if where.rows_go else GEOMETRY
        set_aside(misfits(given, number), Why("bad_geometry", "the coordinate is no number", column), given)
        floats: Floats = number.cast(pa.float64()).to_numpy()
        found.append(floats)
    return place_points((found[0], found[1]), where, sieve)


def _stated(feed: Feed, crs: str | None, axes: Axes | None, sample: Sample) -> tuple[CRS | None, str]:
    """The feed's word before the source's, and the source's before a hint in a column's name.

    A source that says degrees, as every GeoJSON does that says nothing, is not believed where the
    coordinates are none. Coordinates in degrees of which nothing is said are OGC:CRS84.
    """
    if feed.format.crs:
        return declared_crs(feed.format.crs, f"feed {feed.id}, [format] crs"), ""
    written = crs or (crs_in_name(axes.x) if axes else None)
    stated = source_crs(written) if written else None
    degrees = in_degrees(sample.x, sample.y)
    if stated is not None and stated.is_geographic and not degrees:
        return None, f"the source says {crs_name(stated)} and its coordinates are no degrees; "
    return stated or (CRS.from_user_input(CRS84) if degrees else None), ""


def _plausible(axes: Axes, sample: Sample, extent: BBox, stated: CRS | None) -> bool:
    """Whether columns that are only named like coordinates hold some.

    Columns X and Y may hold anything: they are places when they fall inside the extent, as degrees or as
    projected coordinates.
    """
    if not sample.written:
        return axes.named
    if len(sample.x) < _MOST * sample.written:
        return False
    if axes.named:
        return True
    if stated is not None and (
        turned(stated, sample, extent) or _mostly_inside(stated, sample, extent, _MOST)
    ):
        return True
    return bool(candidates(sample, extent))


def _mostly_inside(crs: CRS, sample: Sample, extent: BBox, share: float = 0.5) -> bool:
    if not len(sample.x):
        return True
    return bool(inside(extent, *read_as(crs, False, sample.x, sample.y)).mean() >= share)


def _sited(axes: Axes | None, crs: CRS, sample: Sample, *, extent: BBox, limit: BBox) -> Whereabouts:
    """Coordinates whose CRS is known; their order may be the other one than they are said to be in."""
    if not turned(crs, sample, limit):
        none_inside = len(sample.x) and not inside(limit, *read_as(crs, False, sample.x, sample.y)).any()
        elsewhere = [name for name in candidates(sample, extent) if none_inside]
        hint = f"; it would be inside in {', '.join(elsewhere)}" if elsewhere else ""
        return Whereabouts(axes, crs, limit, hint=hint)
    first = f"{sample.x[0]:.4f}, {sample.y[0]:.4f}"
    if axes is not None and axes.declared:
        raise Unreadable(
            f"longitude and latitude are the wrong way round (such as {first})",
            "write [format] x = the column that holds longitudes and y = the other",
        )
    found = (
        f"the coordinates (such as {first}) were taken the other way round: so nearly all of the rows lie "
        "inside the extent, and as they are written none does"
    )
    return Whereabouts(axes, crs, limit, turned=True, found=found)


def _guessed(axes: Axes | None, sample: Sample, extent: BBox, doubt: str) -> Whereabouts:
    """Projected coordinates of which nobody says in what; raises Unplaced where nothing fits."""
    fitting = guesses(sample, extent, turns=axes is None or not axes.declared)
    first = f"such as {sample.x[0]:.1f}, {sample.y[0]:.1f}" if len(sample.x) else "of which there are none"
    if not fitting:
        raise Unplaced(
            f"{doubt}the coordinates ({first}) are no degrees and the source does not say in which "
            "coordinate reference system they are; none of the Korean ones puts them inside the extent",
            'write [format] crs = "EPSG:…", or the extent that the feed has',
        )
    best = fitting[0]
    if len(fitting) > 1:
        return Whereabouts(axes, best.crs, extent, hold=Hold("ambiguous_crs", doubt + listed(fitting, first)))
    known = "".join(
        f" and {what}"
        for what, there in (
            ("in the provinces they name", sample.boxes is not None),
            ("beside the longitudes and latitudes they come with", sample.beside is not None),
        )
        if there
    )
    found = (
        f"{doubt}the coordinates ({first}) were read as {best.name}, the only Korean system that puts the "
        f"rows inside the extent{known}: {best.share:.1%} of {len(sample.x)} that were tried"
    )
    return Whereabouts(axes, best.crs, extent, turned=best.turned, found=found)
