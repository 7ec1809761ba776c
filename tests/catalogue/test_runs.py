"""Runs are asked for, claimed, kept alive, given up and remembered, on both databases."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from sqlalchemy.engine import Engine

from catalogue.database import writing
from catalogue.errors import RunLost
from catalogue.queue import Queue
from catalogue.runs import Runs, confirm
from schemas.run import FeedHealth, FeedHealthSchema, Run

MINUTE = timedelta(minutes=1)


@pytest.fixture
def queue(database: Engine, clock) -> Queue:
    return Queue(database, clock)


@pytest.fixture
def runs(database: Engine) -> Runs:
    return Runs(database)


def test_a_run_asked_for_is_claimed_once(queue: Queue, clock) -> None:
    id = queue.request("parks", "portal")
    clock.move(seconds=5)
    run = queue.claim("w1", None, MINUTE)
    assert run == Run(
        id,
        "parks",
        "parks",
        "running",
        "portal",
        requested=clock.move(seconds=-5),
        started=clock.move(seconds=5),
        worker="w1",
    )
    assert queue.claim("w2", None, MINUTE) is None


def test_asking_twice_gives_the_run_that_waits(queue: Queue) -> None:
    assert queue.request("parks", "portal") == queue.request("parks", "schedule")
    assert [(run.feed, run.trigger) for run in queue.waiting()] == [("parks", "portal")]


def test_the_oldest_run_is_claimed_first_and_a_feed_can_be_asked_for(queue: Queue, clock) -> None:
    for feed in ("c", "a", "b"):
        queue.request(feed, "schedule")
        clock.move(seconds=1)
    assert queue.claim("w", "b", MINUTE).feed == "b"
    assert [queue.claim("w", None, MINUTE).feed for _ in range(2)] == ["c", "a"]


def test_a_feed_in_work_is_queued_again_but_not_claimed_until_it_is_done(
    queue: Queue, runs: Runs, clock
) -> None:
    first = queue.request("parks", "schedule")
    run = queue.claim("w1", None, MINUTE)
    second = queue.request("parks", "portal")
    assert second != first
    assert queue.claim("w2", None, MINUTE) is None
    runs.record(replace(run, status="unchanged"), clock())
    assert queue.claim("w2", None, MINUTE).run == second


def test_a_heartbeat_extends_the_lease_and_only_for_its_holder(queue: Queue, clock) -> None:
    id = queue.request("parks", "schedule")
    run = queue.claim("w1", None, MINUTE)
    clock.move(seconds=50)
    assert queue.heartbeat(id, "w1") == run
    assert queue.heartbeat(id, "w2") is None
    clock.move(seconds=50)
    assert (queue.ready(), queue.claim("w2", None, MINUTE)) == ([], None)
    clock.move(seconds=11)
    assert queue.ready() == ["parks"]
    assert queue.claim("w2", None, MINUTE) == replace(run, worker="w2")
    assert queue.heartbeat(id, "w1") is None


def test_a_run_is_taken_up_at_the_step_that_its_dead_worker_reached(queue: Queue, clock) -> None:
    id = queue.request("parks", "schedule")
    run = queue.claim("w1", None, MINUTE)
    assert queue.reach(id, "w1", "fetch")
    assert not queue.reach(id, "w2", "publish")
    queue.request("parks", "portal")
    clock.move(seconds=61)
    assert queue.claim("w2", "parks", MINUTE) == replace(run, worker="w2", step="fetch")
    assert queue.claim("w3", "parks", MINUTE) is None


def test_a_run_that_killed_its_worker_three_times_fails(queue: Queue, clock) -> None:
    queue.request("parks", "schedule")
    for number in range(3):
        assert queue.claim(f"w{number}", None, MINUTE)
        assert queue.expire() == []
        clock.move(seconds=61)
    assert queue.claim("w3", None, MINUTE) is None
    (dead,) = queue.expire()
    assert (dead.status, dead.finished) == ("failed", clock())
    assert dead.error.startswith("its worker died 3 times, the last time while it fetched")
    assert (queue.waiting(), queue.expire()) == ([], [])


def test_a_run_that_its_worker_let_go_of_is_taken_up_at_once_and_is_no_death(queue: Queue, clock) -> None:
    id = queue.request("parks", "schedule")
    for number in range(5):
        assert queue.claim(f"w{number}", None, MINUTE).run == id
        queue.release(id, f"w{number}")
        assert queue.expire() == []
    assert queue.ready() == ["parks"]


def test_a_dead_run_of_a_feed_that_nobody_knows_does_not_stand_for_ever(queue: Queue, clock) -> None:
    queue.request("parks", "schedule")
    queue.claim("w1", None, MINUTE)
    clock.move(minutes=7)
    assert queue.expire(["parks"]) == []
    assert [run.error for run in queue.expire(["stops"])] == [
        "its worker died and no other worker knows the feed; start one that reads the feed's folder"
    ]


def test_a_run_that_changed_hands_may_not_be_published_by_the_former(
    queue: Queue, runs: Runs, database: Engine, clock
) -> None:
    queue.request("parks", "schedule")
    former = queue.claim("w1", None, MINUTE)
    with writing(database) as connection:
        confirm(connection, former)
    clock.move(seconds=61)
    run = queue.claim("w2", None, MINUTE)
    for late in (former, replace(former, dataset="parks-trees")):
        with writing(database) as connection, pytest.raises(RunLost, match="parks"):
            confirm(connection, late)
        with pytest.raises(RunLost):
            runs.record(replace(late, status="failed"), clock())
    queue.finish(former.run, "w1")
    assert queue.waiting() == [run]
    runs.record(replace(run, dataset="parks-trees", status="unchanged"), clock())
    queue.finish(run.run, "w2")
    with writing(database) as connection, pytest.raises(RunLost):
        confirm(connection, replace(former, dataset="parks-paths"))
    assert [outcome.dataset for outcome in runs.outcomes(run.run)] == ["parks-trees"]


def test_a_run_that_its_worker_stopped_may_not_publish_either(
    queue: Queue, runs: Runs, database: Engine, clock
) -> None:
    queue.request("parks", "schedule")
    run = queue.claim("w1", None, MINUTE)
    runs.record(replace(run, status="failed", error="stopped"), clock())
    with writing(database) as connection, pytest.raises(RunLost):
        confirm(connection, run)


def test_a_run_of_several_datasets_ends_when_it_is_finished(queue: Queue, runs: Runs, clock) -> None:
    id = queue.request("gtfs", "schedule")
    run = queue.claim("w1", None, MINUTE)
    for table in ("stops", "trips"):
        runs.record(replace(run, dataset=f"gtfs-{table}", status="unchanged"), clock())
    assert queue.waiting() == [run]
    queue.finish(id)
    assert queue.waiting() == []
    assert [outcome.dataset for outcome in runs.latest("gtfs")] == ["gtfs-stops", "gtfs-trips"]
    queue.finish(id)
    assert len(runs.latest("gtfs")) == 2


def test_a_run_that_ends_without_an_outcome_is_seen_as_failed(queue: Queue, runs: Runs) -> None:
    id = queue.request("gtfs", "schedule")
    queue.claim("w1", None, MINUTE)
    queue.finish(id)
    assert [(run.status, run.error) for run in runs.latest("gtfs")] == [
        ("failed", "the run ended without an outcome")
    ]


def test_a_run_is_kept_as_it_was_recorded_and_timed_to_its_end(runs: Runs, clock) -> None:
    run = Run(
        "r1", "parks", "parks", "held", "command", requested=clock(), started=clock(), read=10, rejected=10,
        rejected_cells=3, bytes=5_000_000_000, reasons={"좌표 없음": 10}, error="too many", fingerprint="f",
    )  # fmt: skip
    clock.move(seconds=2.5)
    written = runs.record(run, clock())
    assert written == replace(run, finished=clock(), seconds=2.5)
    assert runs.find("parks", None, 10) == [written]


def test_an_error_that_quotes_broken_text_can_be_recorded(runs: Runs, clock) -> None:
    run = runs.record(Run("r1", "f", "f", "failed", error="no number: '\0\udcff'"), clock())
    assert runs.find("f", None, 1) == [run]
    assert run.error == "no number: '\N{REPLACEMENT CHARACTER}?'"


def test_what_is_told_of_a_feeds_health_is_what_is_known_of_it() -> None:
    assert list(FeedHealthSchema().fields) == [field.name for field in fields(FeedHealth)]


def test_runs_are_listed_newest_first_by_dataset_and_by_feed(runs: Runs, clock) -> None:
    for number in range(3):
        for table in ("a", "b"):
            run = Run(f"r{number}", "f", f"f-{table}", "unchanged", requested=clock.move(seconds=1))
            runs.record(run, clock())
    assert [run.run for run in runs.find("f-a", None, 10)] == ["r2", "r1", "r0"]
    assert [(run.run, run.dataset) for run in runs.find(None, "f", 3)] == [
        ("r2", "f-b"), ("r2", "f-a"), ("r1", "f-b"),
    ]  # fmt: skip
    assert runs.find("f-a", "g", 10) == []


def test_the_last_publication_is_found_behind_later_failures(runs: Runs, queue: Queue, clock) -> None:
    for id, status in (("r1", "published"), ("r2", "unchanged"), ("r3", "failed")):
        runs.record(
            Run(id, "f", "f", status, requested=clock.move(minutes=1), error="no" * (id == "r3")), clock()
        )
    queue.request("f", "schedule")
    assert [run.run for run in runs.latest("f")] == ["r3"]
    assert [run.run for run in runs.latest("f", ("published",))] == ["r1"]
    (health,) = runs.health()
    assert (health.status, health.error, health.last_run) == ("failed", "no", clock())
    assert health.last_success == clock.move(minutes=-1)


def test_twenty_claims_from_four_processes_never_share_a_run_or_a_feed(
    database_url: str, queue: Queue
) -> None:
    asked = {queue.request(f"feed-{number}", "schedule") for number in range(20)}
    program = f"""
from datetime import UTC, datetime, timedelta
from catalogue.database import connect
from catalogue.queue import Queue
queue = Queue(connect({database_url!r}), lambda: datetime.now(UTC))
while run := queue.claim("w", None, timedelta(minutes=1)):
    queue.request(run.feed, "portal")
    print(run.run)
"""
    workers = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    claimed = [line for worker in workers for line in worker.communicate(timeout=300)[0].split()]
    assert [worker.returncode for worker in workers] == [0] * 4
    assert sorted(claimed) == sorted(asked)
    assert [run.status for run in queue.waiting()].count("queued") == 20
