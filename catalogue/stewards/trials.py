"""Dry runs asked for over HTTP: one process asks, a worker tries, and who asked reads what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from catalogue.database import writing
from catalogue.errors import UnknownTrial
from catalogue.queue import new_id
from catalogue.stewards.uploads import store
from catalogue.storage import Storage
from catalogue.tables import trials
from schemas.steward import Trial

LEASE = timedelta(seconds=30)
"""How long a trial is left to a worker that was not heard of."""
CLAIMS = 2
"""How many workers try, where the first one dies or does not come to an end."""
KEPT = timedelta(days=1)
_COLUMNS = (
    trials.c.trial,
    trials.c.requested,
    trials.c.by,
    trials.c.asked,
    trials.c.file,
    trials.c.finished,
    trials.c.found,
    trials.c.claims,
)


_GIVEN_UP = (
    f"{CLAIMS} workers gave it up, each because it died or took too long; "
    "try a smaller part of the file, or have the operator look into the log of the worker"
)


class Trials:
    """At most one worker is at a trial; where it dies, another takes the trial up."""

    def __init__(self, engine: Engine, storage: Storage, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._storage = storage
        self._clock = clock

    def request(self, by: str, asked: Mapping[str, Any], data: BinaryIO | None = None) -> str:
        """Ask for a trial, with the content of a file where it needs one, and return its id."""
        now = self._clock()
        id = new_id(now)
        file = None if data is None else store(self._storage, f"uploads/trials/{id}", data)
        row = {"trial": id, "requested": now, "by": by, "asked": dict(asked), "file": file}
        with writing(self._engine) as connection:
            connection.execute(sa.insert(trials).values(row))
        return id

    def claim(self, worker: str, lease: timedelta = LEASE) -> Trial | None:
        """Take the oldest trial that nobody is at, or whose worker was not heard of for its lease."""
        with writing(self._engine) as connection:
            now = self._clock()
            free = trials.c.lease_until.is_(None) | (trials.c.lease_until < now)
            open_ = trials.c.finished.is_(None) & free
            tired = sa.update(trials).where(open_, trials.c.claims >= CLAIMS)
            connection.execute(tired.values(finished=now, found={"refused": _GIVEN_UP}, lease_until=None))
            oldest = sa.select(trials.c.trial).where(open_)
            ordered = oldest.order_by(trials.c.requested, trials.c.trial).limit(1)
            id = connection.scalar(ordered.with_for_update(skip_locked=True))
            if id is None:
                return None
            taken = {"worker": worker, "lease_until": now + lease, "claims": trials.c.claims + 1}
            mine = sa.update(trials).where(trials.c.trial == id).values(taken)
            return _trial(connection.execute(mine.returning(*_COLUMNS)).one())

    def heartbeat(self, trial: str, worker: str, lease: timedelta = LEASE) -> bool:
        """Extend the lease of a claimed trial; False where it is finished or in other hands by now."""
        mine = (trials.c.trial == trial) & (trials.c.worker == worker) & trials.c.finished.is_(None)
        with writing(self._engine) as connection:
            beaten = sa.update(trials).where(mine).values(lease_until=self._clock() + lease)
            return bool(connection.execute(beaten).rowcount)

    def data(self, trial: Trial) -> Path | None:
        """Where the file of a trial lies that is not finished, if it has one."""
        return None if trial.file is None else self._storage.path(trial.file)

    def finish(self, trial: str, worker: str, found: Mapping[str, Any]) -> bool:
        """Leave what came of a trial, and remove its file; False where another worker has it by now."""
        mine = (trials.c.trial == trial) & (trials.c.worker == worker) & trials.c.finished.is_(None)
        with writing(self._engine) as connection:
            held = sa.select(trials.c.file, trials.c.asked).where(mine).with_for_update()
            row = connection.execute(held).one_or_none()
            if row is None:
                return False
            # A feed's text may hold what nobody should keep: it was needed to try, and is let go.
            asked = {name: value for name, value in row.asked.items() if name != "feed"}
            done = {"finished": self._clock(), "found": dict(found), "asked": asked}
            connection.execute(sa.update(trials).where(mine).values(**done, file=None, lease_until=None))
        if row.file is not None:
            self._storage.remove(row.file)
        return True

    def release(self, worker: str) -> None:
        """Let go of what was claimed under this name, for another worker to take up at once."""
        mine = (trials.c.worker == worker) & trials.c.finished.is_(None)
        freed = {"lease_until": None, "worker": None, "claims": trials.c.claims - 1}
        with writing(self._engine) as connection:
            connection.execute(sa.update(trials).where(mine).values(freed))

    def read(self, trial: str) -> Trial:
        """A trial as it stands; raises UnknownTrial, also a day after it was finished."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(*_COLUMNS).where(trials.c.trial == trial)).one_or_none()
        if row is None:
            raise UnknownTrial(trial)
        return _trial(row)

    def sweep(self) -> int:
        """Forget the trials that were asked for a day ago, with their files, and count them."""
        old = trials.c.requested < self._clock() - KEPT
        with writing(self._engine) as connection:
            gone = connection.execute(sa.delete(trials).where(old).returning(trials.c.file)).all()
        for row in gone:
            if row.file is not None:
                self._storage.remove(row.file)
        return len(gone)


def _trial(row: Any) -> Trial:
    return Trial(row.trial, row.requested, row.by, row.asked, row.file, row.finished, row.found, row.claims)
