"""What a feed promises by its own word or by its schedule, and how it is measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from catalogue import judge
from harvesters.freshness import promise
from schemas.dataset import Text
from schemas.feed import Feed, ScheduleSpec, SourceSpec
from schemas.run import FeedHealth

SEOUL = ZoneInfo("Asia/Seoul")
RAN = datetime(2026, 3, 1, 4, 31, tzinfo=SEOUL).astimezone(UTC)
FEED = Feed("parks", Text("공원"), "부산", "KOGL-1", SourceSpec("file"), folder=Path())
GOOD = FeedHealth("parks", "published", last_run=RAN, last_success=RAN, last_change=RAN)
HOUR = timedelta(hours=1)


def feed(expect: timedelta | None = None, **schedule: object) -> Feed:
    return replace(FEED, expect=expect, schedule=ScheduleSpec(**schedule) if schedule else None)


def state_of(made: Feed, health: FeedHealth, now: datetime) -> str | None:
    found = judge(health, promise(made, health, SEOUL), now)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("made", "late"),
    [
        (feed(every=HOUR), timedelta(hours=2, minutes=1)),
        (feed(every=timedelta(seconds=10)), timedelta(minutes=1, seconds=20)),
        (feed(every=HOUR, slowest=timedelta(hours=6)), timedelta(hours=12, minutes=1)),
        (feed(cron="30 4 * * *"), timedelta(hours=24, minutes=59)),
        (feed(cron="0 6 * * 0"), timedelta(hours=2, minutes=29)),
        (feed(expect=timedelta(days=1), every=HOUR), timedelta(days=1)),
        (feed(expect=timedelta(days=1)), timedelta(days=1)),
    ],
)
def test_a_feed_is_late_and_then_stale_by_what_it_promised(made: Feed, late: timedelta):
    found = promise(made, GOOD, SEOUL)
    assert (found.late, found.stale) == (RAN + late, RAN + 3 * late)
    second = timedelta(seconds=1)
    states = [state_of(made, GOOD, RAN + after) for after in (late, late + second, 3 * late + second)]
    assert states == ["fresh", "late", "stale"]


def test_a_feed_that_promises_nothing_is_never_late():
    assert state_of(feed(), GOOD, RAN + timedelta(days=1000)) == "fresh"


def test_a_source_that_goes_on_giving_the_same_is_late_by_the_feeds_own_word():
    now = RAN + timedelta(days=2)
    same = replace(GOOD, status="unchanged", last_run=now, last_success=now)
    assert state_of(feed(expect=timedelta(days=1), every=HOUR), same, now) == "late"
    assert state_of(feed(every=HOUR), same, now) == "fresh"


@pytest.mark.parametrize("status", ["failed", "held"])
def test_a_feed_whose_latest_run_published_nothing_is_failing(status):
    assert state_of(feed(every=HOUR), replace(GOOD, status=status), RAN) == "failing"


def test_a_feed_that_never_ran_has_no_state():
    assert state_of(feed(every=HOUR), FeedHealth("parks", "queued"), RAN) is None
