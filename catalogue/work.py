"""The front door's side for workers and stewards: runs asked for, claimed, kept alive and remembered."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from catalogue.errors import RunLost
from catalogue.events.log import Events
from catalogue.events.subscriptions import Subscriptions
from catalogue.events.watch import Watch
from catalogue.notices import Notices
from catalogue.queue import Queue
from catalogue.runs import Runs
from catalogue.states import States
from schemas.run import FeedHealth, Run, Trigger

LEASE = timedelta(seconds=30)


class Work:
    """At most one run of a feed is live, over all workers of the database."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._runs = Runs(engine)
        self._queue = Queue(engine, clock)
        self.states = States(engine, clock)
        self.notices = Notices(engine, clock)
        self.events = Events(engine)
        self.watch = Watch(self.events)
        self.subscriptions = Subscriptions(engine, self.events, clock)

    def runs(self, dataset: str | None = None, feed: str | None = None, limit: int = 100) -> list[Run]:
        """Runs, newest first, queued and running ones too."""
        return self._runs.find(dataset, feed, limit)

    def last_run(self, feed: str) -> list[Run]:
        """The outcomes of the feed's latest finished run, one a dataset."""
        return self._runs.latest(feed)

    def last_published(self, feed: str, besides: str | None = None) -> list[Run]:
        """All outcomes of the feed's latest run that published something, the run `besides` passed over."""
        return self._runs.latest(feed, ("published",), besides)

    def outcomes(self, run: str) -> list[Run]:
        """What became of a run so far, one for each dataset that it is done with."""
        return self._runs.outcomes(run)

    def feed_health(self) -> list[FeedHealth]:
        """How each feed fares that ever ran."""
        return self.states.shown(self._runs.health())

    def request_run(self, feed: str, trigger: Trigger) -> str:
        """Ask for a run and return its id; a feed that waits for one already gets that one's."""
        return self._queue.request(feed, trigger)

    def claimable(self) -> list[str]:
        """The feeds of which a run could be claimed now, the one that waits longest first."""
        return self._queue.ready()

    def claim_run(self, worker: str, feed: str | None = None, lease: timedelta = LEASE) -> Run | None:
        """Take the oldest run (of `feed`) that nobody is at, or None: one that is queued, or one whose
        worker died, at the step where it died. It ends with its outcome under the feed's id, with
        `finish_run`, or passes on when no heartbeat comes for the length of the lease. `worker` names
        this one claim: who holds a run by that name may publish, and nobody else."""
        return self._queue.claim(worker, feed, lease)

    def heartbeat(self, run: str, worker: str) -> Run | None:
        """Extend the lease of a claimed run and return it as it stands; None when it was lost, and the
        work should be dropped."""
        return self._queue.heartbeat(run, worker)

    def reach(self, run: Run, step: str) -> Run:
        """Note the step that a claimed run has completed; raises RunLost when it is in other hands."""
        if run.worker is not None and not self._queue.reach(run.run, run.worker, step):
            raise RunLost(run.run, run.feed)
        return replace(run, step=step)

    def release_run(self, run: Run) -> None:
        """Let go of a claimed run, for another worker to go on with it at once; no death is counted."""
        self._queue.release(run.run, run.worker)

    def finish_run(self, run: str, worker: str | None = None) -> None:
        """End a claimed run that landed several datasets; needed for those, harmless for others and where
        `worker` no longer holds it."""
        self._queue.finish(run, worker)

    def expire_runs(self, known: Collection[str] = ()) -> list[Run]:
        """Fail the runs whose worker died once too often, or died long since with nobody to take them up,
        and return them; what is published stays. Of the `known` feeds the caller takes up every run."""
        return self._queue.expire(known)

    def queue(self) -> list[Run]:
        """Queued and running runs, oldest first."""
        return self._queue.waiting()
