"""The record of who did what to people, applications and keys; only ever added to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.clients.tables import audit


@dataclass(frozen=True)
class Event:
    """`who` (an e-mail address, an id or `system`) did `what` to `subject` (an id)."""

    at: datetime
    who: str
    what: str
    subject: str


def record(db: Connection, event: Event) -> None:
    """Add an event within the transaction of what it tells of."""
    db.execute(audit.insert().values(at=event.at, who=event.who, what=event.what, subject=event.subject))


def events(db: Connection, subject: str) -> list[Event]:
    """What happened to a person, application or credential, oldest first."""
    found = select(audit.c.at, audit.c.who, audit.c.what, audit.c.subject).where(audit.c.subject == subject)
    return [Event(*row) for row in db.execute(found.order_by(audit.c.id))]
