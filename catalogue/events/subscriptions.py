"""Who is sent what happens: each subscription has its place in the log, and goes on from there."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue.database import writable, writing
from catalogue.events.log import Events
from catalogue.tables import events, notices, subscriptions
from schemas.event import Event, EventKind

FAR = 1_000
"""Events that a subscription may be behind without any of them being for it, until that is written down."""
_DISABLED = "disabled"


@dataclass(frozen=True)
class Subscription:
    """Events of `datasets` (None: of all) and of these kinds go to `url`, in order, those after `position`.

    `asked` is when a trial was asked for; `sent` when something last got through, `failing` since when
    nothing does, with the latest `fault`; one that is `disabled` is tried no more.
    """

    id: str
    application: str
    owner: str
    url: str
    datasets: tuple[str, ...] | None
    kinds: tuple[EventKind, ...]
    created: datetime
    position: int
    attempts: int = 0
    asked: datetime | None = None
    sent: datetime | None = None
    failing: datetime | None = None
    disabled: datetime | None = None
    fault: str | None = None


_COLUMNS = tuple(subscriptions.c[field.name] for field in fields(Subscription))


def webhook_secret(key: bytes, subscription: str) -> str:
    """What the events of a subscription are signed with, as its owner is told it once; nobody keeps it."""
    derived = hmac.digest(key, f"subscription {subscription}".encode(), hashlib.sha256)
    return "whsec_" + b64encode(derived).decode()


class Subscriptions:
    """All subscriptions of the database; safe to share by threads and processes."""

    def __init__(self, engine: Engine, events: Events, clock: Callable[[], datetime]) -> None:
        self._engine, self._events, self._clock = engine, events, clock
        self._passed: dict[str, int] = {}

    def add(
        self,
        application: str,
        owner: str,
        url: str,
        *,
        datasets: Sequence[str] | None,
        kinds: Sequence[EventKind],
    ) -> Subscription:
        """Subscribe an application to what happens from now on; `owner` is told when it is given up."""
        names = None if datasets is None else tuple(datasets)
        whose = (f"sub_{secrets.token_hex(10)}", application, owner, url)
        made = Subscription(*whose, names, tuple(kinds), self._clock(), self._events.ends()[1])
        with writing(self._engine) as connection:
            connection.execute(sa.insert(subscriptions).values(**vars(made)))
        return made

    def of(self, application: str) -> list[Subscription]:
        """The subscriptions of an application, oldest first."""
        mine = sa.select(*_COLUMNS).where(subscriptions.c.application == application)
        with self._engine.connect() as connection:
            found = connection.execute(mine.order_by(subscriptions.c.created, subscriptions.c.id))
            return [_read(row) for row in found]

    def remove(self, application: str, id: str) -> bool:
        """End a subscription of an application; False where it has none of that id."""
        with writing(self._engine) as connection:
            gone = connection.execute(sa.delete(subscriptions).where(_mine(application, id)))
            return bool(gone.rowcount)

    def ask(self, application: str, id: str) -> bool:
        """Have a trial sent, which switches a disabled one on again where it gets through."""
        now = self._clock()
        with writing(self._engine) as connection:
            asked = sa.update(subscriptions).where(_mine(application, id)).values(asked=now, due=None)
            return bool(connection.execute(asked).rowcount)

    def take(self, patience: timedelta) -> Subscription | None:
        """One that something waits for, for this caller alone; it is free again after `patience` unless it
        is told before what became of it."""
        now, (_, newest) = self._clock(), self._events.ends()
        behind = (subscriptions.c.position < newest) & subscriptions.c.disabled.is_(None)
        free = subscriptions.c.due.is_(None) | (subscriptions.c.due <= now)
        waiting = sa.select(*_COLUMNS).where(subscriptions.c.asked.is_not(None) | behind, free)
        with self._engine.connect() as connection:
            found = [_read(row) for row in connection.execute(waiting.order_by(subscriptions.c.position))]
        for each in found:
            if (each.asked or self._concerned(each, newest)) and (taken := self._lease(each, now, patience)):
                return taken
        return None

    def next(self, subscription: Subscription) -> Event | None:
        """The event to be sent next, None where there is none any more."""
        seq = self._first(subscription, subscription.position, self._events.ends()[1])
        if seq is not None:
            return self._events.after(seq - 1, limit=1)[0]
        self._settle(subscription, due=None)
        return None

    def _lease(self, each: Subscription, now: datetime, patience: timedelta) -> Subscription | None:
        """The subscription as it is now, unless another has taken it since it was looked at."""
        free = subscriptions.c.due.is_(None) | (subscriptions.c.due <= now)
        mine = (subscriptions.c.id == each.id) & (subscriptions.c.position == each.position) & free
        with writing(self._engine) as connection:
            taken = sa.update(subscriptions).where(mine).values(due=now + patience)
            row = connection.execute(taken.returning(*_COLUMNS)).one_or_none()
            return None if row is None else _read(row)

    def _concerned(self, each: Subscription, newest: int) -> bool:
        """Whether an event up to the newest is for a subscription; what is not is looked at once."""
        looked = max(self._passed.get(each.id, 0), each.position)
        if looked >= newest:
            return False
        if self._first(each, looked, newest) is not None:
            return True
        self._passed[each.id] = newest
        if newest - each.position > FAR:
            self._settle(each, position=newest)
        return False

    def _first(self, each: Subscription, after: int, newest: int) -> int | None:
        """The id of the first event behind one that a subscription is for."""
        asked = sa.select(events.c.seq).where(events.c.seq > after, events.c.seq <= newest)
        asked = asked.where(events.c.kind.in_(each.kinds))
        if each.datasets is not None:
            asked = asked.where(events.c.dataset.in_(each.datasets))
        with self._engine.connect() as connection:
            seq: int | None = connection.scalar(asked.order_by(events.c.seq).limit(1))
        return seq

    def done(self, subscription: Subscription, event: Event | None) -> None:
        """An event got through, or (None) the trial that was asked for."""
        now = self._clock()
        fine: dict[str, Any] = {"due": None, "attempts": 0, "failing": None, "fault": None, "sent": now}
        if event is not None:
            self._settle(subscription, **fine, position=event.id)
        else:
            self._settle(subscription, **fine, asked=None, disabled=None)

    def failed(self, subscription: Subscription, fault: str, again: datetime) -> None:
        """It did not get through and is tried `again` then; a trial is not."""
        self._fail(subscription, fault, due=again)

    def give_up(self, subscription: Subscription, fault: str, receiver: str) -> None:
        """Try it no more, and leave word for its owner, in the same transaction."""
        now = self._clock()
        detail = f"{receiver}: {fault}; ask for a trial of {subscription.id} to switch it on again"
        told = {"feed": f"webhook-{receiver}", "at": now, "state": _DISABLED, "detail": writable(detail)}
        mail = {"channel": "mail", "address": subscription.owner, "attempts": 0, "due": now}
        with writing(self._engine) as connection:
            connection.execute(sa.insert(notices).values(**told, **mail))
            self._fail(subscription, fault, connection, due=None, disabled=now)

    def _fail(
        self, each: Subscription, fault: str, connection: Connection | None = None, **values: Any
    ) -> None:
        since = each.failing or self._clock()
        said = {"fault": writable(fault), "failing": since, "asked": None, "attempts": each.attempts + 1}
        self._settle(each, connection, **said, **values)

    def _settle(self, each: Subscription, connection: Connection | None = None, **values: Any) -> None:
        if connection is None:
            with writing(self._engine) as own:
                return self._settle(each, own, **values)
        # One whose time was over may have been taken and sent by another meanwhile: it never goes back.
        still = subscriptions.c.position <= values.get("position", each.position)
        mine = subscriptions.c.id == each.id
        connection.execute(sa.update(subscriptions).where(mine, still).values(**values))
        return None


def _mine(application: str, id: str) -> sa.ColumnElement[bool]:
    return (subscriptions.c.application == application) & (subscriptions.c.id == id)


def _read(row: Any) -> Subscription:
    found = {column.name: getattr(row, column.name) for column in _COLUMNS}
    names = found["datasets"]
    return Subscription(
        **{**found, "datasets": None if names is None else tuple(names), "kinds": tuple(found["kinds"])}
    )
