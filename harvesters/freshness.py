"""What a feed promises: by when something new has to come, by its own word or by its schedule."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from catalogue import Promise
from harvesters.schedule import next_fire
from schemas.feed import Feed
from schemas.run import FeedHealth

STALE = 3
"""A feed is stale when it is late for so many times what it promised."""
_RUN = timedelta(minutes=1)
_CRON_RUN = timedelta(hours=1)


def promise(feed: Feed, health: FeedHealth, zone: ZoneInfo) -> Promise:
    """When a feed turns late and stale, counted from its latest success.

    `expect` promises new data: it counts from the latest change, so that a source that goes on serving the
    same file is seen. A schedule promises runs: two intervals and a minute (the slowest where it slows
    down), or the next time of a cron line and an hour. Without either nothing is promised.
    """
    if feed.expect is not None:
        return _from(health.last_change, feed.expect)
    if feed.schedule is None or health.last_success is None:
        return Promise()
    every = feed.schedule.slowest or feed.schedule.every
    if every is not None:
        return _from(health.last_success, 2 * every + _RUN)
    following = next_fire(feed.schedule, zone, health.last_success)
    if following is None:
        return Promise()
    return _from(health.last_success, following - health.last_success + _CRON_RUN)


def _from(moment: datetime | None, length: timedelta) -> Promise:
    return Promise() if moment is None else Promise(moment + length, moment + STALE * length)
