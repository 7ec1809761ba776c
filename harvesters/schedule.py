"""When feeds are due: cron lines and intervals, asked for on time while the process lives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from schemas.feed import Feed, ScheduleSpec

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LOOK = "look for changed feeds"


class Schedule:
    """Asks for a run of each feed when it is due, and for those that fell due while nobody looked.

    `feeds` gives the feeds as they are now, `last` the time of a feed's latest run, `request` asks for
    one. Several missed times become one run.
    """

    def __init__(
        self,
        feeds: Callable[[], Mapping[str, Feed]],
        last: Callable[[str], datetime | None],
        request: Callable[[str], object],
        *,
        zone: ZoneInfo,
        look: timedelta = timedelta(seconds=5),
    ) -> None:
        self._feeds, self._last, self._request = feeds, last, request
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
        """The feeds whose latest run is older than their schedule says."""
        return [
            id
            for id, feed in self._feeds().items()
            if feed.schedule and is_due(feed.schedule, self._last(id), now, self._zone)
        ]

    def _take_up(self) -> None:
        """Follow the feeds: new ones, changed ones, and those that are gone."""
        now = datetime.now(self._zone)
        wanted = {id: feed.schedule for id, feed in self._feeds().items() if feed.schedule}
        for id in self._known.keys() - wanted.keys():
            self._jobs.remove_job(id)
            del self._known[id]
        for id, spec in wanted.items():
            if self._known.get(id) != spec:
                self._jobs.add_job(
                    self._request,
                    trigger(spec, self._zone, self._last(id)),
                    [id],
                    id=id,
                    replace_existing=True,
                )
                if is_due(spec, self._last(id), now, self._zone):
                    self._request(id)
                self._known[id] = spec


def is_due(spec: ScheduleSpec, last: datetime | None, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the schedule asked for a run after `last` and until `now`; what never ran is due."""
    if last is None:
        return True
    if spec.every is not None:
        return last + spec.every <= now
    following = trigger(spec, zone, last).get_next_fire_time(last, last + timedelta(seconds=1))
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
