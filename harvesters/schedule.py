"""When feeds are due: cron lines and intervals, asked for on time while the process lives."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from harvesters.pauses import Pause
from schemas.feed import Feed, ScheduleSpec

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LOOK = "look for changed feeds"
_SPREAD = timedelta(minutes=5)
_CRON_SPREAD = timedelta(minutes=1)
_SOON = timedelta(minutes=2)


class Schedule:
    """Asks for a run of each feed when it is due, and for those that fell due while nobody looked.

    `feeds` gives the feeds as they are now, `last` the time of a feed's latest run, `request` asks for
    one, `quiet` counts the latest runs in a row that found nothing new, `pause` says what a feed waits for:
    what falls due meanwhile is asked for when that is over. Several missed times become one run. What fell
    due while nobody looked is asked for over some time, each feed at its own place in it.
    """

    def __init__(
        self,
        feeds: Callable[[], Mapping[str, Feed]],
        last: Callable[[str], datetime | None],
        request: Callable[[str], object],
        *,
        zone: ZoneInfo,
        look: timedelta = timedelta(seconds=5),
        quiet: Callable[[str], int] = lambda feed: 0,
        pause: Callable[[Feed], Pause | None] = lambda feed: None,
    ) -> None:
        self._feeds, self._last, self._request = feeds, last, request
        self._quiet, self._pause = quiet, pause
        self._shut: set[str] = set()
        self._zone, self._every = zone, look
        self._known: dict[str, ScheduleSpec] = {}
        self._jobs = BackgroundScheduler(
            timezone=zone, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )

    def start(self) -> None:
        """Ask for what is due, and go on in a thread of its own until `stop`."""
        self._take_up()
        self._jobs.add_job(self._take_up, IntervalTrigger(seconds=self._every.total_seconds()), id=_LOOK)
        self._jobs.start()

    def stop(self) -> None:
        """Ask for no more runs."""
        self._jobs.shutdown(wait=False)

    def due(self, now: datetime) -> list[str]:
        """The feeds whose latest run is older than their schedule says, and that wait for nothing."""
        feeds = self._feeds()
        late = (id for id, spec in self._wanted().items() if is_due(spec, self._last(id), now, self._zone))
        return [id for id in late if id in feeds and self._pause(feeds[id]) is None]

    def resume(self, id: str) -> None:
        """Ask for a feed once more as soon as its pause is over, where that is not in a moment anyway."""
        feed, now = self._feeds().get(id), datetime.now(self._zone)
        pause = self._pause(feed) if feed and id in self._known else None
        if pause and pause.until and pause.until - now > _SOON:
            self._ask(id)

    def _ask(self, id: str) -> None:
        """Ask for a run; of a feed that waits for something, when that is over."""
        feed = self._feeds().get(id)
        if feed is None:
            return
        pause = self._pause(feed)
        if pause is None:
            self._request(id)
        elif pause.until is None:
            self._shut.add(id)
        else:
            self._jobs.add_job(
                self._ask, DateTrigger(pause.until), [id], id=_waits(id), replace_existing=True
            )

    def _wanted(self) -> dict[str, ScheduleSpec]:
        """The schedules in force, slowed down where nothing new came."""
        return {
            id: in_force(feed.schedule, self._quiet(id) if feed.schedule.slowest else 0)
            for id, feed in self._feeds().items()
            if feed.schedule
        }

    def _take_up(self) -> None:
        """Follow the feeds: new ones, changed ones, and those that are gone."""
        now, wanted = datetime.now(self._zone), self._wanted()
        for id in self._known.keys() - wanted.keys():
            self._jobs.remove_job(id)
            del self._known[id]
        for id, spec in wanted.items():
            if self._known.get(id) != spec:
                self._follow(id, spec, now)
                self._known[id] = spec
        shut, self._shut = self._shut, set()
        for id in shut & wanted.keys():
            self._ask(id)  # It has been restored, or is shut again.

    def _follow(self, id: str, spec: ScheduleSpec, now: datetime) -> None:
        last, place = self._last(id), spread(id, spec)
        begin = last if last or spec.every is None else now + spec.every + place
        self._jobs.add_job(self._ask, trigger(spec, self._zone, begin), [id], id=id, replace_existing=True)
        if last is None:
            self._ask(id)
        elif is_due(spec, last, now, self._zone):
            # A restart finds many feeds due at once, and sources and workers would rather not.
            self._jobs.add_job(self._ask, DateTrigger(now + place), [id])


def _waits(id: str) -> str:
    """The name of the job that ends a feed's wait: no feed has one with a space."""
    return f"{id} waits"


def in_force(spec: ScheduleSpec, quiet: int) -> ScheduleSpec:
    """The schedule after so many runs in a row that found nothing new, each of which doubles `every`."""
    if spec.every is None or spec.slowest is None:
        return spec
    slow = spec.every.total_seconds() * 2.0 ** min(quiet, 60) >= spec.slowest.total_seconds()
    return replace(spec, every=spec.slowest if slow else spec.every * 2**quiet)


def spread(id: str, spec: ScheduleSpec) -> timedelta:
    """A feed's own place in the time over which feeds that are due at once are asked for.

    A tenth of the interval, five minutes at most; a minute for cron lines.
    """
    whole = _CRON_SPREAD if spec.every is None else min(spec.every / 10, _SPREAD)
    return whole * (zlib.crc32(id.encode()) / 2**32)


def next_fire(spec: ScheduleSpec, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first time after `after` at which the schedule asks for a run; None where there is none."""
    found = trigger(spec, zone, after).get_next_fire_time(after, after + timedelta(seconds=1))
    return found if found is None or isinstance(found, datetime) else None


def is_due(spec: ScheduleSpec, last: datetime | None, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the schedule asked for a run after `last` and until `now`; what never ran is due."""
    if last is None:
        return True
    if spec.every is not None:
        return last + spec.every <= now
    following = next_fire(spec, zone, last)
    return following is not None and following <= now


def trigger(spec: ScheduleSpec, zone: ZoneInfo, last: datetime | None) -> BaseTrigger:
    """APScheduler's trigger for a schedule; an interval counts from the latest run."""
    if spec.every is not None:
        return IntervalTrigger(seconds=int(spec.every.total_seconds()), timezone=zone, start_date=last)
    minute, hour, day, month, weekday = (spec.cron or "").lower().split()
    clock = {"minute": minute, "hour": hour, "month": month, "timezone": zone}
    days = CronTrigger(**clock, day=day, day_of_week="*")
    weekdays = CronTrigger(**clock, day="*", day_of_week=_weekdays(weekday))
    if weekday.startswith("*"):
        return days
    # crontab(5): where both days are given, either of them will do.
    return weekdays if day.startswith("*") else OrTrigger([days, weekdays])


def _weekdays(field: str) -> str:
    """A crontab's days of the week, 0 and 7 being Sunday, by name: APScheduler counts from Monday."""
    found: list[str] = []
    for item in field.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        low, high = (0, 6) if span == "*" else (_number(first), _number(last or first))
        found += [_DAYS[day % 7] for day in range(low, high + 1, int(step or 1))]
    return ",".join(dict.fromkeys(found))


def _number(day: str) -> int:
    return int(day) if day.isdigit() else _DAYS.index(day)
