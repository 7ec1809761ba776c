"""A worker in a process of its own that dies by SIGKILL at a named point of a run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from catalogue import Catalogue, open_catalogue
from catalogue.entries import Entries
from catalogue.search.embedded import Embedded
from harvesters.feeds.folders import FeedFolders
from harvesters.fetch import HttpFetch, Timeout
from harvesters.fetch.guard import Guard
from harvesters.run import Harvester
from harvesters.schedule import Schedule
from harvesters.steps import RunFolder
from harvesters.worker import Pace, Worker, last_start

POINTS: dict[str, tuple[type, str, str]] = {
    "fetched, and nobody knows": (RunFolder, "keep", "before"),
    "fetched, and the database does not know": (Catalogue, "reach", "before"),
    "fetched": (Catalogue, "reach", "after"),
    "parsed": (Catalogue, "outcomes", "after"),
    "first parts written": (Entries, "commit", "before"),
    "first table published": (Entries, "commit", "after"),
    "first table indexed": (Catalogue, "build_index", "after"),
    "all tables published": (Catalogue, "finish_run", "before"),
    "finished": (RunFolder, "remove", "before"),
}
"""Where a worker can be told to die: before or after the first call of a method."""

PACE = Pace(
    poll=timedelta(seconds=0.05),
    upkeep=timedelta(seconds=0.2),
    grace=timedelta(seconds=1),
)
KOREA = (124.5, 33.0, 132.0, 38.95)


def open_all(url: str, folder: Path, ahead: timedelta = timedelta()) -> Catalogue:
    """The catalogue in a test's folder, with a clock that is `ahead`: whoever died now did so then."""
    folders = {"storage_folder": folder / "parts", "index_folder": folder / "derived"}
    search = Embedded(folder / "search")
    return open_catalogue(url, search=search, clock=lambda: datetime.now(UTC) + ahead, **folders)


def worker_of(catalogue: Catalogue, folder: Path) -> Worker:
    """A quick worker over the feeds of `folder`/feeds, which asks for no runs by itself."""
    fetch = HttpFetch(Guard(["127.0.0.1"]), timeout=Timeout(20, 60, 120), retries=0)
    seoul = ZoneInfo("Asia/Seoul")
    harvester = Harvester(catalogue, fetch, folder / "work", KOREA, seoul, {})
    feeds = FeedFolders([folder / "feeds"])
    schedule = Schedule(feeds, last_start(catalogue), lambda feed: None, zone=seoul)
    return Worker(harvester, feeds, schedule, clock=lambda: datetime.now(UTC), pace=PACE)


def start(url: str, folder: Path, point: str | None = None) -> BaseProcess:
    """A process that works until it is killed, at `point` by itself."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["forked", __name__])
    with pytest.MonkeyPatch.context() as patch:
        # The process that forks looks for modules where Python does, not where pytest does.
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        forkserver.ensure_running()
    process = context.Process(target=_work, args=(url, folder, point), daemon=True)
    process.start()
    return process


def _work(url: str, folder: Path, point: str | None) -> None:
    if point is not None:
        _arm(*POINTS[point])
    catalogue = open_all(url, folder)
    worker_of(catalogue, folder).run(threading.Event())


def _arm(owner: type, name: str, when: str) -> None:
    """Have the process die at the first call of a method."""
    real: Callable[..., Any] = getattr(owner, name)

    def last(*args: Any, **named: Any) -> Any:
        if when == "after":
            real(*args, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, last)
