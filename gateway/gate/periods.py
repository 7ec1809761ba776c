"""Days and months of the city's calendar, as numbers that follow one another."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from gateway.clients.plans import Calendar


class Period(NamedTuple):
    """A day or month: `number` counts up by one from each to the next; Unix seconds, `end` not included."""

    number: int
    start: float
    end: float


class Periods:
    """The current day and month in `zone`, worked out once each."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._latest: dict[Calendar, Period] = {}

    def at(self, calendar: Calendar, moment: float) -> Period:
        """The period that holds `moment` (Unix seconds)."""
        period = self._latest.get(calendar)
        if period is None or not period.start <= moment < period.end:
            period = self._latest[calendar] = self._work_out(calendar, moment)
        return period

    def _work_out(self, calendar: Calendar, moment: float) -> Period:
        today = datetime.fromtimestamp(moment, self._zone).date()
        if calendar == "day":
            return Period(today.toordinal(), self._midnight(today), self._midnight(today + timedelta(1)))
        first = today.replace(day=1)
        following = (first + timedelta(31)).replace(day=1)
        return Period(today.year * 12 + today.month, self._midnight(first), self._midnight(following))

    def _midnight(self, day: date) -> float:
        return datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp()
