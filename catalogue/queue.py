"""Who harvests what now: runs are asked for, claimed under a lease, and given up when the lease runs out."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.sql.dml import ReturningUpdate

from catalogue.database import insert, writing
from catalogue.runs import as_run
from catalogue.tables import runs
from schemas.run import Run, Trigger

Clock = Callable[[], datetime]
LIVE = ("queued", "running")
DEATHS = 3
"""How often the worker of a run may die until the run is thought to be what kills it."""
PATIENCE = timedelta(minutes=5)
"""How long a run whose lease ran out waits for a worker that knows its feed."""
_NOTHING_YET = {"read": 0, "published": 0, "rejected": 0, "rejected_cells": 0, "bytes": 0, "seconds": 0.0}


def new_id(now: datetime) -> str:
    """An id that sorts by time and is safe in a file name and a URL."""
    return f"{now:%Y%m%dT%H%M%S%f}Z-{secrets.token_hex(4)}"


class Queue:
    """At most one queued and one live run of a feed, over all workers of the database."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def request(self, feed: str, trigger: Trigger) -> str:
        """Queue a run and return its id, or the id of the one that waits already."""
        now = self._clock()
        asked = {"run": new_id(now), "dataset": feed, "feed": feed, "status": "queued", "requested": now}
        waiting = sa.select(runs.c.run).where(runs.c.feed == feed, runs.c.status == "queued")
        with writing(self._engine) as connection:
            row = {**_NOTHING_YET, **asked, "trigger": trigger, "reasons": {}}
            connection.execute(insert(connection, runs).values(row).on_conflict_do_nothing())
            found = connection.scalar(waiting)
        return found or self.request(feed, trigger)  # Claimed between the two statements: queue the next.

    def ready(self) -> list[str]:
        """The feeds of which a run could be claimed now, the one that waits longest first."""
        now = self._clock()
        asked = sa.select(runs.c.feed).where(_claimable(now)).order_by(runs.c.requested, runs.c.run)
        with self._engine.connect() as connection:
            return list(dict.fromkeys(connection.scalars(asked)))

    def claim(self, worker: str, feed: str | None, lease: timedelta) -> Run | None:
        """Take the oldest run that waits and whose feed nobody is harvesting; None when there is none.

        A run whose lease ran out is taken up again: its worker died, which is counted, or let go of it.
        """
        now = self._clock()
        with writing(self._engine) as connection:
            ready = sa.select(runs.c.run).where(_claimable(now))
            if feed is not None:
                ready = ready.where(runs.c.feed == feed)
            oldest = ready.order_by(runs.c.requested, runs.c.run).limit(1)
            run = connection.scalar(oldest.with_for_update(skip_locked=True, of=runs))
            if run is None:
                return None
            claimed = (
                sa.update(runs)
                .where(runs.c.run == run, runs.c.status.in_(LIVE))
                .values(status="running", started=sa.func.coalesce(runs.c.started, now), worker=worker)
                .values(deaths=runs.c.deaths + sa.case((runs.c.worker.is_(None), 0), else_=1))
                .values(lease_until=now + lease, lease_seconds=lease.total_seconds())
                .returning(*runs.c)
            )
            return as_run(connection.execute(claimed).one())

    def heartbeat(self, run: str, worker: str) -> Run | None:
        """Extend a lease by its length and return the run as it stands; None when the lease was lost."""
        with writing(self._engine) as connection:
            held = sa.select(runs.c.lease_seconds).where(_held(run, worker)).with_for_update()
            seconds = connection.scalar(held)
            if seconds is None:
                return None
            until = self._clock() + timedelta(seconds=seconds)
            beaten = sa.update(runs).where(_held(run, worker)).values(lease_until=until)
            return as_run(connection.execute(beaten.returning(*runs.c)).one())

    def reach(self, run: str, worker: str | None, step: str) -> bool:
        """Note the step that a claimed run has completed; False when it is in other hands by now."""
        mine = _held(run, worker)
        with writing(self._engine) as connection:
            return bool(connection.execute(sa.update(runs).where(mine).values(step=step)).rowcount)

    def release(self, run: str, worker: str | None) -> None:
        """Let go of a claimed run, for another worker to go on with it at once."""
        with writing(self._engine) as connection:
            freed = sa.update(runs).where(_held(run, worker)).values(worker=None, lease_until=self._clock())
            connection.execute(freed)

    def expire(self, known: Collection[str] = ()) -> list[Run]:
        """Fail the runs whose worker died once too often, and those that nobody has taken up for long.

        Of the `known` feeds every run is taken up by whoever calls.
        """
        now = self._clock()
        lapsed = (runs.c.status == "running") & (runs.c.lease_until < now)
        with writing(self._engine) as connection:
            dead = connection.execute(sa.select(runs).where(lapsed).with_for_update()).all()
            return [
                as_run(connection.execute(_failed(row, why, now)).one())
                for row in dead
                if (why := _given_up(row, now, row.feed in known))
            ]

    def finish(self, run: str, worker: str | None = None) -> None:
        """End a run that landed several datasets; one that left no outcome at all has failed.

        With `worker`, only where it still holds the run.

        A run whose outcome is written under the feed's own id has ended with that; finishing it is no error.
        """
        live = (runs.c.run == run) & (runs.c.status == "running")
        if worker is not None:
            live &= runs.c.worker == worker
        outcome = sa.select(runs.c.run).where(runs.c.run == run, runs.c.status != "running").limit(1)
        with writing(self._engine) as connection:
            if connection.scalar(outcome) is not None:
                connection.execute(sa.delete(runs).where(live))
            else:
                ended = sa.update(runs).where(live).values(status="failed", finished=self._clock())
                connection.execute(ended.values(error="the run ended without an outcome"))

    def waiting(self) -> list[Run]:
        """Queued and running runs, oldest first."""
        live = sa.select(*runs.c).where(runs.c.status.in_(LIVE))
        with self._engine.connect() as connection:
            return [as_run(row) for row in connection.execute(live.order_by(runs.c.requested, runs.c.run))]


def _claimable(now: datetime) -> sa.ColumnElement[bool]:
    """Queued while nobody is at the feed, or running under a lease that ran out, but not too often."""
    live = runs.alias()
    busy = sa.exists().where(live.c.feed == runs.c.feed, live.c.status == "running")
    often = runs.c.worker.is_not(None) & (runs.c.deaths >= DEATHS - 1)
    lapsed = (runs.c.status == "running") & (runs.c.lease_until <= now) & ~often
    return ((runs.c.status == "queued") & ~busy) | lapsed


def _held(run: str, worker: str | None) -> sa.ColumnElement[bool]:
    return (runs.c.run == run) & (runs.c.worker == worker) & (runs.c.status == "running")


def _given_up(row: sa.Row[Any], now: datetime, known: bool) -> str | None:
    """Why a run whose lease ran out is not gone on with; None where it is."""
    if row.worker is not None and row.deaths >= DEATHS - 1:
        where = f"after the step {row.step!r}" if row.step else "while it fetched"
        return (
            f"its worker died {DEATHS} times, the last time {where}; "
            "look for what ended it (memory, a signal) in the log of the machine"
        )
    if not known and row.lease_until < now - PATIENCE:
        return "its worker died and no other worker knows the feed; start one that reads the feed's folder"
    return None


def _failed(row: sa.Row[Any], why: str, now: datetime) -> ReturningUpdate[Any]:
    mine = (runs.c.run == row.run) & (runs.c.dataset == row.dataset)
    return sa.update(runs).where(mine).values(status="failed", finished=now, error=why).returning(*runs.c)
