"""Spans of time as they are written: two times around a slash, open ends, ISO 8601 durations."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.api.asking.values import parse_time

OPEN = ("", "..")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DURATION = re.compile(
    r"P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=.)(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,10})S)?)?"
)
_LAST = re.compile(r"([1-9]\d{0,6})([smhd])")
_LEAST = timedelta(microseconds=1)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_HINT = "takes a time, a day, or two of them around a slash; such as 2026-01-03/.. or 2026-01-03/P2D"


@dataclass(frozen=True)
class Span:
    """From the first to the last instant, both included unless it is `without` the last; None is open."""

    first: datetime | None
    last: datetime | None
    without: bool = False


def read_span(text: str, zone: ZoneInfo) -> Span:
    """The span that `text` names; a day is all of it, in `zone`. Raises ValueError with a sentence."""
    start, slash, end = text.partition("/")
    if not slash:
        return _whole(text, zone)
    if "/" in end:
        raise ValueError(_HINT)
    return between(start, end, zone)


def between(start: str, end: str, zone: ZoneInfo) -> Span:
    """From a start to an end, either of them open (`..`), one of them a duration; raises ValueError."""
    if start.startswith("P"):
        last = Span(None, None) if end in OPEN or end.startswith("P") else _whole(end, zone)
        return Span(_moved(last.last, start, -1, zone), last.last, last.without)
    first = None if start in OPEN else _whole(start, zone).first
    if end.startswith("P"):
        return Span(first, _moved(first, end, 1, zone))
    last = Span(None, None) if end in OPEN else _whole(end, zone)
    if first is not None and last.last is not None and first + last.without * _LEAST > last.last:
        raise ValueError("ends before it starts; put the earlier time first")
    return Span(first, last.last, last.without)


def read_last(text: str, now: datetime) -> datetime:
    """The second from which the `last` so many seconds, minutes, hours or days go; raises ValueError."""
    match = _LAST.fullmatch(text)
    if match is None:
        raise ValueError("takes a whole number and s, m, h or d; such as last=15m")
    try:
        return now.replace(microsecond=0) - timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise ValueError("reaches beyond the years that can be counted; shorten it") from None


def _whole(text: str, zone: ZoneInfo) -> Span:
    try:
        first = parse_time(text, zone)
        if not _DAY.fullmatch(text):
            return Span(first, first)
        morrow = date.fromisoformat(text) + timedelta(days=1)
        return Span(first, parse_time(morrow.isoformat(), zone), without=True)
    except ValueError:
        raise ValueError(_HINT) from None
    except OverflowError:
        return Span(first, None)  # The last day of the calendar, which many write for no end.


def _moved(start: datetime | None, duration: str, sign: int, zone: ZoneInfo) -> datetime:
    """A time moved by a duration in the calendar of `zone`; a month too short gives its last day."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(_HINT)
    if start is None:
        raise ValueError("counts a duration from an open end; give a time on one side")
    years, months, weeks, days, hours, minutes, seconds = (sign * int(count or 0) for count in match.groups())
    try:
        local = start.astimezone(zone)
        year, month = divmod(12 * (local.year + years) + local.month - 1 + months, 12)
        day = min(local.day, monthrange(year, month + 1)[1])
        moved = local.replace(year=year, month=month + 1, day=day) + timedelta(weeks=weeks, days=days)
        exact = parse_time(moved.isoformat(), zone)
        return exact + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except (ValueError, OverflowError):
        raise ValueError("reaches beyond the years that can be counted; shorten it") from None
