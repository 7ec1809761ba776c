"""The parameter `datetime`: an instant, a day, or a span of time that may be open at an end."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.api.values import parse_time
from schemas.conditions import All, Condition, Filter, Operator, Some, Value
from schemas.dataset import Column

Span = tuple[datetime | None, datetime | None, bool]
"""First and last instant, None where that end is open; whether the last one is left out."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_OPEN = ("", "..")
_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,10})S)?)?"
)
_HINT = "takes a time, a day, or two of them around a slash; such as 2026-01-03/.. or 2026-01-03/P2D"


def read_span(text: str, zone: ZoneInfo) -> Span:
    """The span that `text` names; a day is all of it, in `zone`. Raises ValueError with a sentence."""
    start, slash, end = text.partition("/")
    if not slash:
        return _whole(text, zone)
    if "/" in end or (start.startswith("P") and end.startswith("P")):
        raise ValueError(_HINT)
    if start.startswith("P"):
        first, last, without = _whole(end, zone) if end not in _OPEN else (None, None, False)
        if last is None or first is None:
            raise ValueError("counts a duration from an open end; give a time on one side")
        return _after(first.astimezone(zone), start, -1), last, without
    first = None if start in _OPEN else _whole(start, zone)[0]
    if end.startswith("P"):
        if first is None:
            raise ValueError("counts a duration from an open end; give a time on one side")
        return first, _after(first.astimezone(zone), end, 1), False
    last, without = (None, False) if end in _OPEN else _whole(end, zone)[1:]
    if first is not None and last is not None and first > last:
        raise ValueError("ends before it starts; put the earlier time first")
    return first, last, without


def _whole(text: str, zone: ZoneInfo) -> tuple[datetime, datetime, bool]:
    try:
        first = parse_time(text, zone)
        if not _DAY.fullmatch(text):
            return first, first, False
        local = first.astimezone(zone).replace(tzinfo=None) + timedelta(days=1)
        return first, parse_time(local.isoformat(), zone), True
    except (ValueError, OverflowError):
        raise ValueError(_HINT) from None


def _after(start: datetime, duration: str, sign: int) -> datetime:
    """`start` moved by an ISO 8601 duration; of a month that is too short its last day is taken."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(_HINT)
    count = {unit: sign * int(number or 0) for unit, number in match.groupdict().items()}
    months = 12 * start.year + start.month - 1 + 12 * count["years"] + count["months"]
    year, month = divmod(months, 12)
    try:
        day = min(start.day, monthrange(year, month + 1)[1])
        rest = {unit: count[unit] for unit in ("weeks", "days", "hours", "minutes", "seconds")}
        return start.replace(year=year, month=month + 1, day=day) + timedelta(**rest)
    except (ValueError, OverflowError):
        raise ValueError("reaches beyond the years that can be counted; shorten it") from None


def in_span(column: Column, span: Span, zone: ZoneInfo) -> tuple[Condition, ...]:
    """The conditions of being in a span; a row of no time is in every one (OGC 17-069r4, 7.15.4)."""
    first, last, without = span
    ends: list[Condition] = []
    if first is not None and first == last:
        ends.append(Filter(column.name, "eq", _value(column, first, zone)))
    else:
        less: Operator = "lt" if without else "lte"
        ends += [] if first is None else [Filter(column.name, "gte", _value(column, first, zone))]
        ends += [] if last is None else [Filter(column.name, less, _value(column, last, zone))]
    if not ends or column.key or column.required:
        return tuple(ends)
    return (Some((All(tuple(ends)), Filter(column.name, "isnull", True))),)


def _value(column: Column, moment: datetime, zone: ZoneInfo) -> Value:
    return moment.astimezone(zone).date().isoformat() if column.type == "date" else moment
