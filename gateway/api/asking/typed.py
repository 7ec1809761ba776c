"""Values of columns by their type, as a parameter writes them and as JSON does."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.api.asking.values import parse_number, parse_time, parse_whole
from schemas.conditions import Value
from schemas.dataset import Column


def read_value(column: Column, text: str, zone: ZoneInfo) -> Value:
    """A value of a column as a parameter has it; raises ValueError with a sentence."""
    match column.type:
        case "integer":
            return parse_whole(text)
        case "number":
            return parse_number(text)
        case "boolean":
            return read_truth(text)
        case "date":
            return read_day(text)
        case "time":
            return parse_time(text, zone)
    return text


def literal(column: Column, value: object, zone: ZoneInfo) -> Value:
    """A value of a column as JSON has it, times and days as text; raises ValueError with a sentence."""
    match column.type, value:
        case "text", str():
            return value
        case "boolean", bool():
            return value
        case "integer" | "number", bool():
            pass
        case "integer", int():
            return value
        case "integer", float() if value.is_integer():
            return int(value)
        case "number", int() | float():
            return float(value)
        case (("date" | "time"), (str() | datetime())):
            return _instant(column, value, zone)
    raise ValueError(f"compares {column.name!r} with {value!r}; this column takes {_TAKES[column.type]}")


def _instant(column: Column, value: str | datetime, zone: ZoneInfo) -> Value:
    moment = parse_time(value, zone) if isinstance(value, str) else value
    return moment if column.type == "time" else _local_day(moment, zone).isoformat()


def _local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The day of a moment in the zone: the first or last of all where it would be beyond the calendar."""
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return date.min if moment.year == 1 else date.max


def read_truth(text: str) -> bool:
    """true or false; raises ValueError with a sentence."""
    if text not in ("true", "false"):
        raise ValueError(f"takes true or false, not {text!r}")
    return text == "true"


def as_pattern(text: str) -> str:
    """The pattern of `like` that only `text` itself is as."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def read_day(text: str) -> str:
    """A day in ISO 8601; raises ValueError with a sentence."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"takes a day such as 2026-01-31, not {text!r}") from None


_TAKES = {
    "text": "a text in single quotes",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a day such as DATE('2026-01-31')",
    "time": "a time such as TIMESTAMP('2026-01-31T09:00:00Z')",
    "geometry": "s_intersects and its like",
}
