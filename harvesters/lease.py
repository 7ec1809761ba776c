"""Hold the one live run of a feed: by heartbeats while it lasts, or here and now for a command."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

from harvesters.run import Harvester, harvest
from schemas.feed import Feed
from schemas.run import Run

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=30)
_BEATS = 6
"""Heartbeats in a lease: so many in a row must be lost until a run is thought dead."""
_WAIT = 0.2


@dataclass(frozen=True)
class Deadlines:
    """How long a run may be at one step: to fetch, and then to publish each of its tables."""

    fetch: timedelta = timedelta(hours=1)
    publish: timedelta = timedelta(hours=2)

    def exceeded(self, step: str | None, seconds: float) -> str | None:
        """The sentence about a run that has been `seconds` at what follows `step`; None while it may be."""
        what, most = ("publishing", self.publish) if step else ("fetching", self.fetch)
        if seconds <= most.total_seconds():
            return None
        return (
            f"{what} had taken {timedelta(seconds=int(seconds))} when it was given up (at most {most}); "
            "see whether the source hangs, or make the feed smaller"
        )


def worker_name() -> str:
    """A name that no other worker has."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"


@contextmanager
def beating(
    harvester: Harvester,
    run: Run,
    lease: timedelta,
    *,
    deadlines: Deadlines | None = None,
    late: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Extend the run's lease in a thread while the block lasts, but not beyond the deadline of a step.

    A run that is over it has failed, can publish no more, and `late` is called.
    """
    pulse = _Pulse(harvester, run, deadlines or Deadlines(), late)
    with pulsing(pulse.beat, lease, run.feed):
        yield


@contextmanager
def pulsing(beat: Callable[[], bool], lease: timedelta, what: str) -> Iterator[None]:
    """Call `beat` in a thread, several times in a lease, while the block lasts and until it says False."""
    done = threading.Event()

    def beat_until() -> None:
        while not done.wait(lease.total_seconds() / _BEATS):
            try:
                if not beat():
                    return
            except Exception:  # The last handler of the thread: the lease outlives a few lost beats.
                log.exception("heartbeat=failed of=%s", what)

    thread = threading.Thread(target=beat_until, name=f"heartbeat-{what}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class _Pulse:
    """Keeps a run alive, and knows since when it is at its step."""

    def __init__(
        self, harvester: Harvester, run: Run, deadlines: Deadlines, late: Callable[[], None]
    ) -> None:
        self._catalogue, self._run = harvester.catalogue, run
        self._deadlines, self._late = deadlines, late
        self._step, self._since = run.step, time.monotonic()

    def beat(self) -> bool:
        """Extend the lease; False when there is no more to be done for the run."""
        live = self._catalogue.heartbeat(self._run.run, self._run.worker or "")
        if live is None:
            return False
        if live.step != self._step:
            self._step, self._since = live.step, time.monotonic()
        why = self._deadlines.exceeded(self._step, time.monotonic() - self._since)
        if why is None:
            return True
        self._catalogue.record(replace(live, status="failed", error=why, reasons={"deadline": 0}))
        self._late()
        return False


def harvest_now(feed: Feed, harvester: Harvester, lease: timedelta = LEASE) -> list[Run]:
    """Harvest one feed here and now, and return what became of each of its datasets.

    Where a worker is at the feed already, waits for it; where one takes the run over, returns its outcome.
    A run of the feed whose worker died is brought to its end first, and told where it left nothing to do.
    """
    name, catalogue, claims = worker_name(), harvester.catalogue, count()
    asked = catalogue.request_run(feed.id, "command")
    ended: list[Run] = []
    while True:
        claimed = catalogue.claim_run(f"{name}-{next(claims)}", feed.id, lease)
        if claimed is not None:
            runs = _held(feed, claimed, harvester, lease)
            if claimed.run == asked:
                return ended if ended and all(run.status == "unchanged" for run in runs) else runs
            ended = runs
        elif asked not in {waiting.run for waiting in catalogue.queue()}:
            return catalogue.outcomes(asked)
        else:
            catalogue.expire_runs([feed.id])
            time.sleep(_WAIT)


def _held(feed: Feed, run: Run, harvester: Harvester, lease: timedelta) -> list[Run]:
    try:
        with beating(harvester, run, lease):
            return harvest(feed, run, harvester)
    except KeyboardInterrupt:
        harvester.catalogue.record(replace(run, status="failed", error="it was stopped by hand"))
        raise
