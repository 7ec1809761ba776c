"""Whether a condition is true of one row or group of shown values, where no engine is to be asked."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from schemas.conditions import All, Condition, Filter, Not, Some

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "gte": operator.ge, "lt": operator.lt,
    "lte": operator.le, "contains": operator.contains, "startswith": str.startswith,
}  # fmt: skip


def truth(condition: Condition, values: Mapping[str, object]) -> bool | None:
    """None where it is unknown, as of a null; the values are as pages show them, by the names of columns."""
    match condition:
        case Filter():
            return _compared(condition, values[condition.column])
        case Not():
            found = truth(condition.part, values)
            return None if found is None else not found
        case All() | Some():
            found_all = [truth(part, values) for part in condition.parts]
            deciding = isinstance(condition, Some)
            if deciding in found_all:
                return deciding
            return None if None in found_all else not deciding
    raise TypeError(f"{type(condition).__name__} asks of rows, and not of shown values")


def _compared(asked: Filter, value: Any) -> bool | None:
    if asked.operator == "isnull":
        return (value is None) == asked.value
    if value is None:
        return None
    if asked.operator == "in":
        assert isinstance(asked.value, tuple)
        return any(_of_one(value, "eq", each) for each in asked.value)
    return _of_one(value, asked.operator, asked.value)


def _of_one(value: Any, how: str, wanted: Any) -> bool:
    if isinstance(wanted, datetime):
        value = datetime.fromisoformat(value)
    if how in ("like", "ilike"):
        letters = re.compile(_pattern(wanted), re.DOTALL | (re.IGNORECASE if how == "ilike" else 0))
        return letters.fullmatch(value) is not None
    return _COMPARE[how](value, wanted)


def _pattern(like: str) -> str:
    """A pattern of LIKE as a regular expression."""
    words = {"%": ".*", "_": "."}
    pieces = re.findall(r"\\.|.", like, re.DOTALL)
    return "".join(words.get(piece, re.escape(piece.removeprefix("\\"))) for piece in pieces)
