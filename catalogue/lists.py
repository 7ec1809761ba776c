"""Publish a whole list of entries at once: what is new, what changed, what vanished."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue import stored
from catalogue.commit import note_changes
from catalogue.database import insert, writing
from catalogue.errors import Taken
from catalogue.history.deletions import in_grace, refuse_mass
from catalogue.history.deletions import vanished as vanished_of
from catalogue.runs import confirm, land
from catalogue.stewards import deeds
from catalogue.stewards.missing import missing, remember
from catalogue.tables import datasets, snapshots
from schemas.dataset import Dataset
from schemas.feed import DeletionsSpec
from schemas.run import Run
from schemas.steward import Missing

CHUNK = 5_000


def replace_entries(
    engine: Engine,
    entries: Iterable[Dataset],
    run: Run,
    now: datetime,
    allowed: DeletionsSpec | None = None,
) -> Run:
    """Make `entries` all that the run's feed publishes, in one transaction; the unchanged are not touched.

    Those that vanished stay for the grace that is `allowed`. Raises MassDeletion where too many did, and
    ValueError where an entry has rows, is of another feed, or comes twice.
    """
    feed = run.feed
    fresh = _by_id(feed, entries)
    with writing(engine) as connection:
        confirm(connection, run)
        former, closed = _former(connection, feed), _closed(connection, feed)
        told = {entry.id: _news(entry, former.get(entry.id), now) for entry in fresh.values()}
        changed = [entry for id, entry in told.items() if entry is not None and id not in closed]
        gone = sorted(former.keys() - fresh.keys() - closed)
        # What had rows when the feed published rows is no entry that its list could have forgotten.
        listed = [id for id, each in former.items() if each.rows is None]
        lost = _in_grace(connection, feed, listed, gone, allowed, now)
        remember(connection, feed, lost)
        vanished = sorted(set(gone) - {each.id for each in lost})
        _refuse_taken(connection, feed, [entry.id for entry in changed if entry.id not in former])
        for start in range(0, len(changed), CHUNK):
            _upsert(connection, changed[start : start + CHUNK])
        for start in range(0, len(vanished), CHUNK):
            _withdraw(connection, vanished[start : start + CHUNK], now)
        _let_go(connection, feed, now)
        note_changes(connection, [entry.id for entry in changed] + vanished)
        inserted = sum(entry.id not in former for entry in changed)
        updated = len(changed) - inserted
        run = replace(run, inserted=inserted, updated=updated, deleted=len(vanished))
        return land(connection, replace(run, status="published"), now)


def _in_grace(
    connection: Connection,
    feed: str,
    listed: Sequence[str],
    gone: Sequence[str],
    allowed: DeletionsSpec | None,
    now: datetime,
) -> list[Missing]:
    """Which of the entries that are gone stay for now; raises MassDeletion."""
    if allowed is None:
        return []
    known = missing(connection, feed)
    gone = sorted(set(gone).intersection(listed))
    refuse_mass(feed, vanished_of(len(listed), len(gone), gone, known), allowed)
    return in_grace(gone, allowed, known, now)


def _closed(connection: Connection, feed: str) -> set[str]:
    """The entries that a steward archived or withdrew: no run changes them."""
    archived = sa.select(datasets.c.id).where(datasets.c.feed == feed, datasets.c.archived.is_not(None))
    return set(connection.scalars(archived)) | deeds.withdrawn(connection)


def entries_of(engine: Engine, feed: str) -> dict[str, Dataset]:
    """The entries that a feed publishes, by their identifier."""
    with engine.connect() as connection:
        former = _former(connection, feed).values()
    return {
        entry.identifier: entry for entry in former if entry.identifier is not None and entry.rows is None
    }


def _by_id(feed: str, entries: Iterable[Dataset]) -> dict[str, Dataset]:
    found: dict[str, Dataset] = {}
    for entry in entries:
        if entry.rows is not None or entry.feed != feed:
            raise ValueError(f"{entry.id!r} is no entry of feed {feed!r}; give it that feed and no rows")
        if entry.id in found:
            raise ValueError(f"entry {entry.id!r} comes twice in feed {feed!r}; set one of them aside")
        found[entry.id] = entry
    return found


def _former(connection: Connection, feed: str) -> dict[str, Dataset]:
    live = sa.select(datasets.c.id, datasets.c.described).where(
        datasets.c.feed == feed, datasets.c.withdrawn.is_(None)
    )
    return {row.id: stored.dataset(row.described) for row in connection.execute(live)}


def _news(entry: Dataset, former: Dataset | None, now: datetime) -> Dataset | None:
    """The entry with its dates, or None when it says nothing new; the publisher's own dates win."""
    if former is None:
        return replace(entry, created=entry.created or now, updated=entry.updated or now)
    created = entry.created or former.created
    if replace(entry, created=created, updated=entry.updated or former.updated) == former:
        return None
    return replace(entry, created=created, updated=entry.updated or now)


def _refuse_taken(connection: Connection, feed: str, ids: list[str]) -> None:
    for start in range(0, len(ids), CHUNK):
        others = sa.select(datasets.c.id, datasets.c.feed).where(
            datasets.c.id.in_(ids[start : start + CHUNK]),
            datasets.c.feed != feed,
            datasets.c.withdrawn.is_(None),
        )
        for row in connection.execute(others.limit(1)):
            raise Taken(row.id, row.feed, feed)


def _upsert(connection: Connection, entries: list[Dataset]) -> None:
    """Write entries; one that was withdrawn, or had rows when it was a dataset, is an entry again."""
    new = insert(connection, datasets)
    changes = {
        "feed": new.excluded.feed,
        "described": new.excluded.described,
        "version": datasets.c.version + 1,
        "withdrawn": None,
        "snapshot": None,
        "rows": None,
    }
    connection.execute(
        new.on_conflict_do_update(index_elements=["id"], set_=changes),
        [{"id": entry.id, "feed": entry.feed, "version": 1, "described": entry} for entry in entries],
    )


def _withdraw(connection: Connection, ids: list[str], now: datetime) -> None:
    gone = sa.update(datasets).where(datasets.c.id.in_(ids))
    connection.execute(gone.values(withdrawn=now, version=datasets.c.version + 1))


def _let_go(connection: Connection, feed: str, now: datetime) -> None:
    """Snapshots from when the feed published rows are current no longer."""
    of_feed = snapshots.c.dataset.in_(sa.select(datasets.c.id).where(datasets.c.feed == feed))
    current = of_feed & snapshots.c.replaced.is_(None)
    connection.execute(sa.update(snapshots).where(current).values(replaced=now))
