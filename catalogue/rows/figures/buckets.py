"""Spans of time that rows are put into, begun as the clocks and the calendar of the city begin them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

import numpy as np

from schemas.dataset import Column
from schemas.query import Bucket, Calendar, PartName
from schemas.snapshot import Period

SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000
SECONDS_OF_A_DAY = 86_400
MOST = 366 * SECONDS_OF_A_DAY
"""Seconds of the longest span of a fixed number of them."""

_EPOCH = datetime(1970, 1, 1)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_WEEK = 7 * DAY
_MONDAY = 3 * DAY  # 1970 began on a Thursday.
_LONG_AGO = 63_000_000_000_000_000
"""Microseconds from before the year 1 to 1970: what is added to divide no negative number."""
_FIELDS: dict[PartName, str] = {"weekday": "dow"}
"""DuckDB's words for parts of a time, where they are not ours."""
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_LOOK = timedelta(days=7)

Offsets = tuple[tuple[int, int], ...]
"""From which instant on clocks are how far ahead of UTC, in microseconds; the first holds for all before."""


def start(bucket: Bucket, column: Column, place: str, offsets: Offsets) -> tuple[str, str]:
    """SQL of a number that rows of one span share, and of where that span begins, told by the number.

    It begins in microseconds since 1970, of UTC or of the clock on the wall. `place` is the column in SQL.
    By the wall go all spans that an hour does not consist of: where clocks are changed they are longer or
    shorter than others, but begin as people expect.
    """
    wall, ahead = on_the_wall(column, place, offsets)
    if isinstance(bucket.every, str) and bucket.every != "week":
        return _of_the_calendar(bucket.every, f"CAST(make_timestamp({wall}) AS DATE)")
    span = _span(bucket)
    base = -(-_LONG_AGO // span) * span + (_MONDAY if span % _WEEK == 0 else 0)
    number = f"(({wall} + {base}) // {span})"
    begun = f"{number} * {span} - {base}"
    if by_the_wall(bucket):
        return number, begun
    # Where clocks are changed, one number may be of two spans.
    return (number if len(offsets) == 1 else f"({begun} - {ahead})"), f"({begun} - {ahead})"


def part(what: PartName, column: Column, place: str, offsets: Offsets) -> str:
    """SQL of a part of a time on the wall, a whole number; the rest as of `start`."""
    wall, _ = on_the_wall(column, place, offsets)
    return f"date_part('{_FIELDS.get(what, what)}', make_timestamp({wall}))"


def on_the_wall(column: Column, place: str, offsets: Offsets) -> tuple[str, str]:
    """SQL of microseconds since 1970 by the clock on the wall, and of how many it is ahead of UTC."""
    if column.type == "date":
        return f"epoch_us(CAST({place} AS TIMESTAMP))", "0"
    ahead = _ahead(place, offsets)
    return f"(epoch_us({place}) + {ahead})", ahead


def _of_the_calendar(every: Calendar, day: str) -> tuple[str, str]:
    """The same of spans that have no fixed length."""
    number, date = {
        "month": (f"(year({day}) * 12 + month({day}) - 1)", "make_date({0} // 12, {0} % 12 + 1, 1)"),
        "quarter": (f"(year({day}) * 4 + quarter({day}) - 1)", "make_date({0} // 4, {0} % 4 * 3 + 1, 1)"),
    }.get(every, (f"year({day})", "make_date({0}, 1, 1)"))
    return number, f"epoch_us(CAST({date.format(number)} AS TIMESTAMP))"


def by_the_wall(bucket: Bucket) -> bool:
    """Whether the spans are told apart by the clock on the wall alone."""
    return isinstance(bucket.every, str) or HOUR % _span(bucket) != 0


def following(bucket: Bucket, start: int) -> int:
    """Where the next span begins, told as `start` is."""
    if isinstance(bucket.every, int) or bucket.every == "week":
        return start + _span(bucket)
    moment = _EPOCH + timedelta(microseconds=start)
    months = moment.year * 12 + moment.month - 1 + _MONTHS[bucket.every]
    return (datetime(months // 12, months % 12 + 1, 1) - _EPOCH) // timedelta(microseconds=1)


def shown(bucket: Bucket, column: Column, start: int, zone: tzinfo) -> str:
    """The start of a span as it is told: a day of a date, else RFC 3339 with the offset of the zone."""
    try:
        moment = _EPOCH + timedelta(microseconds=start)
        if column.type == "date":
            return moment.date().isoformat()
        if by_the_wall(bucket):
            return _text(moment.replace(tzinfo=zone))
        return _text(moment.replace(tzinfo=UTC).astimezone(zone))
    except OverflowError:  # The zone is in a year that has no name any more, or none yet.
        end = datetime.max if start > 0 else datetime.min
        return _text(end.replace(microsecond=0, tzinfo=UTC))


def all_shown(bucket: Bucket, column: Column, starts: Sequence[int], zone: tzinfo) -> list[str]:
    """`shown` of each; at once where clocks were never changed between them."""
    if column.type == "time" and starts:
        first, last = min(starts) - DAY, max(starts) + DAY
        if _microseconds(_FIRST) <= first and last <= _microseconds(_LAST):
            known = offsets(zone, (_instant(first), _instant(last)))
            if len(known) == 1 and not known[0][1] % (60 * SECOND):
                walls = np.array(starts, np.int64) + (0 if by_the_wall(bucket) else known[0][1])
                texts = np.datetime_as_string(walls.astype("datetime64[us]"), unit="s").tolist()
                behind = shown(bucket, column, starts[0], zone)[len(texts[0]) :]
                return [f"{text}{behind}" for text in texts]
    return [shown(bucket, column, start, zone) for start in starts]


@lru_cache(64)
def offsets(zone: tzinfo, period: Period | None) -> Offsets:
    """How far clocks of a zone are ahead of UTC during a period, or ever."""
    first, last = period or (None, None)
    at = min(max(first or _FIRST, _FIRST), _LAST)
    end = min(last or _LAST, _LAST)
    found = [(_microseconds(at), _offset(zone, at))]
    while at < end:
        then = at + _LOOK
        if _offset(zone, then) != found[-1][1]:
            changed = _change(zone, at, then)
            found.append((_microseconds(changed), _offset(zone, changed)))
        at = then
    return tuple(found)


def _change(zone: tzinfo, low: datetime, high: datetime) -> datetime:
    """The second when clocks are changed, before which they are as at `low`."""
    before = _offset(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    # Clocks are changed at a whole second; `high` is less than one behind it.
    return high.replace(microsecond=0)


def _offset(zone: tzinfo, at: datetime) -> int:
    return (at.astimezone(zone).utcoffset() or timedelta()) // timedelta(microseconds=1)


def _microseconds(moment: datetime) -> int:
    return (moment.replace(tzinfo=None) - _EPOCH) // timedelta(microseconds=1)


def _instant(microseconds: int) -> datetime:
    return _EPOCH.replace(tzinfo=UTC) + timedelta(microseconds=microseconds)


def _ahead(place: str, offsets: Offsets) -> str:
    (_, ahead), *later = offsets
    if not later:
        return str(ahead)
    whens = " ".join(f"WHEN epoch_us({place}) >= {since} THEN {other}" for since, other in reversed(later))
    return f"(CASE {whens} ELSE {ahead} END)"


def _span(bucket: Bucket) -> int:
    return bucket.every * SECOND if isinstance(bucket.every, int) else _WEEK


def _text(moment: datetime) -> str:
    """RFC 3339, which has no seconds in offsets: before there were time zones, clocks had."""
    offset = moment.utcoffset() or timedelta()
    if offset % timedelta(minutes=1):
        moment = moment.astimezone(UTC)
    return moment.isoformat().replace("+00:00", "Z")
