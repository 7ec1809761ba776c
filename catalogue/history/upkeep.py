"""Tend growing datasets: put compacted parts in the place of small ones, and let old rows go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue import stored
from catalogue.commit import check_open, held, make_current
from catalogue.database import writing
from catalogue.entries import Entries
from catalogue.history import compaction
from catalogue.queue import new_id
from catalogue.snapshots import time_column
from catalogue.storage import Storage
from catalogue.tables import runs, snapshots
from schemas.snapshot import Part, Snapshot


class Upkeep:
    """Nothing of what is published changes but the files that hold it, except that old rows go."""

    def __init__(
        self, engine: Engine, entries: Entries, storage: Storage, clock: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._entries = entries
        self._storage = storage
        self._clock = clock

    def compact(self, dataset: str) -> bool:
        """Make neighbouring parts of a growing dataset one, and remove their files; False if none was due."""
        current = self._entries.standing(dataset)
        if current is None or current.lineage is None:
            return False
        due = [group for group in compaction.groups(current.parts) if len(group) > 1]
        for group in due:
            folder = f"parts/{dataset}/{new_id(self._clock())}"
            made = compaction.compact(group, self._storage, folder)
            replaced = [part.path for part in group]
            if not self._swap(current, replaced, made):
                replaced = [made.path]
            for path in self._unnamed(current, replaced):
                self._storage.remove(path)
        return bool(due)

    def trim(self, dataset: str, after: timedelta) -> bool:
        """Let the rows go whose time is longer ago than `after`; False if none did.

        That is a new snapshot of a new lineage: former ones are kept as long as their feed says.
        """
        current = self._entries.standing(dataset)
        when = time_column(current.columns) if current else None
        if current is None or current.lineage is None or when is None or when.type != "time":
            return False
        cutoff, now = self._clock() - after, self._clock()
        gone, rows = compaction.outlived(current.parts, when.name, cutoff, self._storage)
        if not gone and not rows:
            return False
        id = new_id(now)
        left = list(current.parts[gone:])
        if rows:
            left[0] = compaction.compact(left[:1], self._storage, f"parts/{dataset}/{id}", skip=rows)
        return self._commit(current, _of(current, id, tuple(left)), now)

    def _swap(self, current: Snapshot, replaced: list[str], made: Part) -> bool:
        """Name one part where several stood; False where they no longer do."""
        with writing(self._engine) as connection:
            row = held(connection, current.dataset)
            stands = _manifest(connection, row.snapshot) if row is not None and row.snapshot else None
            if stands is None or stands.lineage != current.lineage:
                return False
            paths = [part.path for part in stands.parts]
            start = paths.index(replaced[0]) if replaced[0] in paths else 0
            if paths[start : start + len(replaced)] != replaced:
                return False
            parts = (*stands.parts[:start], made, *stands.parts[start + len(replaced) :])
            fresh = replace(stands, parts=parts, bytes=sum(part.bytes for part in parts))
            mine = snapshots.c.id == stands.id
            connection.execute(sa.update(snapshots).where(mine).values(manifest=fresh))
            return True

    def _unnamed(self, current: Snapshot, paths: list[str]) -> list[str]:
        """Those of these files that no kept snapshot of another lineage names."""
        other = snapshots.c.lineage.is_(None) | (snapshots.c.lineage != current.lineage)
        kept = sa.select(snapshots.c.manifest).where(
            snapshots.c.dataset == current.dataset, snapshots.c.collected.is_(None), other
        )
        with self._engine.connect() as connection:
            manifests = connection.scalars(kept).all()
        named = {part["path"] for manifest in manifests for part in manifest.get("parts", ())}
        return [path for path in paths if path not in named]

    def _commit(self, former: Snapshot, fresh: Snapshot, now: datetime) -> bool:
        with writing(self._engine) as connection:
            row = held(connection, former.dataset)
            stands = _manifest(connection, former.id)
            if row is None or row.snapshot != former.id or stands is None or stands.parts != former.parts:
                return False
            check_open(connection, row)
            make_current(connection, stored.dataset(row.described), fresh, now)
            # What the last run brought still stands, so that its source is known to be unchanged.
            mine = (runs.c.dataset == former.dataset) & (runs.c.snapshot == former.id)
            connection.execute(sa.update(runs).where(mine).values(snapshot=fresh.id))
            return True


def _manifest(connection: Connection, snapshot: str) -> Snapshot | None:
    found = connection.scalar(sa.select(snapshots.c.manifest).where(snapshots.c.id == snapshot))
    return None if found is None or "parts" not in found else stored.snapshot(found, None)


def _of(former: Snapshot, id: str, parts: tuple[Part, ...]) -> Snapshot:
    """A snapshot of what is left of one; its bounds are those of all that was."""
    starts = [part.period[0] for part in parts if part.period and part.period[0]]
    end = former.period[1] if former.period else None
    return replace(
        former,
        id=id,
        lineage=id,
        parts=parts,
        rows=sum(part.rows for part in parts),
        bytes=sum(part.bytes for part in parts),
        period=(min(starts), end) if starts else former.period,
    )
