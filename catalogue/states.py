"""How each feed is, since when, and who is to be told: on a change that lasts, and never twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue.database import insert, writing
from catalogue.notices import write_notices
from catalogue.tables import feed_states
from schemas.run import EXCUSED, FeedHealth, State

CALM = timedelta(hours=1)
"""After so long without a notice about a feed its next change is told at once."""
SETTLED = timedelta(minutes=15)
"""How long a state must have lasted to be told sooner: a feed that comes and goes is told of once an hour."""


@dataclass(frozen=True)
class Promise:
    """When a feed turns late and then stale unless something new comes; None where nothing is promised."""

    late: datetime | None = None
    stale: datetime | None = None


@dataclass(frozen=True)
class _Known:
    state: str
    since: datetime
    detail: str | None
    promise: Promise
    told: str | None
    told_at: datetime | None


def judge(health: FeedHealth, promise: Promise, now: datetime) -> tuple[State, datetime | None] | None:
    """The state of a feed at an instant, and since when where that follows from the promise.

    None for a feed that never ran to an end. A run that was not to be speaks for no state.
    """
    if health.status in ("failed", "held") and health.reason not in EXCUSED:
        return "failing", None
    if health.last_success is None:
        return None
    if promise.stale is not None and now > promise.stale:
        return "stale", promise.stale
    if promise.late is not None and now > promise.late:
        return "late", promise.late
    return "fresh", None


class States:
    """The states as workers last found them; late and stale come by themselves when their time is there."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def shown(self, health: Iterable[FeedHealth]) -> list[FeedHealth]:
        """The health of feeds with their states as they are now."""
        known, now = self._known(), self._clock()
        return [_shown(each, known.get(each.feed), now) for each in health]

    def note(
        self,
        health: Iterable[FeedHealth],
        promises: Mapping[str, Promise],
        addresses: Mapping[str, Iterable[tuple[str, str]]],
    ) -> int:
        """Write down how the feeds of `promises` are, and return how many changes are to be told.

        `addresses` are a feed's pairs of channel and address; each is told of a change once.
        """
        known, now, told = self._known(), self._clock(), 0
        for each in health:
            if each.feed in promises:
                fresh = _found(each, promises[each.feed], known.get(each.feed), now)
                if fresh is not None and _differs(fresh, known.get(each.feed), now):
                    told += self._write(each, promises[each.feed], addresses.get(each.feed, ()))
        return told

    def _write(self, health: FeedHealth, promise: Promise, addresses: Iterable[tuple[str, str]]) -> bool:
        """Write one state under a lock, so that of several workers one tells; whether it is told."""
        now = self._clock()
        with writing(self._engine) as connection:
            former = _lock(connection, health.feed, now)
            state = _found(health, promise, former, now)
            if state is None:
                return False
            tell = _is_news(state, now)
            if tell:
                write_notices(connection, health.feed, state.told, state.state, state.detail, now, addresses)
            if tell or state.told is None:
                state = replace(state, told=state.state, told_at=now if tell else None)
            connection.execute(
                sa.update(feed_states).where(feed_states.c.feed == health.feed).values(**_columns(state))
            )
            return tell

    def _known(self) -> dict[str, _Known]:
        with self._engine.connect() as connection:
            return {row.feed: _read(row) for row in connection.execute(sa.select(feed_states))}


def _shown(health: FeedHealth, known: _Known | None, now: datetime) -> FeedHealth:
    promise = known.promise if known else Promise()
    found = judge(health, promise, now)
    if found is None:
        return health
    state, since = found
    # Between a run and a worker's look the state that is stored may be another's.
    begun = known.since if known and known.state == state else since or health.last_run
    return replace(health, state=state, since=begun, expected=promise.late)


def _found(health: FeedHealth, promise: Promise, former: _Known | None, now: datetime) -> _Known | None:
    """The state of a feed now, with what was told before; None where there is nothing to say yet."""
    found = judge(health, promise, now)
    if found is None:
        return None
    state, since = found
    told, told_at = (former.told, former.told_at) if former else (None, None)
    if former is not None and former.state == state:
        since = former.since
    return _Known(
        state, since or health.last_run or now, _detail(health, state, promise), promise, told, told_at
    )


def _detail(health: FeedHealth, state: State, promise: Promise) -> str | None:
    if state == "failing":
        return health.error
    if state == "fresh" or promise.late is None:
        return None
    return f"something new was expected by {promise.late.isoformat(timespec='seconds')}"


def _differs(state: _Known, former: _Known | None, now: datetime) -> bool:
    return state != former or _is_news(state, now)


def _is_news(state: _Known, now: datetime) -> bool:
    """Whether the state is to be told: another than the last one told, and calm before or lasting since."""
    if state.state == (state.told or "fresh"):
        return False
    calm = state.told_at is None or now - state.told_at >= CALM
    return calm or now - state.since >= SETTLED


def _lock(connection: Connection, feed: str, now: datetime) -> _Known | None:
    """The feed's row, made where there is none, held until the transaction ends."""
    empty = {"feed": feed, "state": "", "since": now}
    connection.execute(insert(connection, feed_states).values(empty).on_conflict_do_nothing())
    held = sa.select(feed_states).where(feed_states.c.feed == feed).with_for_update()
    row = connection.execute(held).one()
    return _read(row) if row.state else None


def _read(row: sa.Row[tuple[object, ...]]) -> _Known:
    promise = Promise(row.late, row.stale)
    return _Known(row.state, row.since, row.detail, promise, row.told, row.told_at)


def _columns(state: _Known) -> dict[str, object]:
    plain = {name: getattr(state, name) for name in ("state", "since", "detail", "told", "told_at")}
    return plain | {"late": state.promise.late, "stale": state.promise.stale}
