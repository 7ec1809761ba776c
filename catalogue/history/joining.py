"""Put the manifests of parts written apart together to one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from schemas.dataset import BBox
from schemas.snapshot import Part, Period, Snapshot


def joined(snapshot: Snapshot, first: Iterable[Part], extent: Snapshot) -> Snapshot:
    """The snapshot with `first` before its own parts, and with the bounds of `extent` too."""
    parts = (*first, *snapshot.parts)
    return replace(
        snapshot,
        parts=parts,
        rows=sum(part.rows for part in parts),
        bytes=sum(part.bytes for part in parts),
        bbox=bounds(snapshot.bbox, extent.bbox),
        period=span(snapshot.period, extent.period),
    )


def bounds(one: BBox | None, other: BBox | None) -> BBox | None:
    """The box around both, all the way round where one crosses the antimeridian; None where there is none."""
    if one is None or other is None:
        return one or other
    south, north = min(one[1], other[1]), max(one[3], other[3])
    if one[0] > one[2] or other[0] > other[2]:
        return (-180.0, south, 180.0, north)
    return (min(one[0], other[0]), south, max(one[2], other[2]), north)


def span(one: Period | None, other: Period | None) -> Period | None:
    """From the first instant of both to the last; None where neither has one."""
    ends = [end for period in (one, other) if period for end in period if end is not None]
    return (min(ends), max(ends)) if ends else None


def within(period: Period | None, start: datetime | None, end: datetime | None) -> bool:
    """Whether rows of that period may lie between two instants; what is not known may."""
    if period is None or period[0] is None or period[1] is None:
        return True
    return (end is None or period[0] <= end) and (start is None or period[1] >= start)
