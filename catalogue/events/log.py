"""The durable log of what happened to datasets: written with the deed itself, read from any place on."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue.database import writing
from catalogue.tables import events, snapshots
from schemas.event import Event, EventKind
from schemas.run import Run
from schemas.snapshot import Snapshot

PAGE = 1_000
_TURN = 7_465_711  # Any number that nobody else locks in the same PostgreSQL database.
_COLUMNS = tuple(events.c["seq" if field.name == "id" else field.name] for field in fields(Event))


def note(
    connection: Connection, kind: EventKind, snapshot: Snapshot, at: datetime, run: Run | None = None
) -> None:
    """Write down that a snapshot takes the place of the current one; the run behind it counted the changes.

    To be called before the current one is let go.
    """
    mine = (snapshots.c.dataset == snapshot.dataset) & snapshots.c.replaced.is_(None)
    previous = connection.scalar(sa.select(snapshots.c.id).where(mine))
    counts = {name: getattr(run, name, None) for name in ("inserted", "updated", "deleted")}
    said = {"snapshot": snapshot.id, "previous": previous, "rows": snapshot.rows, **counts}
    _write(connection, kind=kind, dataset=snapshot.dataset, at=at, **said)


def note_shown(
    connection: Connection, kind: EventKind, dataset: str, at: datetime, snapshot: str | None
) -> None:
    """Write down that a dataset with this snapshot went out of the catalogue, or came back."""
    _write(connection, kind=kind, dataset=dataset, at=at, snapshot=snapshot)


def _write(connection: Connection, **said: object) -> None:
    if connection.dialect.name == "postgresql":
        # Numbers are given at once but seen at the commit: in turn, so that none appears behind a later one.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))
    connection.execute(sa.insert(events).values(**said))


class Events:
    """The log, oldest first; it reaches back at least as long as any feed keeps its snapshots."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def after(self, id: int, dataset: str | None = None, limit: int = PAGE) -> list[Event]:
        """The first events behind an id, of all datasets or of one."""
        asked = sa.select(*_COLUMNS).where(events.c.seq > id).order_by(events.c.seq).limit(limit)
        if dataset is not None:
            asked = asked.where(events.c.dataset == dataset)
        with self._engine.connect() as connection:
            return [Event(*row) for row in connection.execute(asked)]

    def ends(self) -> tuple[int, int]:
        """The ids of the oldest and the newest event; 1 and 0 where there was none."""
        # One aggregate a query: of two SQLite makes a walk through the whole table.
        ends = [sa.select(end(events.c.seq)).scalar_subquery() for end in (sa.func.min, sa.func.max)]
        with self._engine.connect() as connection:
            oldest, newest = connection.execute(sa.select(*ends)).one()
        return (1, 0) if newest is None else (int(oldest), int(newest))

    def forget(self, before: datetime) -> None:
        """Let go of the events before an instant, but for the newest, so that the log has no holes."""
        newest = sa.select(sa.func.max(events.c.seq)).scalar_subquery()
        until = sa.select(sa.func.max(events.c.seq)).where(events.c.at < before).scalar_subquery()
        with writing(self._engine) as connection:
            connection.execute(sa.delete(events).where(events.c.seq <= until, events.c.seq < newest))
