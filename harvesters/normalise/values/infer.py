"""Find the type of a column from all of its values."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pyarrow as pa

from harvesters.normalise.contract import widen
from harvesters.normalise.values.cast import Reading, cast, misfits
from harvesters.normalise.values.cells import all_missing, is_text, sample
from harvesters.normalise.values.given import Given
from harvesters.normalise.values.habits import loose_figures, short_years
from harvesters.normalise.values.moments import Written, says_epoch, says_when, unlike_dates
from harvesters.normalise.values.numbers import are_months, hold_codes
from schemas.dataset import ColumnType

_FIGURES: tuple[ColumnType, ...] = ("integer", "number")
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
    hint = replace(reading, written=Written(digits=says_when(name), epoch=says_epoch(name)))
    if len(given.types) > 1:
        return _of_several(given), reading
    if not is_text(first.type):
        moments = hint.written.epoch and pa.types.is_integer(first.type) and _all_fit(given, "time", hint)
        return ("time", hint) if moments else (type_of_arrow(first.type), reading)
    if all(all_missing(sample(values)) and all_missing(values) for values in given):
        return "text", hint
    if hint.written.epoch and _all_fit(given, "time", hint):
        return "time", hint
    for kind in _WORDS if typed else _WHEN_FIRST if hint.written.digits else _ANY:
        if _all_fit(given, kind, hint) and not (kind == "number" and all(_months(each) for each in given)):
            return kind, hint
    return ("text", hint) if typed else _otherwise(given, hint)


def _of_several(given: Given) -> ColumnType:
    """The type that holds what pieces of several types hold; one that holds nothing says nothing."""
    kinds = {type_of_arrow(values.type) for values in given if values.null_count < len(values)}
    return reduce(widen, sorted(kinds)) if kinds else "text"


def _otherwise(given: Given, hint: Reading) -> tuple[ColumnType, Reading]:
    """The type of a column that strict reading takes for text."""
    # Codes are no figures however those are written, and a few are found sooner than what all figures are.
    codes = hold_codes(sample(next(iter(given))))
    figures = None if codes else loose_figures(given)
    if figures is not None:
        loose = replace(hint, figures=figures)
        for kind in _FIGURES:
            if _all_fit(given, kind, loose) and not all(_months(values) for values in given):
                return kind, loose
    short = replace(hint, written=replace(hint.written, short=True))
    for kind in _WORDS:
        if _all_fit(given, kind, short) and short_years(given):
            return kind, short
    return "text", hint


def _all_fit(given: Given, kind: ColumnType, reading: Reading) -> bool:
    """Whether all values fit; what comes behind the first piece that does not is not looked at."""
    return all(
        _may_fit(each, kind, reading) and _fits(each, given.read(each, kind, reading), kind, reading)
        for each in given
    )


def _may_fit(values: pa.ChunkedArray, kind: ColumnType, reading: Reading) -> bool:
    """Whether some of the values fit, without which not all of them can."""
    some = sample(values)
    if kind in _WORDS and is_text(some.type) and unlike_dates(some):
        return False
    return some is values or _fits(some, cast(some, kind, reading), kind, reading)


def _fits(values: pa.ChunkedArray, found: pa.ChunkedArray, kind: ColumnType, reading: Reading) -> bool:
    if misfits(values, found, reading).any():
        return False
    return kind not in _FIGURES or not is_text(values.type) or not hold_codes(values)


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
