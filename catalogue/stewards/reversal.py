"""Put an old snapshot back, take a dataset out of the catalogue or of its feed's hands, and undo that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue import stored
from catalogue.commit import check_open, describe, held, let_go, make_current, note_changes, whole
from catalogue.database import writing
from catalogue.errors import Barred, SnapshotGone
from catalogue.events.log import note_shown
from catalogue.stewards import deeds
from catalogue.stewards.missing import remember
from catalogue.tables import datasets, runs, snapshots
from schemas.snapshot import Snapshot
from schemas.steward import Deed


def revert(engine: Engine, dataset: str, old: str, fresh_id: str, by: str, now: datetime) -> Snapshot | None:
    """Make the rows of an old snapshot current again, as a new snapshot of the same parts.

    What the current one was made of is set aside: it is held until a steward lets it in, or the source
    changes. None where there is no such dataset; raises Barred, or SnapshotGone.
    """
    with writing(engine) as connection:
        row = held(connection, dataset)
        if row is None or row.withdrawn is not None or row.snapshot is None:
            return None
        check_open(connection, row)
        # Looked at only now: until the row was held, its parts might have been joined to others.
        stood = connection.execute(sa.select(snapshots).where(snapshots.c.id == old)).one()
        if stood.collected is not None:
            raise SnapshotGone(dataset, old)
        marks = _set_aside(connection, row) - {_fingerprint(connection, row.id, old)}
        for mark in marks:
            deeds.disapprove(connection, row.feed, mark)
        anew = replace(whole(connection, stood), id=fresh_id, run=None, lineage=None)
        snapshot = make_current(connection, stored.dataset(row.described), anew, now)
        remember(connection, row.id, ())
        said = {"from": row.snapshot, "to": old, "snapshot": snapshot.id, "fingerprints": sorted(marks)}
        deeds.note(connection, Deed(now, by, "revert", row.id, said))
        return snapshot


def set_aside(engine: Engine, dataset: str, fingerprint: str) -> Deed | None:
    """The deed by which a steward reverted what a run of that fingerprint had published, None if nobody did.

    It counts as long as the dataset stands as the steward left it.
    """
    with engine.connect() as connection:
        last = deeds.latest(connection, dataset, ("revert",))
        current = connection.scalar(sa.select(datasets.c.snapshot).where(datasets.c.id == dataset))
    if last is None or last.detail["snapshot"] != current:
        return None
    return last if fingerprint in last.detail["fingerprints"] else None


def withdraw(engine: Engine, dataset: str, by: str | None, now: datetime) -> bool:
    """Take a dataset out of the catalogue; its snapshots wait for the garbage collection.

    Where somebody did it (`by`) its feed does not bring it back. False where there is no such dataset.
    """
    with writing(engine) as connection:
        row = held(connection, dataset)
        if row is None or row.withdrawn is not None:
            return False
        _set(connection, dataset, withdrawn=now)
        let_go(connection, dataset, now)
        remember(connection, dataset, ())
        note_shown(connection, "withdrawn", dataset, now, row.snapshot)
        if by is not None:
            deeds.note(connection, Deed(now, by, "withdraw", dataset, {"snapshot": row.snapshot}))
        return True


def archive(engine: Engine, dataset: str, by: str, now: datetime) -> bool:
    """Leave a dataset as it is for good: it is read as before, and no run changes it."""
    with writing(engine) as connection:
        row = held(connection, dataset)
        if row is None or row.withdrawn is not None:
            return False
        if row.archived is None:
            _set(connection, dataset, archived=now)
            describe(connection, replace(stored.dataset(row.described), archived=now))
            deeds.note(connection, Deed(now, by, "archive", dataset, {"snapshot": row.snapshot}))
        return True


def restore(engine: Engine, dataset: str, by: str, now: datetime) -> bool:
    """Undo a withdrawal or an archiving, if there was one; raises SnapshotGone where the rows are gone.

    False where there is no such dataset.
    """
    with writing(engine) as connection:
        row = held(connection, dataset)
        if row is None or (row.withdrawn is None and row.archived is None):
            return row is not None
        if row.snapshot is not None and row.withdrawn is not None:
            _take_back(connection, dataset, row.snapshot)
        if row.withdrawn is not None:
            note_shown(connection, "restored", dataset, now, row.snapshot)
        _set(connection, dataset, archived=None)
        describe(connection, replace(stored.dataset(row.described), archived=None))
        deeds.note(connection, Deed(now, by, "restore", dataset, {"snapshot": row.snapshot}))
        return True


def barred(engine: Engine, dataset: str) -> None:
    """Raise Barred where a steward took the dataset out of its feed's hands."""
    with engine.connect() as connection:
        row = connection.execute(sa.select(datasets).where(datasets.c.id == dataset)).one_or_none()
        if row is not None:
            check_open(connection, row)


def closed(engine: Engine, feed: str) -> Barred | None:
    """Why no run may change anything of a feed: a steward took every dataset out of its hands; None while
    one is open, or where there is none yet."""
    shut: list[Barred] = []
    with engine.connect() as connection:
        for row in connection.execute(sa.select(datasets).where(datasets.c.feed == feed)):
            try:
                check_open(connection, row)
            except Barred as barred:
                shut.append(barred)
            else:
                if row.withdrawn is None:
                    return None
    return shut[0] if shut else None


def touched(engine: Engine) -> set[str]:
    """The feeds with a dataset that is archived or withdrawn: of the others `closed` has nothing to tell."""
    away = datasets.c.archived.is_not(None) | datasets.c.withdrawn.is_not(None)
    with engine.connect() as connection:
        return set(connection.scalars(sa.select(datasets.c.feed).where(away).distinct()))


def _take_back(connection: Connection, dataset: str, snapshot: str) -> None:
    """The snapshot that was current when a dataset was withdrawn is so again."""
    mine = snapshots.c.id == snapshot
    if connection.scalar(sa.select(snapshots.c.collected).where(mine)) is not None:
        raise SnapshotGone(dataset, snapshot)
    connection.execute(sa.update(snapshots).where(mine).values(replaced=None))


def _set(connection: Connection, dataset: str, **values: Any) -> None:
    """Change the row of a dataset, and have the search index hear of it."""
    changed: Mapping[str, Any] = {"version": datasets.c.version + 1, **values}
    connection.execute(sa.update(datasets).where(datasets.c.id == dataset).values(changed))
    note_changes(connection, [dataset])


def _set_aside(connection: Connection, row: sa.Row[Any]) -> set[str]:
    """What the current snapshot was made of; where that was put back itself, what was set aside for it."""
    last = deeds.latest(connection, row.id, ("revert",))
    if last is not None and last.detail["snapshot"] == row.snapshot:
        return set(last.detail["fingerprints"])
    mark = _fingerprint(connection, row.id, row.snapshot)
    return set() if mark is None else {mark}


def _fingerprint(connection: Connection, dataset: str, snapshot: str) -> str | None:
    """What the run that published a snapshot was made of."""
    mine = (runs.c.dataset == dataset) & (runs.c.snapshot == snapshot) & (runs.c.status == "published")
    found: str | None = connection.scalar(sa.select(runs.c.fingerprint).where(mine).limit(1))
    return found
