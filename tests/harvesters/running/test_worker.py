"""Workers claim what is due, one run of a feed at a time, and leave no run behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from waiting import LONGEST, wait_for

from catalogue import Catalogue
from harvesters.feeds.folders import FeedFolders
from harvesters.lease import Deadlines, harvest_now
from harvesters.run import Harvester
from harvesters.schedule import Schedule
from harvesters.worker import Pace, Worker, last_start, quiet_runs
from schemas.run import Run

FEED = """
title = {{ en = "Parks" }}
publisher = "Busan"
licence = "KOGL-1"
[source]
{source}
[schedule]
every = "1h"
"""
QUICK = Pace(
    lease=timedelta(seconds=2),
    poll=timedelta(seconds=0.05),
    upkeep=timedelta(seconds=0.1),
    grace=timedelta(seconds=0.3),
)


def utc_now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def write_feed(tmp_path: Path) -> Callable[[str, str], None]:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "source.csv").write_text("번호,이름\n1,가\n2,나\n", "utf-8")

    def write(id: str, source: str = 'kind = "file"\npath = "../source.csv"') -> None:
        (tmp_path / "feeds" / f"{id}.toml").write_text(FEED.format(source=source), "utf-8")

    return write


@pytest.fixture
def worker(harvester: Harvester, tmp_path: Path) -> Worker:
    feeds, catalogue = FeedFolders([tmp_path / "feeds"]), harvester.catalogue

    def request(feed: str) -> object:
        return catalogue.request_run(feed, "schedule")

    look = timedelta(seconds=0.2)
    schedule = Schedule(feeds, last_start(catalogue), request, zone=harvester.zone, look=look)
    return Worker(harvester, feeds, schedule, clock=utc_now, pace=QUICK)


def test_once_runs_what_is_due_and_then_nothing_is(worker: Worker, write_feed):
    write_feed("parks")
    write_feed("stops")
    assert {run.dataset: run.status for run in worker.once()} == {"parks": "published", "stops": "published"}
    assert worker.once() == []


def test_once_runs_what_was_asked_for(worker: Worker, write_feed, catalogue: Catalogue):
    write_feed("parks")
    worker.once()
    catalogue.request_run("parks", "portal")
    assert [(run.status, run.trigger) for run in worker.once()] == [("unchanged", "portal")]


def test_a_run_of_a_feed_that_a_worker_does_not_know_is_left_to_others(worker: Worker, write_feed, catalogue):
    catalogue.request_run("elsewhere", "portal")
    assert worker.once() == []
    assert [run.feed for run in catalogue.queue()] == ["elsewhere"]


def test_a_run_whose_worker_died_is_taken_up(worker: Worker, write_feed, catalogue):
    write_feed("parks")
    asked = catalogue.request_run("parks", "portal")
    catalogue.claim_run("dead", "parks", timedelta(seconds=-1))
    (run,) = worker.once()
    assert (run.run, run.status, run.trigger) == (asked, "published", "portal")
    assert catalogue.runs(feed="parks") == [run]


def test_a_feed_that_keeps_killing_its_worker_is_not_run_for_ever(worker: Worker, write_feed, catalogue):
    write_feed("parks")
    worker.once()
    catalogue.request_run("parks", "portal")
    for number in range(3):
        assert catalogue.claim_run(f"dead-{number}", "parks", timedelta(seconds=-1))
    assert worker.once() == []
    (run, _) = catalogue.runs(feed="parks")
    assert (run.status, catalogue.queue()) == ("failed", [])
    assert run.error.startswith("its worker died 3 times")


def test_a_slow_source_holds_up_nobody_and_its_lease_is_kept(worker: Worker, write_feed, catalogue, site):
    answer = threading.Event()

    def slow(request: object) -> None:
        answer.wait(LONGEST)
        body = "번호\n1\n".encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    site.routes["/slow.csv"] = slow
    write_feed("slow", f'kind = "url"\nurl = "{site.url("/slow.csv")}"')
    stop = threading.Event()
    running = threading.Thread(target=worker.run, args=(stop,))
    running.start()
    try:
        wait_for(lambda: [run.status for run in catalogue.queue()] == ["running"])
        write_feed("parks")
        wait_for(lambda: "parks" in catalogue.ids())
        time.sleep(2.5)  # Longer than the lease.
        assert [run.feed for run in catalogue.queue()] == ["slow"]
        answer.set()
        wait_for(lambda: "slow" in catalogue.ids())
    finally:
        answer.set()
        stop.set()
        running.join(LONGEST)
    assert not running.is_alive()


def test_a_run_that_outlasts_the_grace_period_is_left_to_others_and_cannot_publish(
    worker: Worker, write_feed, catalogue, site
):
    answer = threading.Event()
    site.routes["/never.csv"] = lambda request: answer.wait(LONGEST)
    write_feed("never", f'kind = "url"\nurl = "{site.url("/never.csv")}"')
    stop = threading.Event()
    running = threading.Thread(target=worker.run, args=(stop,))
    running.start()
    wait_for(lambda: [run.status for run in catalogue.queue()] == ["running"])
    stop.set()
    running.join(LONGEST)
    assert not running.is_alive()
    assert catalogue.claimable() == ["never"]
    (run,) = catalogue.runs(feed="never")
    site.body("/never.csv", "번호\n1\n".encode())
    (ended,) = worker.once()
    assert (ended.run, ended.status) == (run.run, "published")
    answer.set()


def test_a_command_waits_for_the_worker_that_is_at_the_feed(
    harvester: Harvester, write_feed, tmp_path, catalogue
):
    write_feed("parks")
    feed = FeedFolders([tmp_path / "feeds"])()["parks"]
    catalogue.request_run("parks", "portal")
    busy = catalogue.claim_run("other", "parks", timedelta(seconds=60))
    found: list[Run] = []
    waiting = threading.Thread(target=lambda: found.extend(harvest_now(feed, harvester)))
    waiting.start()
    waiting.join(0.5)
    assert waiting.is_alive()
    catalogue.record(busy)
    catalogue.finish_run(busy.run)
    waiting.join(LONGEST)
    assert [run.status for run in found] == ["published"]


def test_a_command_goes_on_with_a_run_whose_worker_died_and_tells_what_it_published(
    harvester: Harvester, write_feed, tmp_path, catalogue
):
    write_feed("parks")
    feed = FeedFolders([tmp_path / "feeds"])()["parks"]
    dead = catalogue.request_run("parks", "schedule")
    catalogue.claim_run("dead", "parks", timedelta(seconds=-1))
    (run,) = harvest_now(feed, harvester)
    assert (run.run, run.status) == (dead, "published")
    assert {each.status for each in catalogue.runs(feed="parks")} == {"published", "unchanged"}
    assert catalogue.queue() == []


def test_a_command_that_is_stopped_by_hand_leaves_a_failed_run(harvester: Harvester, write_feed, tmp_path):
    class Stopped:
        def __call__(self, *arguments: object, **options: object) -> None:
            raise KeyboardInterrupt

    write_feed("parks", 'kind = "url"\nurl = "http://127.0.0.1/"')
    feed = FeedFolders([tmp_path / "feeds"])()["parks"]
    with pytest.raises(KeyboardInterrupt):
        harvest_now(feed, replace(harvester, fetch=Stopped()))
    (run,) = harvester.catalogue.runs(feed="parks")
    assert (run.status, run.error) == ("failed", "it was stopped by hand")


def test_a_worker_notes_how_its_feeds_are(worker: Worker, write_feed, catalogue, tmp_path):
    write_feed("parks")
    worker.once()
    (health,) = catalogue.feed_health()
    assert health.state == "fresh"
    assert health.expected - health.last_success == timedelta(hours=2, minutes=1)
    (tmp_path / "source.csv").unlink()
    catalogue.request_run("parks", "portal")
    worker.once()
    assert [health.state for health in catalogue.feed_health()] == ["failing"]
    assert [change.state for change in catalogue.notices.changes()] == ["failing"]


def test_runs_in_a_row_that_found_nothing_new_are_counted(worker: Worker, write_feed, catalogue, tmp_path):
    write_feed("parks")
    counts = []
    for text in (None, None, None, "번호,이름\n1,나\n", None):
        if text:
            (tmp_path / "source.csv").write_text(text, "utf-8")
        catalogue.request_run("parks", "portal")
        worker.once()
        counts.append(quiet_runs(catalogue)("parks"))
    assert counts == [0, 1, 2, 0, 1]


def test_the_folder_of_a_run_that_was_killed_is_removed_a_day_later(
    worker: Worker, write_feed, harvester: Harvester
):
    write_feed("parks")
    old, young = harvester.work / "20260101-x", harvester.work / "20260102-y"
    for folder in (old, young):
        folder.mkdir(parents=True)
    yesterday = time.time() - 90_000
    os.utime(old, (yesterday, yesterday))
    worker.once()
    assert list(harvester.work.iterdir()) == [young]


def test_a_run_that_hangs_is_given_up_and_its_thread_replaced(
    harvester: Harvester, write_feed, tmp_path: Path, catalogue: Catalogue, site
):
    answer = threading.Event()

    def hang(request: object) -> None:
        answer.wait(LONGEST)
        body = "번호\n1\n".encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    site.routes["/hangs.csv"] = hang
    write_feed("hangs", f'kind = "url"\nurl = "{site.url("/hangs.csv")}"')
    feeds = FeedFolders([tmp_path / "feeds"])
    pace = replace(QUICK, parallel=1, deadlines=Deadlines(fetch=timedelta(seconds=3)))
    schedule = Schedule(feeds, last_start(catalogue), lambda feed: None, zone=harvester.zone)
    worker = Worker(harvester, feeds, schedule, clock=utc_now, pace=pace)
    stop = threading.Event()
    running = threading.Thread(target=worker.run, args=(stop,))
    running.start()
    try:
        catalogue.request_run("hangs", "portal")
        wait_for(lambda: [run.status for run in catalogue.runs(feed="hangs")] == ["failed"])
        (run,) = catalogue.runs(feed="hangs")
        assert run.error.startswith("fetching had taken 0:0")
        write_feed("parks")
        catalogue.request_run("parks", "portal")
        wait_for(lambda: catalogue.ids() == ["parks"])
        answer.set()
        time.sleep(0.5)
        assert catalogue.ids() == ["parks"]
        assert catalogue.runs(feed="hangs") == [run]
    finally:
        answer.set()
        stop.set()
        running.join(LONGEST)
    assert not running.is_alive()
