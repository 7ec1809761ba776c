"""Find the type of a column from all of its values."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from harvesters.normalise.cast import Reading, cast, misfits
from harvesters.normalise.cells import all_missing, is_text, sample
from harvesters.normalise.given import Given
from harvesters.normalise.moments import says_when
from harvesters.normalise.numbers import are_months, hold_codes
from schemas.dataset import ColumnType

_WORDS: tuple[ColumnType, ...] = ("date", "time")
_ANY: tuple[ColumnType, ...] = ("integer", "number", "date", "time", "boolean")
_WHEN_FIRST: tuple[ColumnType, ...] = ("date", "time", "integer", "number", "boolean")


def infer(given: Given, name: str, reading: Reading, typed: bool) -> tuple[ColumnType, Reading]:
    """The narrowest type that every value of the column fits, and how the values are read for it.

    `typed` says that the source has types of its own: there a text is a text, and only dates and times,
    which many formats cannot write otherwise, are read from it. A column of codes stays text. The answer
    is that of all values, whatever pieces they come in.
    """
    first = next(iter(given))
    if not is_text(first.type):
        return type_of_arrow(first.type), reading
    hint = replace(reading, digits=says_when(name))
    if all(all_missing(sample(values)) and all_missing(values) for values in given):
        return "text", hint
    for kind in _WORDS if typed else _WHEN_FIRST if hint.digits else _ANY:
        # What comes behind the first piece that does not fit is not looked at.
        fits = all(
            _may_fit(each, kind, hint) and _fits(each, given.read(each, kind, hint), kind) for each in given
        )
        if fits and not (kind == "number" and all(_months(values) for values in given)):
            return kind, hint
    return "text", hint


def _may_fit(values: pa.ChunkedArray, kind: ColumnType, reading: Reading) -> bool:
    """Whether some of the values fit, without which not all of them can."""
    some = sample(values)
    return _fits(some, cast(some, kind, reading), kind)


def _fits(values: pa.ChunkedArray, found: pa.ChunkedArray, kind: ColumnType) -> bool:
    if misfits(values, found).any():
        return False
    return kind not in ("integer", "number") or not hold_codes(values)


def _months(values: pa.ChunkedArray) -> bool:
    """Whether the values are months, which those of an empty piece are too."""
    return values.null_count == len(values) or (are_months(sample(values)) and are_months(values))


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
