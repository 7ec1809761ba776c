"""Change what is published of a dataset: the steps that every such transaction is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogue import stored
from catalogue.database import insert
from catalogue.encode.formats import fitting
from catalogue.errors import Barred, Overtaken, Taken
from catalogue.events.log import note
from catalogue.stewards import deeds
from catalogue.tables import datasets, search_work, snapshots
from schemas.dataset import Dataset
from schemas.run import Run
from schemas.snapshot import Snapshot

_TICK = timedelta(microseconds=1)


def note_changes(connection: Connection, ids: Iterable[str]) -> None:
    """Leave word that the search index must hear of these datasets."""
    work = [{"dataset": id} for id in ids]
    if work:
        connection.execute(sa.insert(search_work), work)


def lock(connection: Connection, dataset: Dataset) -> sa.Row[Any]:
    """The dataset's row, made if need be and held until the transaction ends; raises Taken or Barred."""
    fresh = {"id": dataset.id, "feed": dataset.feed, "version": 0, "described": dataset}
    connection.execute(insert(connection, datasets).values(fresh).on_conflict_do_nothing())
    row = held(connection, dataset.id)
    assert row is not None
    if row.feed != dataset.feed and row.withdrawn is None:
        raise Taken(dataset.id, row.feed, dataset.feed)
    check_open(connection, row)
    return row


def held(connection: Connection, dataset: str) -> sa.Row[Any] | None:
    """The row of a dataset that was published once, held until the transaction ends."""
    found: sa.Row[Any] | None = connection.execute(
        sa.select(datasets).where(datasets.c.id == dataset).with_for_update()
    ).one_or_none()
    return found


def check_open(connection: Connection, row: sa.Row[Any]) -> None:
    """Raise Barred where a steward archived or withdrew the dataset of this row."""
    if row.archived is not None:
        raise Barred(row.id, "archived", row.archived)
    if row.withdrawn is not None:
        last = deeds.latest(connection, row.id, ("withdraw", "restore"))
        if last is not None and last.deed == "withdraw":
            raise Barred(row.id, "withdrawn", last.at)


def expect(row: sa.Row[Any], former: str | None) -> None:
    """Raise Overtaken where another snapshot than `former` is current: what was compared is no longer so."""
    current = row.snapshot if row.withdrawn is None else None
    if current != former:
        raise Overtaken(row.id)


def make_current(
    connection: Connection, dataset: Dataset, snapshot: Snapshot, clock: datetime, run: Run | None = None
) -> Snapshot:
    """Put a snapshot in the place of the current one, and describe the dataset by it, row locked before.

    `clock` is now; the snapshot gets that time, or one just after its forerunner's. The log of events tells
    of it, with the changes that `run` counted.
    """
    now = _later_than(_newest(connection, dataset.id), clock)
    snapshot = replace(snapshot, created=now, replaced=None)
    note(connection, "published", snapshot, now, run)
    let_go(connection, dataset.id, now)
    described = {"id": snapshot.id, "dataset": dataset.id, "created": now, "lineage": snapshot.lineage}
    connection.execute(sa.insert(snapshots).values(**described, manifest=snapshot))
    describe(connection, filled(dataset, snapshot))
    return snapshot


def let_go(connection: Connection, dataset: str, now: datetime) -> None:
    """The current snapshot, where there is one, is current no longer."""
    current = (snapshots.c.dataset == dataset) & snapshots.c.replaced.is_(None)
    connection.execute(sa.update(snapshots).where(current).values(replaced=now))


def describe(connection: Connection, dataset: Dataset) -> None:
    """Say this of a dataset from now on, and that it is there; the search index will hear of it."""
    connection.execute(
        sa.update(datasets)
        .where(datasets.c.id == dataset.id)
        .values(feed=dataset.feed, described=dataset, snapshot=dataset.snapshot, rows=dataset.rows)
        .values(withdrawn=None, version=datasets.c.version + 1)
    )
    note_changes(connection, [dataset.id])


def filled(dataset: Dataset, snapshot: Snapshot) -> Dataset:
    """The dataset with what its current snapshot says of it."""
    return replace(
        dataset,
        formats=_formats(snapshot),
        rows=snapshot.rows,
        bbox=snapshot.bbox,
        period=snapshot.period,
        source_crs=snapshot.source_crs,
        snapshot=snapshot.id,
        created=dataset.created or snapshot.created,
        updated=snapshot.created,
    )


def described(row: sa.Row[Any]) -> Dataset | None:
    """What was said of the dataset of a locked row; None where nothing was published under its id yet."""
    return stored.dataset(row.described) if row.version else None


def whole(connection: Connection, row: sa.Row[Any]) -> Snapshot:
    """A snapshot with its parts: those of the newest of its lineage, as far as it goes."""
    if "parts" in row.manifest:
        return stored.snapshot(row.manifest, row.replaced)
    same = (snapshots.c.dataset == row.dataset) & (snapshots.c.lineage == row.lineage)
    newest = sa.select(snapshots.c.manifest).where(same).order_by(snapshots.c.created.desc()).limit(1)
    return stored.snapshot(row.manifest, row.replaced, connection.scalar(newest))


def _newest(connection: Connection, dataset: str) -> datetime | None:
    """When the newest snapshot of a dataset, current or not, came to be."""
    newest = sa.select(sa.func.max(snapshots.c.created)).where(snapshots.c.dataset == dataset)
    found: datetime | None = connection.scalar(newest)
    return found


def _later_than(former: datetime | None, now: datetime) -> datetime:
    """Now, or just after `former` where the clock was set back, so that snapshots stand in their order."""
    return now if former is None or now > former else former + _TICK


def _formats(snapshot: Snapshot) -> tuple[str, ...]:
    """What a whole snapshot can be had as."""
    return tuple(sorted(fitting(snapshot.columns)))
