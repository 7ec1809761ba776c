"""Claim due runs under a lease and harvest them, several at a time, until told to stop."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from catalogue import Catalogue, Promise
from harvesters.faults import QuotaSpent
from harvesters.freshness import promise
from harvesters.lease import LEASE, Deadlines, beating, worker_name
from harvesters.notices import Herald
from harvesters.notices.events import Courier
from harvesters.pauses import closed
from harvesters.run import Harvester, harvest
from harvesters.schedule import Schedule
from harvesters.trials import next_trial
from schemas.feed import Feed
from schemas.run import Run

log = logging.getLogger(__name__)
_DAY = 86_400
_LOOKED_BACK = 200
COURIERS = 2


@dataclass(frozen=True)
class Pace:
    """How often a worker does what, and how long a run may take."""

    lease: timedelta = LEASE
    deadlines: Deadlines = field(default_factory=Deadlines)
    poll: timedelta = timedelta(seconds=0.5)
    upkeep: timedelta = timedelta(seconds=5)
    states: timedelta = timedelta(seconds=10)
    garbage: timedelta = timedelta(hours=1)
    grace: timedelta = timedelta(seconds=20)
    parallel: int = 4


class Worker:
    """Harvests the feeds that are due: at most one run of a feed at a time, over all workers.

    `feeds` gives the feeds as they are now. A slow source holds up one of `pace.parallel` threads; one
    that is over its deadline none, since another thread takes its place.
    """

    def __init__(
        self,
        harvester: Harvester,
        feeds: Callable[[], Mapping[str, Feed]],
        schedule: Schedule,
        *,
        clock: Callable[[], datetime],
        pace: Pace | None = None,
        herald: Herald | None = None,
        courier: Courier | None = None,
    ) -> None:
        self._harvester, self._feeds, self._schedule = harvester, feeds, schedule
        self._catalogue = harvester.catalogue
        self._clock = clock
        self._pace = pace or Pace()
        self._herald = herald or Herald(harvester.catalogue, {}, feeds, clock=clock)
        self._courier = courier
        self._name, self._claims = worker_name(), count()
        self._live: dict[str, Run] = {}
        self._threads: dict[int, threading.Thread] = {}
        self._trying = self._name

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then finish what is under way, or give it up after the grace period."""
        self._schedule.start()
        for slot in range(self._pace.parallel):
            self._take(slot, stop)
        besides = [
            threading.Thread(target=work, args=(stop,), name=name, daemon=True)
            for name, work in (
                ("notices", self._tell_until),
                ("trials", self._try_until),
                *[(f"events-{number}", self._deliver_until) for number in range(COURIERS)],
            )
        ]
        for thread in besides:
            thread.start()
        self._keep_up(stop)
        self._schedule.stop()
        deadline = time.monotonic() + self._pace.grace.total_seconds()
        for thread in (*self._threads.values(), *besides):
            thread.join(max(0.0, deadline - time.monotonic()))
        self._let_go()

    def _take(self, slot: int, stop: threading.Event) -> None:
        """Have a new thread in a slot; the one that was there leaves when its run ends, if ever."""
        thread = threading.Thread(
            target=self._claim_until, args=(stop, slot), name=f"harvest-{slot}", daemon=True
        )
        self._threads[slot] = thread
        thread.start()

    def once(self) -> list[Run]:
        """Run what is due or asked for, and return what became of it."""
        self._give_up()
        live = {run.feed for run in self._catalogue.queue()}
        for feed in self._schedule.due(self._clock()):
            if feed not in live:
                self._catalogue.request_run(feed, "schedule")
        runs: list[Run] = []
        while self._try_next():
            pass
        while (claimed := self._claim()) is not None:
            runs += self._harvest(claimed)
        self._catalogue.drain_search()
        self._note_states()
        self._herald.tell()
        if self._courier is not None:
            self._courier.deliver()
        self._collect_garbage()
        return runs

    def _claim_until(self, stop: threading.Event, slot: int) -> None:
        def late() -> None:
            if not stop.is_set():
                log.error("worker=%s slot=%d status=replaced", self._name, slot)
                self._take(slot, stop)

        while not stop.is_set() and self._threads[slot] is threading.current_thread():
            try:
                claimed = self._claim()
                if claimed is not None:
                    self._harvest(claimed, late)
                    continue
            except Exception:  # The last handler of the thread: a database that is away comes back.
                log.exception("worker=%s", self._name)
                stop.wait(5)
            stop.wait(self._pace.poll.total_seconds())

    def _claim(self) -> Run | None:
        """A run of a feed that this worker knows; others' feeds are left to others."""
        ready = self._catalogue.claimable()
        known = self._feeds() if ready else {}  # Not asked for by every thread all the time.
        for feed in ready:
            if feed in known:
                name = f"{self._name}-{next(self._claims)}"
                claimed = self._catalogue.claim_run(name, feed, self._pace.lease)
                if claimed is not None:
                    return claimed
        return None

    def _harvest(self, run: Run, late: Callable[[], None] = lambda: None) -> list[Run]:
        feed = self._feeds().get(run.feed)
        if feed is None:  # Removed since it was claimed.
            gone = replace(run, status="failed", error=f"there is no feed {run.feed!r} any more")
            return [self._catalogue.record(gone)]
        self._live[run.run] = run
        try:
            pace = self._pace
            with beating(self._harvester, run, pace.lease, deadlines=pace.deadlines, late=late):
                runs = harvest(feed, run, self._harvester)
            if any(each.status == "failed" and QuotaSpent.reason in each.reasons for each in runs):
                self._schedule.resume(feed.id)
            return runs
        finally:
            self._live.pop(run.run, None)

    def _keep_up(self, stop: threading.Event) -> None:
        collected = 0.0
        while not stop.is_set():
            try:
                self._give_up()
                self._catalogue.drain_search()
                if time.monotonic() - collected > self._pace.garbage.total_seconds() or not collected:
                    self._collect_garbage()
                    collected = time.monotonic()
            except Exception:  # The last handler of the loop: upkeep is tried again.
                log.exception("worker=%s", self._name)
            stop.wait(self._pace.upkeep.total_seconds())

    def _tell_until(self, stop: threading.Event) -> None:
        """Note how the feeds are, and tell of changes; slow receivers hold up nothing else."""
        while not stop.is_set():
            try:
                self._note_states()
                self._herald.tell()
            except Exception:  # The last handler of the thread: what is due is told later.
                log.exception("worker=%s", self._name)
            stop.wait(self._pace.states.total_seconds())

    def _deliver_until(self, stop: threading.Event) -> None:
        """Send events to those who subscribe; one that is slow holds up one of a few threads."""
        while not stop.is_set():
            try:
                if self._courier is not None:
                    self._courier.deliver(most=20)
            except Exception:  # The last handler of the thread: what waits is sent later.
                log.exception("worker=%s", self._name)
                stop.wait(5)
            stop.wait(self._pace.poll.total_seconds())

    def _try_until(self, stop: threading.Event) -> None:
        """Try what stewards ask for, one after the other, beside the runs."""
        while not stop.is_set():
            try:
                if self._try_next():
                    continue
            except Exception:  # The last handler of the thread: a database that is away comes back.
                log.exception("worker=%s", self._name)
                stop.wait(5)
            stop.wait(self._pace.poll.total_seconds())

    def _try_next(self) -> bool:
        self._trying = f"{self._name}-{next(self._claims)}"
        return next_trial(self._harvester, self._trying, self._feeds)

    def _note_states(self) -> None:
        known, health = self._feeds(), self._catalogue.feed_health()
        touched, zone = self._catalogue.touched(), self._harvester.zone
        promises = {}
        for each in health:
            if (feed := known.get(each.feed)) is not None:
                shut = feed.id in touched and closed(feed, self._catalogue)
                promises[feed.id] = Promise() if shut else promise(feed, each, zone)
        addresses = {id: self._herald.addresses(known[id]) for id in promises}
        self._catalogue.states.note(health, promises, addresses)

    def _give_up(self) -> None:
        """Tell of runs that killed their workers too often; what else a worker left is taken up again."""
        for dead in self._catalogue.expire_runs(self._feeds()):
            log.error("run=%s feed=%s status=failed error=%s", dead.run, dead.feed, dead.error)

    def _collect_garbage(self) -> None:
        self._catalogue.collect_garbage({id: feed.keep for id, feed in self._feeds().items()})
        _sweep(self._harvester.work)

    def _let_go(self) -> None:
        """Leave what outlasts the grace period to other workers, or to this one when it is back."""
        for run in list(self._live.values()):
            self._catalogue.release_run(run)
        self._catalogue.trials.release(self._trying)


def _sweep(work: Path) -> None:
    """Remove the folders of runs that nobody came back for; one that is in use is not a day old."""
    for folder in work.glob("*-*"):
        if time.time() - folder.stat().st_mtime > _DAY:
            shutil.rmtree(folder, ignore_errors=True)


def last_start(catalogue: Catalogue) -> Callable[[str], datetime | None]:
    """When a feed's latest finished run began, for a Schedule; one that ran out of calls is to be made up
    for, and counts for none."""

    def started(feed: str) -> datetime | None:
        ended = [run for run in catalogue.last_run(feed) if QuotaSpent.reason not in run.reasons]
        return max((run.started for run in ended if run.started), default=None)

    return started


def quiet_runs(catalogue: Catalogue) -> Callable[[str], int]:
    """How many of a feed's latest runs in a row found nothing new, for a Schedule; those that failed say
    nothing of the source."""

    def quiet(feed: str) -> int:
        unchanged: set[str] = set()
        for run in catalogue.runs(feed=feed, limit=_LOOKED_BACK):
            if run.status == "unchanged":
                unchanged.add(run.run)
            elif run.status == "published":
                return len(unchanged - {run.run})
        return len(unchanged)

    return quiet
