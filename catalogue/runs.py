"""What became of each attempt to harvest a feed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue.database import writable, writing
from catalogue.errors import RunLost
from catalogue.tables import datasets, runs
from schemas.run import EXCUSED, FeedHealth, Run, Status

_COLUMNS = tuple(runs.c[field.name] for field in fields(Run))
_NEWEST = (runs.c.requested.desc(), runs.c.run.desc(), runs.c.dataset)
_SEEN = sa.union(sa.select(runs.c.feed), sa.select(datasets.c.feed))
_WORST_FIRST: tuple[Status, ...] = ("failed", "held", "published", "unchanged", "running", "queued")


def land(connection: Connection, run: Run, now: datetime) -> Run:
    """Write a finished run, in place of what stood of it; its time is measured to `now`."""
    run = replace(_timed(run, now), error=run.error and writable(run.error))
    if run.status == "published":
        run = replace(run, step="publish")
    mine = (runs.c.run == run.run) & (runs.c.dataset == run.dataset)
    connection.execute(sa.delete(runs).where(mine))
    connection.execute(sa.insert(runs).values({column: getattr(run, column.name) for column in _COLUMNS}))
    return run


def confirm(connection: Connection, run: Run) -> None:
    """Keep the run from changing hands until the transaction ends.

    Raises RunLost when it was given up or another worker has taken it up.
    """
    mine = (runs.c.run == run.run) & (runs.c.dataset == run.feed)
    asked = sa.select(runs.c.status, runs.c.worker).where(mine).with_for_update()
    live = connection.execute(asked).one_or_none()
    if live is None and run.worker is None:  # It was never claimed.
        return
    if live is None or live.status == "failed" or live.worker != run.worker:
        raise RunLost(run.run, run.feed)


class Runs:
    """The history of runs, newest first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, run: Run, now: datetime) -> Run:
        """Write a run that published nothing; an outcome that it has already stays, and is returned.

        Raises RunLost when another worker has taken the run up.
        """
        mine = (runs.c.run == run.run) & (runs.c.dataset == run.dataset) & runs.c.finished.is_not(None)
        with writing(self._engine) as connection:
            former = connection.execute(sa.select(*_COLUMNS).where(mine).with_for_update()).one_or_none()
            if former is not None:
                return as_run(former)
            confirm(connection, run)
            return land(connection, run, now)

    def outcomes(self, run: str) -> list[Run]:
        """What became of a run so far, one for each dataset that it is done with."""
        return self._read([runs.c.run == run, runs.c.finished.is_not(None)])

    def find(self, dataset: str | None, feed: str | None, limit: int) -> list[Run]:
        """Runs of a dataset, of a feed, of both, or all."""
        asked = [(runs.c.dataset, dataset), (runs.c.feed, feed)]
        return self._read([column == value for column, value in asked if value is not None], limit)

    def latest(
        self, feed: str, statuses: Sequence[Status] | None = None, besides: str | None = None
    ) -> list[Run]:
        """All outcomes of the feed's latest finished run, or of the latest that had one of `statuses`.

        The run `besides` is passed over.
        """
        having = [runs.c.feed == feed, runs.c.finished.is_not(None)]
        if besides is not None:
            having.append(runs.c.run != besides)
        if statuses is not None:
            having.append(runs.c.status.in_(statuses))
        found = self._read(having, 1)
        return self._read([runs.c.run == found[0].run, runs.c.finished.is_not(None)]) if found else []

    def latest_of(self, dataset: str, statuses: Sequence[Status]) -> Run | None:
        """The dataset's latest run of one of these statuses."""
        found = self._read([runs.c.dataset == dataset, runs.c.status.in_(statuses)], 1)
        return found[0] if found else None

    def behind(self, dataset: str) -> Run | None:
        """The run behind the dataset's current snapshot, or a later one that was held; None if neither."""
        last = self.latest_of(dataset, ("held", "published", "unchanged"))
        return self.latest_of(dataset, ("published",)) if last and last.status == "unchanged" else last

    def health(self) -> list[FeedHealth]:
        """How each feed fares that ever ran or has a dataset, by id."""
        live = sa.select(datasets.c.feed, datasets.c.id, datasets.c.rows)
        landed = live.where(datasets.c.withdrawn.is_(None), datasets.c.snapshot.is_not(None))
        described = sa.select(datasets.c.feed, sa.func.count()).group_by(datasets.c.feed)
        entries = described.where(datasets.c.withdrawn.is_(None), datasets.c.snapshot.is_(None))
        with self._engine.connect() as connection:
            feeds = sorted(connection.scalars(_SEEN))
            rows: dict[str, dict[str, int]] = defaultdict(dict)
            for feed, id, count in connection.execute(landed):
                rows[feed][id] = count
            counts = {feed: int(count) for feed, count in connection.execute(entries)}
            last = _latest(connection, runs.c.finished.is_not(None))
            good = _latest(connection, runs.c.status.in_(("published", "unchanged")))
            new = _latest(connection, runs.c.status == "published")
            first = _latest(connection, runs.c.status.in_(("queued", "running")))
        return [
            FeedHealth(
                feed=feed,
                **_worst(last.get(feed) or first.get(feed, [])),
                last_run=_ended(last.get(feed, [])),
                last_success=_ended(good.get(feed, [])),
                last_change=_ended(new.get(feed, [])),
                rows=sum(rows[feed].values()),
                entries=counts.get(feed, 0),
                datasets=tuple(sorted(rows[feed])),
            )
            for feed in feeds
        ]

    def _read(self, having: list[sa.ColumnElement[bool]], limit: int | None = None) -> list[Run]:
        found = sa.select(*_COLUMNS).where(*having).order_by(*_NEWEST).limit(limit)
        with self._engine.connect() as connection:
            return [as_run(row) for row in connection.execute(found)]


def _latest(connection: Connection, having: sa.ColumnElement[bool]) -> dict[str, list[Any]]:
    """The outcomes, as far as they are of this kind, of each feed's latest run that has such a one."""
    seen = _SEEN.subquery()
    newest = (
        sa.select(runs.c.run)
        .where(runs.c.feed == seen.c.feed, having)
        .order_by(runs.c.requested.desc(), runs.c.run.desc())
        .limit(1)
        .scalar_subquery()
    )
    chosen = sa.select(newest.label("run")).select_from(seen).subquery()
    asked = (
        sa.select(runs.c.feed, runs.c.status, runs.c.error, runs.c.reasons, runs.c.finished)
        .join(chosen, chosen.c.run == runs.c.run)
        .where(having)
    )
    found: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(asked):
        found[row.feed].append(row)
    return found


def _worst(outcomes: Sequence[Any]) -> dict[str, Any]:
    worst = min(outcomes, key=_badness, default=None)
    return {"status": worst.status, "error": worst.error, "reason": _reason(worst)} if worst else {}


def _badness(outcome: Any) -> tuple[int, bool]:
    return _WORST_FIRST.index(outcome.status), _reason(outcome) in EXCUSED


def _reason(outcome: Any) -> str | None:
    """The word of a run that failed or is held: what holds the whole of it is written down last."""
    if outcome.status not in ("failed", "held"):
        return None
    return next(reversed(outcome.reasons), None)


def _ended(outcomes: Sequence[Any]) -> datetime | None:
    return max((run.finished for run in outcomes if run.finished), default=None)


def as_run(row: sa.Row[Any]) -> Run:
    """A run from a row of the table."""
    return Run(**{column.name: getattr(row, column.name) for column in _COLUMNS})


def _timed(run: Run, now: datetime) -> Run:
    seconds = (now - run.started).total_seconds() if run.started else run.seconds
    return replace(run, requested=run.requested or run.started or now, finished=now, seconds=seconds)
