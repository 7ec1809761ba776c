"""The front door's side for workers and stewards: runs asked for, claimed, kept alive and remembered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from catalogue.queue import Queue
from catalogue.runs import Runs
from schemas.run import FeedHealth, Run, Trigger

LEASE = timedelta(seconds=60)


class Work:
    """At most one run of a feed is live, over all workers of the database."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._runs = Runs(engine)
        self._queue = Queue(engine, clock)

    def runs(self, dataset: str | None = None, feed: str | None = None, limit: int = 100) -> list[Run]:
        """Runs, newest first, queued and running ones too."""
        return self._runs.find(dataset, feed, limit)

    def last_run(self, feed: str) -> list[Run]:
        """The outcomes of the feed's latest finished run, one a dataset."""
        return self._runs.latest(feed)

    def last_published(self, feed: str) -> list[Run]:
        """All outcomes of the feed's latest run that published something."""
        return self._runs.latest(feed, ("published",))

    def feed_health(self) -> list[FeedHealth]:
        """How each feed fares that ever ran."""
        return self._runs.health()

    def request_run(self, feed: str, trigger: Trigger) -> str:
        """Ask for a run and return its id; a feed that waits for one already gets that one's."""
        return self._queue.request(feed, trigger)

    def claim_run(self, worker: str, feed: str | None = None, lease: timedelta = LEASE) -> Run | None:
        """Take the oldest queued run (of `feed`) that nobody is at, or None. It ends with its outcome
        under the feed's id, with `finish_run`, or when no heartbeat comes for the length of the lease."""
        return self._queue.claim(worker, feed, lease)

    def heartbeat(self, run: str, worker: str) -> bool:
        """Extend the lease of a claimed run; False when it was lost, and the work should be dropped."""
        return self._queue.heartbeat(run, worker)

    def finish_run(self, run: str) -> None:
        """End a claimed run that landed several datasets; needed for those, harmless for others."""
        self._queue.finish(run)

    def expire_runs(self) -> list[Run]:
        """Fail the runs whose worker died, and return them; what is published stays."""
        return self._queue.expire()

    def queue(self) -> list[Run]:
        """Queued and running runs, oldest first."""
        return self._queue.waiting()
