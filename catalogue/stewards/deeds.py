"""The book of deeds: who approved, reverted, withdrew, restored or archived what, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue.database import insert, writing
from catalogue.tables import approvals, deeds
from schemas.steward import Deed


def note(connection: Connection, deed: Deed) -> None:
    """Write a deed down, in the transaction that does it."""
    values = {"at": deed.at, "by": deed.by, "deed": deed.deed, "subject": deed.subject}
    connection.execute(sa.insert(deeds).values(**values, detail=dict(deed.detail)))


def approve(engine: Engine, feed: str, fingerprint: str, by: str, now: datetime) -> None:
    """Let in what a run of that fingerprint would publish, whatever holds it; once is enough."""
    approved = {"feed": feed, "fingerprint": fingerprint, "approved": now, "by": by}
    with writing(engine) as connection:
        connection.execute(insert(connection, approvals).values(approved).on_conflict_do_nothing())
        note(connection, Deed(now, by, "approve", feed, {"fingerprint": fingerprint}))


def is_approved(engine: Engine, feed: str, fingerprint: str) -> bool:
    """Whether a steward let in what a run of that fingerprint would publish, and did not revert it since."""
    asked = sa.select(approvals.c.approved).where(
        approvals.c.feed == feed, approvals.c.fingerprint == fingerprint
    )
    with engine.connect() as connection:
        return connection.scalar(asked) is not None


def disapprove(connection: Connection, feed: str, fingerprint: str) -> None:
    """Take an approval back: what was let in once has been reverted."""
    mine = (approvals.c.feed == feed) & (approvals.c.fingerprint == fingerprint)
    connection.execute(sa.delete(approvals).where(mine))


def latest(connection: Connection, subject: str, kinds: tuple[str, ...]) -> Deed | None:
    """The latest deed of these kinds that was done to a subject."""
    found = connection.execute(_newest.where(deeds.c.subject == subject, deeds.c.deed.in_(kinds)).limit(1))
    row = found.one_or_none()
    return None if row is None else _deed(row)


def withdrawn(connection: Connection) -> set[str]:
    """The datasets that a steward withdrew and nobody restored."""
    kinds = deeds.c.deed.in_(("withdraw", "restore"))
    last = sa.select(sa.func.max(deeds.c.seq)).where(kinds).group_by(deeds.c.subject)
    gone = sa.select(deeds.c.subject).where(deeds.c.seq.in_(last), deeds.c.deed == "withdraw")
    return set(connection.scalars(gone))


def of(engine: Engine, subject: str | None, limit: int) -> list[Deed]:
    """Deeds of a subject, or all, newest first."""
    asked = _newest if subject is None else _newest.where(deeds.c.subject == subject)
    with engine.connect() as connection:
        return [_deed(row) for row in connection.execute(asked.limit(limit))]


_newest = sa.select(deeds).order_by(deeds.c.seq.desc())


def _deed(row: sa.Row[Any]) -> Deed:
    return Deed(row.at, row.by, row.deed, row.subject, row.detail)
