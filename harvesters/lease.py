"""Hold the one live run of a feed: by heartbeats while it lasts, or here and now for a command."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from harvesters.run import Harvester, harvest
from schemas.feed import Feed
from schemas.run import Run

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=60)
_WAIT = 0.2


def worker_name() -> str:
    """A name that no other worker has."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"


@contextmanager
def beating(harvester: Harvester, run: Run, worker: str, lease: timedelta) -> Iterator[None]:
    """Extend the run's lease in a thread while the block lasts."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(lease.total_seconds() / 4):
            try:
                if not harvester.catalogue.heartbeat(run.run, worker):
                    return
            except Exception:  # The last handler of the thread: the lease outlives a few lost beats.
                log.exception("run=%s heartbeat=failed", run.run)

    thread = threading.Thread(target=beat, name=f"heartbeat-{run.feed}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def harvest_now(feed: Feed, harvester: Harvester, lease: timedelta = LEASE) -> list[Run]:
    """Harvest one feed here and now, and return what became of each of its datasets.

    Where a worker is at the feed already, waits for it; where one takes the run over, returns its outcome.
    """
    name, catalogue = worker_name(), harvester.catalogue
    asked = catalogue.request_run(feed.id, "command")
    while True:
        claimed = catalogue.claim_run(name, feed.id, lease)
        if claimed is not None:
            with beating(harvester, claimed, name, lease):
                return harvest(feed, claimed, harvester)
        if asked not in {waiting.run for waiting in catalogue.queue()}:
            return [run for run in catalogue.runs(feed=feed.id) if run.run == asked]
        catalogue.expire_runs()
        time.sleep(_WAIT)
