"""Put the manifests of parts written apart together to one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from catalogue import geometry
from catalogue.snapshots import around
from schemas.snapshot import Part, Period, Snapshot


def joined(snapshot: Snapshot, first: Iterable[Part], extent: Snapshot) -> Snapshot:
    """The snapshot with `first` before its own parts, and with the bounds of `extent` too."""
    parts = (*first, *snapshot.parts)
    return replace(
        snapshot,
        parts=parts,
        rows=sum(part.rows for part in parts),
        bytes=sum(part.bytes for part in parts),
        bbox=geometry.around([snapshot.bbox, extent.bbox]),
        period=around([extent.period, snapshot.period]),
    )


def within(period: Period | None, start: datetime | None, end: datetime | None) -> bool:
    """Whether rows of that period may lie between two instants; what is not known may."""
    if period is None or period[0] is None or period[1] is None:
        return True
    return (end is None or period[0] <= end) and (start is None or period[1] >= start)
