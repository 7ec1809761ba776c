"""Datasets and their snapshots in SQL: what is published, since when, and what it replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue import stored
from catalogue.database import insert, writing
from catalogue.encode.export import EXPORT_FORMATS
from catalogue.errors import NoRows, SnapshotGone, Taken, UnknownDataset, UnknownSnapshot
from catalogue.runs import confirm, land
from catalogue.tables import datasets, search_work, snapshots
from schemas.dataset import Dataset
from schemas.problem import did_you_mean
from schemas.run import Run
from schemas.snapshot import Snapshot

_LIVE = datasets.c.withdrawn.is_(None)
_TICK = timedelta(microseconds=1)
_HINTS_FROM = 500


class Entries:
    """Every change is one transaction that also leaves word for the search index."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def commit(self, dataset: Dataset, snapshot: Snapshot, run: Run) -> Run:
        """Make a written snapshot the dataset's current one and the run its cause."""
        with writing(self._engine) as connection:
            confirm(connection, run)
            former = _hold(connection, dataset)
            now = _later_than(_newest(connection, dataset.id), self._clock())
            snapshot = replace(snapshot, created=now, run=run.run)
            dataset = _filled(dataset, snapshot, former.created if former else now)
            _let_go(connection, dataset.id, now)
            connection.execute(
                sa.insert(snapshots).values(
                    id=snapshot.id, dataset=dataset.id, created=now, manifest=snapshot
                )
            )
            _describe(connection, dataset)
            note_changes(connection, [dataset.id])
            return land(connection, replace(run, status="published", snapshot=snapshot.id), now)

    def withdraw(self, dataset: str) -> None:
        """Take a dataset out of the catalogue; its snapshots wait for the garbage collection."""
        now = self._clock()
        with writing(self._engine) as connection:
            live = (datasets.c.id == dataset) & _LIVE
            gone = sa.update(datasets).where(live).values(withdrawn=now, version=datasets.c.version + 1)
            if connection.execute(gone).rowcount:
                _let_go(connection, dataset, now)
                note_changes(connection, [dataset])
                return
        raise self._unknown(dataset)

    def one(self, dataset: str) -> Dataset:
        """A published dataset; raises UnknownDataset."""
        found = self.many([dataset])
        if not found:
            raise self._unknown(dataset)
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
            raise self._unknown(dataset)
        if found.snapshot is None:
            raise NoRows(dataset, found.described["landing_page"])
        return str(found.snapshot)

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
            found = connection.execute(kept.order_by(snapshots.c.created.desc()).limit(limit))
            return [stored.snapshot(row.manifest, row.replaced) for row in found]

    def _snapshot(self, dataset: str, which: sa.ColumnElement[bool], asked: str | datetime) -> Snapshot:
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(snapshots).where(snapshots.c.dataset == dataset, which)
            ).one_or_none()
        if row is None:
            raise UnknownSnapshot(dataset, asked)
        if row.collected is not None:
            raise SnapshotGone(dataset, row.id)
        return stored.snapshot(row.manifest, row.replaced)

    def _unknown(self, dataset: str) -> UnknownDataset:
        """The error, its hint drawn from ids that begin alike and those with rows, not from all of them."""
        alike = _LIVE & datasets.c.id.startswith(dataset[:3], autoescape=True)
        landed = _LIVE & datasets.c.snapshot.is_not(None)
        with self._engine.connect() as connection:
            known: set[str] = set()
            for some in (alike, landed):
                known.update(connection.scalars(sa.select(datasets.c.id).where(some).limit(_HINTS_FROM)))
        return UnknownDataset(dataset, did_you_mean(dataset[:200], known))


def note_changes(connection: Connection, ids: Iterable[str]) -> None:
    """Leave word that the search index must hear of these datasets."""
    work = [{"dataset": id} for id in ids]
    if work:
        connection.execute(sa.insert(search_work), work)


def _hold(connection: Connection, dataset: Dataset) -> Dataset | None:
    """Lock the dataset's row, made if need be, and return what was published under its id."""
    fresh = {"id": dataset.id, "feed": dataset.feed, "version": 0, "described": dataset}
    connection.execute(insert(connection, datasets).values(fresh).on_conflict_do_nothing())
    held = sa.select(datasets).where(datasets.c.id == dataset.id).with_for_update()
    row: sa.Row[Any] = connection.execute(held).one()
    if row.feed != dataset.feed and row.withdrawn is None:
        raise Taken(dataset.id, row.feed, dataset.feed)
    return stored.dataset(row.described) if row.version else None


def _newest(connection: Connection, dataset: str) -> datetime | None:
    """When the newest snapshot of a dataset, current or not, came to be."""
    newest = sa.select(sa.func.max(snapshots.c.created)).where(snapshots.c.dataset == dataset)
    found: datetime | None = connection.scalar(newest)
    return found


def _later_than(former: datetime | None, now: datetime) -> datetime:
    """Now, or just after `former` where the clock was set back, so that snapshots stand in their order."""
    return now if former is None or now > former else former + _TICK


def _filled(dataset: Dataset, snapshot: Snapshot, created: datetime | None) -> Dataset:
    return replace(
        dataset,
        formats=_formats(snapshot),
        rows=snapshot.rows,
        bbox=snapshot.bbox,
        period=snapshot.period,
        snapshot=snapshot.id,
        created=created or snapshot.created,
        updated=snapshot.created,
    )


def _formats(snapshot: Snapshot) -> tuple[str, ...]:
    """What a whole snapshot can be had as."""
    located = any(column.type == "geometry" for column in snapshot.columns)
    return tuple(name for name in sorted(EXPORT_FORMATS) if located or name != "geojson")


def _let_go(connection: Connection, dataset: str, now: datetime) -> None:
    """The current snapshot, where there is one, is current no longer."""
    current = (snapshots.c.dataset == dataset) & snapshots.c.replaced.is_(None)
    connection.execute(sa.update(snapshots).where(current).values(replaced=now))


def _describe(connection: Connection, dataset: Dataset) -> None:
    connection.execute(
        sa.update(datasets)
        .where(datasets.c.id == dataset.id)
        .values(feed=dataset.feed, described=dataset, snapshot=dataset.snapshot, rows=dataset.rows)
        .values(withdrawn=None, version=datasets.c.version + 1)
    )
