"""Spans and parts of times by SoQL's names: the month that a time lies in, its weekday, its hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from gateway.dialects.soda.faults import SoqlFault
from schemas.conditions import All, Condition, Filter, Some, Value
from schemas.dataset import Column
from schemas.query import Calendar, PartName

Said = int | str
TRUNCATED: dict[str, int | Calendar] = {
    "date_trunc_y": "year", "date_trunc_ym": "month", "date_trunc_ymd": 86_400,
}  # fmt: skip
PARTS: dict[str, PartName] = {
    "date_extract_y": "year", "date_extract_m": "month", "date_extract_woy": "week", "date_extract_d": "day",
    "date_extract_dow": "weekday", "date_extract_hh": "hour", "date_extract_mm": "minute",
    "date_extract_ss": "second",
}  # fmt: skip
MOST_SPANS = 200
"""Spans of time that a condition may be made of."""
MOST_STEPS = 100_000
"""Days or hours that are looked at for it."""
_READ: dict[str, Callable[[datetime], Said]] = {
    "date_trunc_y": lambda at: at.date().replace(month=1, day=1).isoformat(),
    "date_trunc_ym": lambda at: at.date().replace(day=1).isoformat(),
    "date_trunc_ymd": lambda at: at.date().isoformat(),
    "date_extract_y": lambda at: at.year,
    "date_extract_m": lambda at: at.month,
    "date_extract_woy": lambda at: at.isocalendar().week,
    "date_extract_d": lambda at: at.day,
    "date_extract_dow": lambda at: at.isoweekday() % 7,
    "date_extract_hh": lambda at: at.hour,
    "date_extract_mm": lambda at: at.minute,
    "date_extract_ss": lambda at: at.second,
}


def read(function: str, shown: str, zone: tzinfo) -> Said:
    """What a function says of a day or an instant as rows show it."""
    return _READ[function](_clock(shown, zone))


def within(
    column: Column, function: str, wanted: Callable[[Said], bool], period: tuple[str, str], zone: tzinfo
) -> Condition:
    """That what a function says of a column, whose values lie in the period, is wanted; raises SoqlFault."""
    found = _spans(function, wanted, period, zone)

    def value(at: datetime) -> Value:
        return at.date().isoformat() if column.type == "date" else at.replace(tzinfo=zone)

    spans = [
        All((Filter(column.name, "gte", value(first)), Filter(column.name, "lt", value(end))))
        for first, end in found
    ]
    # Of no value: false of a time, and unknown of none.
    return Some(tuple(spans)) if spans else Filter(column.name, "in", ())


def _spans(
    function: str, wanted: Callable[[Said], bool], period: tuple[str, str], zone: tzinfo
) -> list[tuple[datetime, datetime]]:
    """From when to before when, by the clock of the zone, all that is wanted lies."""
    at = _begun(function, _clock(period[0], zone))
    last = _clock(period[1], zone)
    answers: dict[Said, bool] = {}
    found: list[tuple[datetime, datetime]] = []
    for _ in range(MOST_STEPS):
        if at > last or len(found) > MOST_SPANS:
            break
        said, then = _READ[function](at), _following(function, at)
        if said not in answers:
            answers[said] = wanted(said)
        if answers[said] and found and found[-1][1] == at:
            found[-1] = (found[-1][0], then)
        elif answers[said]:
            found.append((at, then))
        at = then
    if at <= last or len(found) > MOST_SPANS:
        what = f"{function} asks for too many spans between {period[0][:10]} and {period[1][:10]}"
        raise SoqlFault("$where", what, "ask for the times between two instants, or group by it")
    return found


def _clock(shown: str, zone: tzinfo) -> datetime:
    """The clock of the zone, where the instant is one; a day begins at its midnight."""
    moment = datetime.fromisoformat(shown)
    try:
        return moment if moment.tzinfo is None else moment.astimezone(zone).replace(tzinfo=None)
    except OverflowError:  # The zone is in a year that has no name any more, or none yet.
        return moment.replace(tzinfo=None)


def _begun(function: str, at: datetime) -> datetime:
    """When what a function says of an instant began, at the latest."""
    if function in _OF_MONTHS:
        return datetime(at.year, at.month, 1)
    return datetime(at.year, at.month, at.day, at.hour if function == _OF_HOURS else 0)


def _following(function: str, at: datetime) -> datetime:
    """When a function may say something else next."""
    try:
        if function in _OF_MONTHS:
            return datetime(at.year + at.month // 12, at.month % 12 + 1, 1)
        return at + timedelta(hours=1 if function == _OF_HOURS else 24)
    except (OverflowError, ValueError):  # No year follows 9999.
        return datetime.max


_OF_MONTHS = ("date_trunc_y", "date_trunc_ym", "date_extract_y", "date_extract_m")
_OF_HOURS = "date_extract_hh"
