"""What is asked of the year, month or day that a time lies in, as between which instants it is true."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.formula import Call, Constant, Formula, Of

_MIRRORED = {"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte", "eq": "eq"}
_MONTHS = {"date_trunc_y": 12, "date_trunc_ym": 1}
_YEARS = range(1970, 2100)
"""When it is known how clocks are changed."""


def spanned(where: Formula, zone: ZoneInfo) -> Formula:
    """The same condition, as indexes know it, and the periods of the parts that rows lie in."""
    match where:
        case Call("and" | "or" | "not", parts):
            return replace(where, parts=tuple(spanned(part, zone) for part in parts))
        case Call(name, (Call(said, (Of() as column,)), Constant() as asked)) if name in _MIRRORED:
            return _within(column, name, _span(said, asked), zone) or where
        case Call(name, (Constant() as asked, Call(said, (Of() as column,)))) if name in _MIRRORED:
            return _within(column, _MIRRORED[name], _span(said, asked), zone) or where
    return where


def _span(said: str, asked: Constant) -> tuple[date, date, bool] | None:
    """The first day of a span, the one behind it, and whether it is by the first that the span is called."""
    value = asked.value
    if said == "date_extract_y" and isinstance(value, int) and value in _YEARS:
        return date(value, 1, 1), date(value + 1, 1, 1), True
    if asked.type != "date" or said not in (*_MONTHS, "date_trunc_ymd"):
        return None
    day = date.fromisoformat(str(value))
    if day.year not in _YEARS:
        return None
    if said == "date_trunc_ymd":
        return day, day + timedelta(days=1), True
    first = date(day.year, day.month if said == "date_trunc_ym" else 1, 1)
    months = first.year * 12 + first.month - 1 + _MONTHS[said]
    return first, date(months // 12, months % 12 + 1, 1), first == day


def _within(column: Of, name: str, span: tuple[date, date, bool] | None, zone: ZoneInfo) -> Formula | None:
    """That a time is in the span, before or behind it; None of what is to be worked out."""
    if span is None:
        return None
    first, behind, exact = span
    match name:
        case "eq":
            ends = _compared(column, "gte", first, zone), _compared(column, "lt", behind, zone)
            return Call("and", ends, "boolean") if exact else None
        case "lt" | "gte":
            return _compared(column, name, first if exact else behind, zone)
    return _compared(column, "lt" if name == "lte" else "gte", behind, zone)


def _compared(column: Of, name: str, day: date, zone: ZoneInfo) -> Formula:
    moment = datetime(day.year, day.month, day.day, tzinfo=zone)
    value = Constant(day.isoformat(), "date") if column.type == "date" else Constant(moment, "time")
    return Call(name, (column, value), "boolean")
