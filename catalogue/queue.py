"""Who harvests what now: runs are asked for, claimed under a lease, and given up when the lease runs out."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from catalogue.database import insert, writing
from catalogue.runs import as_run
from catalogue.tables import runs
from schemas.run import Run, Trigger

Clock = Callable[[], datetime]
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

    def claim(self, worker: str, feed: str | None, lease: timedelta) -> Run | None:
        """Take the oldest queued run whose feed nobody is harvesting; None when there is none."""
        with writing(self._engine) as connection:
            live = runs.alias()
            busy = sa.exists().where(live.c.feed == runs.c.feed, live.c.status == "running")
            ready = sa.select(runs.c.run).where(runs.c.status == "queued", ~busy)
            if feed is not None:
                ready = ready.where(runs.c.feed == feed)
            oldest = ready.order_by(runs.c.requested, runs.c.run).limit(1)
            run = connection.scalar(oldest.with_for_update(skip_locked=True, of=runs))
            if run is None:
                return None
            now = self._clock()
            claimed = (
                sa.update(runs)
                .where(runs.c.run == run, runs.c.status == "queued")
                .values(status="running", started=now, worker=worker)
                .values(lease_until=now + lease, lease_seconds=lease.total_seconds())
                .returning(*runs.c)
            )
            return as_run(connection.execute(claimed).one())

    def heartbeat(self, run: str, worker: str) -> bool:
        """Extend a lease by its length; False when it was lost, and the work should be dropped."""
        mine = (runs.c.run == run) & (runs.c.worker == worker) & (runs.c.status == "running")
        with writing(self._engine) as connection:
            held = sa.select(runs.c.lease_seconds).where(mine).with_for_update()
            seconds = connection.scalar(held)
            if seconds is None:
                return False
            until = self._clock() + timedelta(seconds=seconds)
            connection.execute(sa.update(runs).where(mine).values(lease_until=until))
            return True

    def expire(self) -> list[Run]:
        """Fail the runs whose worker has not been heard of for the length of its lease."""
        now = self._clock()
        lapsed = (runs.c.status == "running") & (runs.c.lease_until < now)
        with writing(self._engine) as connection:
            failed = sa.update(runs).where(lapsed).values(status="failed", finished=now)
            dead = failed.values(error="the worker died").returning(*runs.c)
            return [as_run(row) for row in connection.execute(dead)]

    def finish(self, run: str) -> None:
        """End a run that landed several datasets; one that left no outcome at all has failed.

        A run whose outcome is written under the feed's own id has ended with that; finishing it is no error.
        """
        live = (runs.c.run == run) & (runs.c.status == "running")
        outcome = sa.select(runs.c.run).where(runs.c.run == run, runs.c.status != "running").limit(1)
        with writing(self._engine) as connection:
            if connection.scalar(outcome) is not None:
                connection.execute(sa.delete(runs).where(live))
            else:
                ended = sa.update(runs).where(live).values(status="failed", finished=self._clock())
                connection.execute(ended.values(error="the run ended without an outcome"))

    def waiting(self) -> list[Run]:
        """Queued and running runs, oldest first."""
        live = sa.select(*runs.c).where(runs.c.status.in_(("queued", "running")))
        with self._engine.connect() as connection:
            return [as_run(row) for row in connection.execute(live.order_by(runs.c.requested, runs.c.run))]
