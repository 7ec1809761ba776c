"""Find the type of a column from all of its values."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from harvesters.normalise.cast import Reading, cast, misfits
from harvesters.normalise.cells import all_missing, as_text, is_text, sample
from harvesters.normalise.moments import says_when
from harvesters.normalise.numbers import are_months, hold_codes
from schemas.dataset import ColumnType

_WORDS: tuple[ColumnType, ...] = ("date", "time")
_ANY: tuple[ColumnType, ...] = ("integer", "number", "date", "time", "boolean")
_WHEN_FIRST: tuple[ColumnType, ...] = ("date", "time", "integer", "number", "boolean")


def infer(
    values: pa.ChunkedArray, name: str, reading: Reading, typed: bool
) -> tuple[ColumnType, pa.ChunkedArray]:
    """The narrowest type that every value of the column fits, and the column in it.

    `typed` says that the source has types of its own: there a text is a text, and only dates and times,
    which many formats cannot write otherwise, are read from it. A column of codes stays text.
    """
    if not is_text(values.type):
        return _of_arrow(values, reading)
    hint = replace(reading, digits=says_when(name))
    some = sample(values)
    if all_missing(some) and all_missing(values):
        return "text", values
    for kind in _WORDS if typed else _WHEN_FIRST if hint.digits else _ANY:
        if _fits(some, cast(some, kind, hint), kind):
            found = cast(values, kind, hint)
            months = kind == "number" and are_months(some) and are_months(values)
            if _fits(values, found, kind) and not months:
                return kind, found
    return "text", values


def _fits(values: pa.ChunkedArray, found: pa.ChunkedArray, kind: ColumnType) -> bool:
    if misfits(values, found).any():
        return False
    return kind not in ("integer", "number") or not hold_codes(values)


def _of_arrow(values: pa.ChunkedArray, reading: Reading) -> tuple[ColumnType, pa.ChunkedArray]:
    kind = type_of_arrow(values.type)
    return (kind, cast(values, kind, reading)) if kind != "text" else ("text", as_text(values))


def type_of_arrow(kind: pa.DataType) -> ColumnType:
    """The type of a column that its source has typed."""
    types = pa.types
    if types.is_integer(kind):
        return "integer" if kind != pa.uint64() else "text"
    if types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_boolean(kind):
        return "boolean"
    if types.is_date(kind):
        return "date"
    return "time" if types.is_timestamp(kind) else "text"
