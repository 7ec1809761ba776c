"""Datasets and their snapshots in SQL: what is published, since when, and what it replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from catalogue import stored
from catalogue.commit import described, expect, lock, make_current, whole
from catalogue.database import writing
from catalogue.errors import NoRows, SnapshotGone, UnknownDataset, UnknownSnapshot
from catalogue.runs import confirm, land
from catalogue.stewards import reversal
from catalogue.stewards.missing import missing, remember
from catalogue.tables import datasets, snapshots
from schemas.dataset import Dataset
from schemas.problem import did_you_mean
from schemas.run import Run
from schemas.snapshot import Snapshot
from schemas.steward import Missing

_LIVE = datasets.c.withdrawn.is_(None)
_HINTS_FROM = 500


@dataclass(frozen=True)
class Stood:
    """What a publication was compared with, None where nothing stood, and what is missing from it since."""

    snapshot: str | None
    missing: Sequence[Missing] = ()


class Entries:
    """Every change is one transaction that also leaves word for the search index."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def commit(self, dataset: Dataset, snapshot: Snapshot, run: Run, stood: Stood | None = None) -> Run:
        """Make a written snapshot the dataset's current one and the run its cause.

        Raises RunLost, Taken, Barred, or Overtaken where not what it was compared with still stands.
        """
        now = self._clock()
        with writing(self._engine) as connection:
            confirm(connection, run)
            row = lock(connection, dataset)
            if stood is not None:
                expect(row, stood.snapshot)
            before = described(row)
            dataset = replace(dataset, created=before.created if before else None)
            snapshot = make_current(connection, dataset, replace(snapshot, run=run.run), now, run)
            remember(connection, dataset.id, stood.missing if stood else ())
            return land(connection, replace(run, status="published", snapshot=snapshot.id), snapshot.created)

    def withdraw(self, dataset: str, by: str | None = None) -> None:
        """Take a dataset out of the catalogue; raises UnknownDataset."""
        if not reversal.withdraw(self._engine, dataset, by, self._clock()):
            raise self.unknown(dataset)

    def one(self, dataset: str) -> Dataset:
        """A published dataset; raises UnknownDataset."""
        found = self.many([dataset])
        if not found:
            raise self.unknown(dataset)
        return found[0]

    def many(self, ids: Sequence[str]) -> list[Dataset]:
        """The published ones of these datasets, in the order of the ids."""
        asked = sa.select(datasets.c.id, datasets.c.described).where(datasets.c.id.in_(ids), _LIVE)
        with self._engine.connect() as connection:
            found = {row.id: row.described for row in connection.execute(asked)}
        return [stored.dataset(found[id]) for id in ids if id in found]

    def page(self, limit: int, offset: int) -> list[Dataset]:
        """Published datasets by id."""
        asked = sa.select(datasets.c.described).where(_LIVE).order_by(datasets.c.id)
        with self._engine.connect() as connection:
            return [stored.dataset(row) for row in connection.scalars(asked.limit(limit).offset(offset))]

    def with_rows(self) -> list[Dataset]:
        """Published datasets that have rows, in the order of their ids."""
        asked = sa.select(datasets.c.described).where(_LIVE, datasets.c.snapshot.is_not(None))
        with self._engine.connect() as connection:
            return [stored.dataset(row) for row in connection.scalars(asked.order_by(datasets.c.id))]

    def ids(self) -> list[str]:
        """The ids of all published datasets, in order."""
        with self._engine.connect() as connection:
            return list(connection.scalars(sa.select(datasets.c.id).where(_LIVE).order_by(datasets.c.id)))

    def current(self, dataset: str) -> str:
        """The id of the current snapshot; raises UnknownDataset, or NoRows for an entry."""
        asked = sa.select(datasets.c.snapshot, datasets.c.described).where(datasets.c.id == dataset, _LIVE)
        with self._engine.connect() as connection:
            found = connection.execute(asked).one_or_none()
        if found is None:
            raise self.unknown(dataset)
        if found.snapshot is None:
            raise NoRows(dataset, found.described["landing_page"])
        return str(found.snapshot)

    def standing(self, dataset: str) -> Snapshot | None:
        """The current snapshot; None where there is none, or the dataset was withdrawn."""
        try:
            return self.snapshot(dataset, self.current(dataset))
        except (UnknownDataset, NoRows):
            return None

    def missing(self, dataset: str) -> list[Missing]:
        """What is missing of a dataset, or of the list of a feed, and still published."""
        with self._engine.connect() as connection:
            return missing(connection, dataset)

    def snapshot(self, dataset: str, snapshot: str) -> Snapshot:
        """One snapshot by id; raises UnknownSnapshot or SnapshotGone."""
        return self._snapshot(dataset, snapshots.c.id == snapshot, snapshot)

    def snapshot_at(self, dataset: str, instant: datetime) -> Snapshot:
        """The snapshot that was current at an instant; raises UnknownSnapshot or SnapshotGone."""
        still = snapshots.c.replaced.is_(None) | (snapshots.c.replaced > instant)
        return self._snapshot(dataset, (snapshots.c.created <= instant) & still, instant)

    def snapshots(self, dataset: str, limit: int) -> list[Snapshot]:
        """The snapshots that can still be read, newest first."""
        kept = sa.select(snapshots).where(snapshots.c.dataset == dataset, snapshots.c.collected.is_(None))
        with self._engine.connect() as connection:
            found = connection.execute(kept.order_by(snapshots.c.created.desc()).limit(limit)).all()
            return [whole(connection, row) for row in found]

    def _snapshot(self, dataset: str, which: sa.ColumnElement[bool], asked: str | datetime) -> Snapshot:
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(snapshots).where(snapshots.c.dataset == dataset, which)
            ).one_or_none()
            if row is None:
                raise UnknownSnapshot(dataset, asked)
            if row.collected is not None:
                raise SnapshotGone(dataset, row.id)
            return whole(connection, row)

    def unknown(self, dataset: str) -> UnknownDataset:
        """The error, its hint drawn from ids that begin alike and those with rows, not from all of them."""
        alike = _LIVE & datasets.c.id.startswith(dataset[:3], autoescape=True)
        landed = _LIVE & datasets.c.snapshot.is_not(None)
        with self._engine.connect() as connection:
            known: set[str] = set()
            for some in (alike, landed):
                known.update(connection.scalars(sa.select(datasets.c.id).where(some).limit(_HINTS_FROM)))
        return UnknownDataset(dataset, did_you_mean(dataset[:200], known))
