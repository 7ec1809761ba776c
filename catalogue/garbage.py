"""Remove what nobody can ask for any more: old snapshots, their parts and rejects, files left by a crash."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from catalogue import rejects, repairs
from catalogue.database import writing
from catalogue.storage import Storage
from catalogue.tables import datasets, runs, snapshots, trials, uploaded_feeds

KEEP = timedelta(days=30)
SHORTEST = timedelta(hours=24)
"""A replaced snapshot stays readable this long whatever its feed says, and no run lasts longer than this."""
ALWAYS = 10
_CHUNK = 1_000


def collect(engine: Engine, keep: Mapping[str, timedelta], now: datetime) -> list[str]:
    """Mark the snapshots replaced longer ago than their feed keeps them, and return their ids.

    The ALWAYS newest replaced ones of a dataset stay, unless it was withdrawn. Of growing datasets, which
    have one for each append, not even the ids are kept for ever.
    """
    gone = [row.id for row in _replaced(engine, now) if row.replaced < now - _kept(keep, row.feed)]
    with writing(engine) as connection:
        for start in range(0, len(gone), _CHUNK):
            some = snapshots.c.id.in_(gone[start : start + _CHUNK])
            connection.execute(sa.update(snapshots).where(some).values(collected=now))
        forgotten = snapshots.c.lineage.is_not(None) & (snapshots.c.collected < now - KEEP)
        connection.execute(sa.delete(snapshots).where(forgotten))
    return gone


def sweep(engine: Engine, storage: Storage, now: datetime) -> int:
    """Remove the files that no snapshot and no recent run needs, and return how many.

    A young file is left alone: it may belong to a run that has yet to commit.
    """
    # Nothing else is ours to remove: other things of the city may lie in the same folder.
    files = chain.from_iterable(storage.files(folder) for folder in ("parts", "rejects", "uploads"))
    old = [path for path, written in files if written < now - SHORTEST]
    needed = _parts(engine) | _rejects(engine, now - KEEP) | _uploads(engine) if old else set()
    orphans = [path for path in old if path not in needed]
    for path in orphans:
        storage.remove(path)
    return len(orphans)


def _kept(keep: Mapping[str, timedelta], feed: str) -> timedelta:
    return max(keep.get(feed, KEEP), SHORTEST)


def _replaced(engine: Engine, now: datetime) -> list[sa.Row[tuple[str, str, datetime]]]:
    """The replaced snapshots that may go by their number and are old enough for the shortest keep."""
    age = sa.func.row_number().over(partition_by=snapshots.c.dataset, order_by=snapshots.c.created.desc())
    ranked = (
        sa.select(
            snapshots.c.id, snapshots.c.replaced, datasets.c.feed, datasets.c.withdrawn, age.label("age")
        )
        .join(datasets, datasets.c.id == snapshots.c.dataset)
        .where(snapshots.c.replaced.is_not(None), snapshots.c.collected.is_(None))
        .subquery()
    )
    may_go = (ranked.c.age > ALWAYS) | ranked.c.withdrawn.is_not(None)
    asked = sa.select(ranked.c.id, ranked.c.feed, ranked.c.replaced)
    with engine.connect() as connection:
        return list(connection.execute(asked.where(may_go, ranked.c.replaced < now - SHORTEST)))


def _parts(engine: Engine) -> set[str]:
    kept = sa.select(snapshots.c.manifest["parts"]).where(snapshots.c.collected.is_(None))
    with engine.connect() as connection:
        return {part["path"] for parts in connection.scalars(kept) for part in parts or ()}


def _rejects(engine: Engine, since: datetime) -> set[str]:
    kept = sa.select(snapshots.c.id).where(snapshots.c.collected.is_(None))
    needed = runs.c.snapshot.in_(kept) | (runs.c.finished > since)
    with engine.connect() as connection:
        found = connection.execute(sa.select(runs.c.dataset, runs.c.run).where(needed))
        return {path(row.dataset, row.run) for row in found for path in (rejects.path_of, repairs.path_of)}


def _uploads(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        files = sa.union(sa.select(trials.c.file), sa.select(uploaded_feeds.c.file))
        return {file for file in connection.scalars(files) if file is not None}
