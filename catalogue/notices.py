"""Changes of feeds' states that somebody is told of: one notice for each address, until it got through."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue.database import writable, writing
from catalogue.tables import notices

FEED = "feed"
"""The channel of the feed of changes, which is read and not sent."""


@dataclass(frozen=True)
class Notice:
    """A change of a feed's state, to be told to one address on one channel.

    `former` is the state that was told before it, None for a feed's first. `attempts` counts the sendings.
    """

    seq: int
    feed: str
    at: datetime
    former: str | None
    state: str
    detail: str | None
    channel: str
    address: str
    attempts: int = 0


_COLUMNS = tuple(notices.c[field.name] for field in fields(Notice))


def write_notices(
    connection: Connection,
    feed: str,
    former: str | None,
    state: str,
    detail: str | None,
    now: datetime,
    addresses: Iterable[tuple[str, str]],
) -> None:
    """Leave word of a change for each address, and for those who read the feed of changes."""
    said = {"feed": feed, "at": now, "former": former, "state": state, "detail": detail, "attempts": 0}
    rows: list[dict[str, object]] = [{**said, "channel": FEED, "address": "", "due": None}]
    rows += [
        {**said, "channel": channel, "address": address, "due": now}
        for channel, address in dict.fromkeys(addresses)
    ]
    connection.execute(sa.insert(notices), rows)


class Notices:
    """What is still to be told, and what was."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def take(self, patience: timedelta) -> Notice | None:
        """The notice that is due longest, for this caller alone; due again after `patience` unless it
        says what became of it."""
        now = self._clock()
        due = sa.select(notices.c.seq).where(notices.c.due <= now).order_by(notices.c.due, notices.c.seq)
        with self._engine.connect() as connection:
            if connection.scalar(due.limit(1)) is None:
                return None
        with writing(self._engine) as connection:
            seq = connection.scalar(due.limit(1).with_for_update(skip_locked=True))
            if seq is None:
                return None
            taken = sa.update(notices).where(notices.c.seq == seq)
            taken = taken.values(due=now + patience, attempts=notices.c.attempts + 1)
            return _notice(connection.execute(taken.returning(*_COLUMNS)).one())

    def done(self, seq: int) -> None:
        """The notice got through."""
        self._settle(seq, due=None, fault=None)

    def failed(self, seq: int, fault: str, again: datetime | None) -> None:
        """The notice did not get through; it is tried `again` then, or given up."""
        self._settle(seq, due=again, fault=writable(fault))

    def changes(self, limit: int = 100) -> list[Notice]:
        """The changes that were told, the newest first, each once."""
        read = sa.select(*_COLUMNS).where(notices.c.channel == FEED).order_by(notices.c.seq.desc())
        with self._engine.connect() as connection:
            return [_notice(row) for row in connection.execute(read.limit(limit))]

    def unsent(self, feed: str, limit: int = 10) -> list[tuple[Notice, str]]:
        """Notices about a feed that did not get through yet or were given up, each with the latest fault."""
        having = (notices.c.feed == feed, notices.c.fault.is_not(None))
        read = sa.select(*_COLUMNS, notices.c.fault).where(*having).order_by(notices.c.seq.desc())
        with self._engine.connect() as connection:
            return [(_notice(row), row.fault) for row in connection.execute(read.limit(limit))]

    def _settle(self, seq: int, **values: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(sa.update(notices).where(notices.c.seq == seq).values(**values))


def _notice(row: Any) -> Notice:
    return Notice(**{column.name: getattr(row, column.name) for column in _COLUMNS})
