"""Feeds are asked for when their lines say so, in the city's zone."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from waiting import LONGEST, wait_for

from harvesters.feeds.folders import FeedFolders
from harvesters.schedule import Schedule, in_force, is_due, spread, trigger
from schemas.feed import ScheduleSpec

SEOUL = ZoneInfo("Asia/Seoul")
FEED = """
title = {{ en = "Parks" }}
publisher = "Busan"
licence = "KOGL-1"
[source]
kind = "file"
path = "parks.csv"
[schedule]
{schedule}
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SEOUL)


def next_times(cron: str, start: str, count: int) -> list[str]:
    line, moment, found = trigger(ScheduleSpec(cron=cron), SEOUL, None), at(start), []
    for _ in range(count):
        moment = line.get_next_fire_time(None, moment)
        found.append(f"{moment:%a %d %H:%M}")
        moment += timedelta(seconds=1)
    return found


@pytest.mark.parametrize(
    ("cron", "times"),
    [
        ("30 4 * * *", ["Sun 01 04:30", "Mon 02 04:30"]),
        ("0 6 * * 0", ["Sun 01 06:00", "Sun 08 06:00"]),
        ("0 6 * * 7", ["Sun 01 06:00", "Sun 08 06:00"]),
        ("0 6 * * 1-5", ["Mon 02 06:00", "Tue 03 06:00"]),
        ("0 6 * * mon", ["Mon 02 06:00", "Mon 09 06:00"]),
        ("0 6 * * 5-7", ["Sun 01 06:00", "Fri 06 06:00"]),
        ("0 6 * * 1,3", ["Mon 02 06:00", "Wed 04 06:00"]),
        ("*/20 0 * * *", ["Sun 01 00:00", "Sun 01 00:20"]),
        ("0 6 3 * 1", ["Mon 02 06:00", "Tue 03 06:00"]),
    ],
)
def test_a_cron_line_means_what_crontab_says(cron, times):
    # The 1st of March 2026 is a Sunday.
    assert next_times(cron, "2026-03-01T00:00", 2) == times


@pytest.mark.parametrize(
    ("spec", "last", "now", "due"),
    [
        (ScheduleSpec(every=timedelta(minutes=5)), None, "2026-03-01T10:00", True),
        (ScheduleSpec(every=timedelta(minutes=5)), "2026-03-01T09:56", "2026-03-01T10:00", False),
        (ScheduleSpec(every=timedelta(minutes=5)), "2026-03-01T09:55", "2026-03-01T10:00", True),
        (ScheduleSpec(cron="30 4 * * *"), "2026-03-01T04:31", "2026-03-02T04:29", False),
        (ScheduleSpec(cron="30 4 * * *"), "2026-03-01T04:31", "2026-03-02T04:30", True),
        (ScheduleSpec(cron="30 4 * * *"), "2026-03-01T04:30", "2026-03-01T05:00", False),
    ],
)  # fmt: skip
def test_a_feed_is_due_when_its_latest_run_is_older_than_its_schedule(spec, last, now, due):
    assert is_due(spec, at(last) if last else None, at(now), SEOUL) is due


def test_times_of_the_catalogue_are_utc_and_those_of_a_cron_line_local():
    ran = datetime(2026, 2, 28, 19, 0, tzinfo=UTC)  # 04:00 of the 1st in Seoul
    assert is_due(ScheduleSpec(cron="30 4 * * *"), ran, at("2026-03-01T04:30"), SEOUL)


def test_a_running_schedule_asks_for_new_and_changed_feeds_and_forgets_removed_ones(tmp_path: Path):
    asked: list[str] = []
    came = threading.Event()
    ran: dict[str, datetime] = {}

    def request(feed: str) -> None:
        asked.append(feed)
        ran[feed] = datetime.now(UTC)
        came.set()

    def wait(seconds: float = LONGEST) -> bool:
        there = came.wait(seconds)
        came.clear()
        return there

    (tmp_path / "hourly.toml").write_text(FEED.format(schedule='every = "1h"'), "utf-8")
    look = timedelta(seconds=0.2)
    schedule = Schedule(FeedFolders([tmp_path]), ran.get, request, zone=SEOUL, look=look)
    schedule.start()
    try:
        assert wait()
        assert not wait(0.6)
        (tmp_path / "often.toml").write_text(FEED.format(schedule='every = "1s"'), "utf-8")
        assert wait()
        assert wait()
        assert set(asked) == {"hourly", "often"}
        (tmp_path / "often.toml").unlink()
        wait_for(lambda: not wait(2.5))
    finally:
        schedule.stop()


@pytest.mark.parametrize(
    ("quiet", "every"), [(0, 10), (1, 20), (2, 40), (3, 60), (4, 60), (10_000, 60)]
)  # fmt: skip
def test_a_feed_that_brings_nothing_new_is_asked_for_less_and_less(quiet: int, every: int):
    spec = ScheduleSpec(every=timedelta(seconds=10), slowest=timedelta(seconds=60))
    assert in_force(spec, quiet).every == timedelta(seconds=every)


def test_a_feed_without_slowest_keeps_its_pace():
    spec = ScheduleSpec(every=timedelta(seconds=10))
    assert in_force(spec, 99) == spec


def test_a_thousand_feeds_that_are_due_at_once_are_spread_over_minutes():
    spec = ScheduleSpec(every=timedelta(hours=1))
    places = [spread(f"feed-{number}", spec).total_seconds() for number in range(1000)]
    assert max(places) < 300
    busiest = max(sum(start <= place < start + 1 for place in places) for start in range(300))
    assert busiest < 15
    assert spread("feed-1", spec) == spread("feed-1", spec)
    assert spread("feed-1", ScheduleSpec(every=timedelta(seconds=10))) < timedelta(seconds=1)
    assert spread("feed-1", ScheduleSpec(cron="0 4 * * *")) < timedelta(minutes=1)


def test_feeds_that_fell_due_before_a_start_are_not_asked_for_in_one_go(tmp_path: Path):
    for number in range(40):
        (tmp_path / f"feed-{number}.toml").write_text(FEED.format(schedule='every = "40s"'), "utf-8")
    asked: list[float] = []
    ran = datetime.now(UTC) - timedelta(seconds=60)
    schedule = Schedule(
        FeedFolders([tmp_path]), lambda feed: ran, lambda feed: asked.append(time.monotonic()), zone=SEOUL
    )
    start = time.monotonic()
    schedule.start()
    try:
        while len(asked) < 40 and time.monotonic() - start < LONGEST:
            time.sleep(0.05)
    finally:
        schedule.stop()
    assert len(asked) >= 40
    assert sum(moment - start < 0.2 for moment in asked) < 20
    assert max(asked[:40]) - min(asked) > 1


def test_an_interval_of_seconds_does_not_drift(tmp_path: Path):
    (tmp_path / "live.toml").write_text(FEED.format(schedule='every = "1s"'), "utf-8")
    asked: list[datetime] = []
    ran = datetime.now(UTC)

    def request(feed: str) -> None:
        asked.append(datetime.now(UTC))
        time.sleep(0.2)  # A database that takes its time.

    schedule = Schedule(FeedFolders([tmp_path]), lambda feed: ran, request, zone=SEOUL)
    schedule.start()
    try:
        time.sleep(5.5)
    finally:
        schedule.stop()
    late = [(moment - ran).total_seconds() % 1 for moment in asked]
    assert 3 <= len(asked) <= 6
    # One that drifts is later by 0.2 seconds each time; a busy machine may hold up any of them.
    assert median(late) < 0.3


def test_a_schedule_slows_down_and_is_quick_again_when_something_new_comes(tmp_path: Path):
    (tmp_path / "live.toml").write_text(FEED.format(schedule='every = "1s"\nslowest = "1h"'), "utf-8")
    quiet, asked = [0], [0]
    ran = [datetime.now(UTC)]

    def request(feed: str) -> None:
        asked[0] += 1
        ran[0] = datetime.now(UTC)

    def asks_in(seconds: float) -> int:
        before = asked[0]
        time.sleep(seconds)
        return asked[0] - before

    look = timedelta(seconds=0.1)
    schedule = Schedule(
        FeedFolders([tmp_path]), lambda feed: ran[0], request, zone=SEOUL, look=look,
        quiet=lambda feed: quiet[0],
    )  # fmt: skip
    schedule.start()
    try:
        wait_for(lambda: asked[0] >= 2)
        quiet[0] = 12
        wait_for(lambda: asks_in(2) == 0)
        before, quiet[0] = asked[0], 0
        wait_for(lambda: asked[0] >= before + 2)
    finally:
        schedule.stop()


def test_a_broken_feed_file_keeps_none_of_the_others_from_being_read(tmp_path: Path, caplog):
    feeds = FeedFolders([tmp_path])
    (tmp_path / "good.toml").write_text(FEED.format(schedule='every = "1h"'), "utf-8")
    (tmp_path / "bad.toml").write_text(FEED.format(schedule='evry = "1h"'), "utf-8")
    assert list(feeds()) == ["good"]
    assert "evry" in caplog.text
    (tmp_path / "bad.toml").write_text(FEED.format(schedule='every = "2h"'), "utf-8")
    assert sorted(feeds()) == ["bad", "good"]
