"""Turn the texts of a column into the type it has, and say which of them do not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.rejects import Mask, mask_of
from harvesters.normalise.values.cells import MISSING_WORDS, NULL_MARKERS, as_text, is_text, sample
from harvesters.normalise.values.moments import Written, dates, from_local, times
from harvesters.normalise.values.numbers import Figures, integers, numbers, truths, zero_led
from schemas.arrow import ARROW_TYPES
from schemas.dataset import ColumnType

Found: TypeAlias = pa.Array | pa.ChunkedArray
_SMALLEST = -(2**63)
_BARE_HOUR = r"^(\d{4}-\d{2}-\d{2}[T ]\d{2})(Z|[+-]\d{2}(?::?\d{2})?)?$"


@dataclass(frozen=True)
class Reading:
    """How the texts of a column are read: the zone of times without one, and how it writes what it holds."""

    zone: ZoneInfo
    written: Written = field(default_factory=Written)
    figures: Figures = field(default_factory=Figures)


def cast(values: pa.ChunkedArray, to: ColumnType, reading: Reading) -> pa.ChunkedArray:
    """The values as `to`, null where they do not fit; texts must be clean (see `cells`)."""
    if not is_text(values.type):
        values = _typed(values, to, reading)
    if values.type == ARROW_TYPES[to]:
        return values
    texts = as_text(values) if not pa.types.is_string(values.type) else values
    quick = _quick_time(texts, reading.zone) if to == "time" else _quick(texts, to)
    if quick is not None:
        return quick
    return _by_value(texts, _reader(to, reading), ARROW_TYPES[to])


def misfits(values: pa.ChunkedArray, found: pa.ChunkedArray, reading: Reading | None = None) -> Mask:
    """Where something is written and `found` has nothing; what stands for a missing value is nothing written.

    That are the null markers, and words too where the reading takes figures loosely.
    """
    if found is values or found.null_count == values.null_count:
        return np.zeros(len(values), dtype=bool)  # A cast makes nulls and never fills them.
    lost = pc.and_(pc.is_valid(values), pc.is_null(found))
    if not is_text(values.type):
        return mask_of(lost)
    return mask_of(pc.and_not(lost, missing_marks(values, reading)))


def missing_marks(values: pa.ChunkedArray, reading: Reading | None) -> pa.ChunkedArray:
    """Which texts stand for a missing value."""
    marks = pc.is_in(values, NULL_MARKERS)
    return pc.or_(marks, pc.is_in(values, MISSING_WORDS)) if reading and reading.figures.loose else marks


def _quick(texts: pa.ChunkedArray, to: ColumnType) -> pa.ChunkedArray | None:
    """Arrow's own parser, fast and strict, where it takes every value; None where it does not."""
    if to not in ("integer", "number", "date"):
        return None
    try:
        # Arrow is slow to fail: a few values tell whether all are worth trying.
        sample(texts).cast(ARROW_TYPES[to])
        found = texts.cast(ARROW_TYPES[to])
    except pa.ArrowInvalid:
        return None
    # Arrow reads 0x1F, nan and inf as numbers, and one number more than the reader by value does.
    if to == "integer":
        hexadecimal = pc.any(pc.match_substring_regex(zero_led(texts), "x|X")).as_py()
        return None if hexadecimal or pc.min(found).as_py() == _SMALLEST else found
    sound = pc.is_finite(found) if to == "number" else _in_calendar(found)
    return found if pc.all(sound, min_count=0).as_py() else None


def _quick_time(texts: pa.ChunkedArray, zone: ZoneInfo) -> pa.ChunkedArray | None:
    """The same for times, which are all local or all have a zone."""
    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
        try:
            sample(texts).cast(kind)
            found = _utc(texts.cast(kind), zone)
        except pa.ArrowInvalid:
            continue
        return found if pc.all(_in_calendar(found), min_count=0).as_py() else None
    return None


def _in_calendar(found: Found) -> Found:
    """Which days or times are of the years 1 to 9999, which is as far as everybody else's go."""
    first, last = (pa.scalar(each).cast(found.type) for each in (datetime.min, datetime.max))
    return pc.and_(pc.greater_equal(found, first), pc.less_equal(found, last))


def _times(texts: pa.Array, reading: Reading) -> pa.Array:
    """Each text by itself as Arrow reads a column of them, and as times are written otherwise."""
    whole = pc.replace_substring_regex(texts, _BARE_HOUR, r"\1:00\2")
    found = times(whole, reading.written, reading.zone)
    return pc.if_else(_in_calendar(found), found, pa.scalar(None, found.type))


def _by_value(
    texts: pa.ChunkedArray, read: Callable[[pa.Array], pa.Array], kind: pa.DataType
) -> pa.ChunkedArray:
    """Read each different text once."""
    coded = texts.dictionary_encode().chunks
    if not coded:
        return pa.chunked_array([], kind)
    # Arrow encodes all chunks by one dictionary: that of the column.
    found = read(coded[0].dictionary)
    return pa.chunked_array([found.take(chunk.indices) for chunk in coded], kind)


def _reader(to: ColumnType, reading: Reading) -> Callable[[pa.Array], pa.Array]:
    readers: dict[ColumnType, Callable[[pa.Array], pa.Array]] = {
        "integer": lambda texts: integers(texts, reading.figures),
        "number": lambda texts: numbers(texts, reading.figures),
        "boolean": truths,
        "date": lambda texts: dates(texts, reading.written),
        "time": lambda texts: _times(texts, reading),
    }
    return readers[to]


def _typed(values: pa.ChunkedArray, to: ColumnType, reading: Reading) -> pa.ChunkedArray:
    """Values of a typed source as `to` where Arrow can without loss, else their texts."""
    kind = values.type
    if to == "time" and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return _utc(values if pa.types.is_timestamp(kind) else values.cast(pa.timestamp("us")), reading.zone)
    if pa.types.is_timestamp(kind) and to == "date":
        return values.cast(pa.date32(), safe=False)
    if pa.types.is_floating(kind) and to == "number":
        found = values.cast(pa.float64())
        return pc.if_else(pc.is_finite(found), found, pa.scalar(None, pa.float64()))
    if to == "text" or (pa.types.is_integer(kind) and to in ("date", "time")):
        return as_text(values)  # Arrow would count integers as days or microseconds since 1970.
    try:
        return values.cast(ARROW_TYPES[to])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return as_text(values)


def _utc(values: pa.ChunkedArray, zone: ZoneInfo) -> pa.ChunkedArray:
    if values.type.tz is not None:
        return values.cast(pa.timestamp("us", "UTC"), safe=False)
    local = values.cast(pa.timestamp("us"), safe=False)
    moments = from_local(local.to_numpy(), zone)
    return pa.chunked_array([pa.array(moments, pa.timestamp("us"), mask=np.isnat(moments))]).cast(
        pa.timestamp("us", "UTC")
    )
