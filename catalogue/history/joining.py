"""Put the manifests of parts written apart together to one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from catalogue import geometry
from catalogue.snapshots import around
from schemas.snapshot import Part, Snapshot


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
