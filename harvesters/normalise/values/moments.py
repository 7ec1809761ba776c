"""Read dates and times as cities write them, into days and UTC instants."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.values.cells import NULL_MARKERS
from harvesters.normalise.values.stamps import Instants, Parts, clock_of, days_of, epochs, serials, zone_of

_SHORT = r"(?P<q>['’])?(?P<y>\d{2})\s*(?P<w>[-./년])\s*(?P<m>\d{1,2})\s*[-./월]\s*(?P<d>\d{1,2})\s*[.일]?"
_DAY = r"(?P<y>\d{4})\s*[-./년]\s*(?P<m>\d{1,2})\s*[-./월]\s*(?P<d>\d{1,2})\s*[.일]?"
_WEEKDAY = r"(?:\s*\([월화수목금토일]\)|\s+[월화수목금토일]요일)?"
_MONTH = r"^(?P<q>['’])?(?P<y>\d{4}|\d{2})\s*(?P<w>[-./년])\s*(?P<m>\d{1,2})\s*월?$"
_HALF = r"오전|오후|[AaPp][Mm]"
_COLONS = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
_WORDS = r"(?P<H>\d{1,2})시(?:\s*(?P<M>\d{1,2})분)?(?:\s*(?P<S>\d{1,2})초)?"
_ZONE = r"(?P<z>Z|[+-]\d{2}:?\d{2}|[+-]\d{2})"
_CLOCKS = tuple(
    rf"[T\s]\s*(?P<h>{_HALF})?\s*{clock}\s*(?P<h2>{_HALF})?\s*{_ZONE}?" for clock in (_COLONS, _WORDS)
)
_DIGIT_DAY = r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})"
_DIGIT_CLOCK = rf"[T\s]?(?P<H>\d{{2}})(?:(?P<M>\d{{2}})(?P<S>\d{{2}})?)?{_ZONE}?"
_DIGIT_MONTH = r"^(?P<y>(?:19|20)\d{2})(?P<m>\d{2})$"

# Whatever is read here begins so, which most texts do not.
_BEGINS = r"^['’]?\d{2}"

# A two-digit year is never written with one digit, and no day is beyond 31: such a text has its year first.
_YEAR_FIRST = (
    r"^(?:3[2-9]|[4-9]\d)\s*[-./]\s*\d{1,2}\s*[-./]\s*\d{1,2}\.?$|^\d{2}\s*[-./]\s*\d{1,2}\s*[-./]\s*\d\.?$"
)

# Digits alone are a date only in a column that says so: 20180103 may as well be a code.
_SAYS_WHEN = re.compile(
    r"일자|날짜|일시|시각|시간|년월일|기준일|(?<![요휴파메과])일(?=$|[\s_(])"
    r"|date|time|(?<![a-z])(ymd|day|dt|at)(?![a-z])",
    re.IGNORECASE,
)
_SAYS_EPOCH = re.compile(
    r"epoch|unix|timestamp|last_?(updated|reported)|(?<![a-z])ts(?![a-z])", re.IGNORECASE
)

Reader = Callable[[pa.Array], pa.Array]


@dataclass(frozen=True)
class Written:
    """How dates and times are written in a column, as its name and all of its values tell.

    `digits`: 20180103 is a date. `short`: 26.1.3 is one, its year first. `epoch`: whole numbers are seconds
    or milliseconds since 1970. `asked`: a feed or a record says that it holds dates: there a month stands for
    its first day, and a number may count days as a spreadsheet does, or seconds since 1970.
    """

    digits: bool = True
    short: bool = False
    epoch: bool = False
    asked: bool = False


def says_when(name: str) -> bool:
    """Whether a column's name promises a date or a time."""
    return bool(_SAYS_WHEN.search(name))


def says_epoch(name: str) -> bool:
    """Whether a column's name promises seconds or milliseconds since 1970."""
    return bool(_SAYS_EPOCH.search(name))


def year_first(texts: pa.ChunkedArray) -> bool:
    """Whether any text shows that the column's two-digit years come first."""
    return bool(pc.any(pc.match_substring_regex(texts, _YEAR_FIRST)).as_py())


def unlike_dates(texts: pa.ChunkedArray) -> bool:
    """Whether any text, beside marks of missing values, begins as no date does."""
    marks = pc.is_in(texts, NULL_MARKERS)
    begun = pc.match_substring_regex(texts.cast(pa.string()), _BEGINS)
    return not pc.all(pc.or_(marks, begun), min_count=0).as_py()


def dates(texts: pa.Array, written: Written) -> pa.Array:
    """date32, null where a text is no day of the calendar."""
    readers: list[Reader] = [
        lambda some: _days(_parts(some, f"^{_DAY}{_WEEKDAY}$")),
        lambda some: _days(_short(some, f"^{_SHORT}{_WEEKDAY}$", written)),
    ]
    if written.digits:
        readers += [lambda some: _days(_parts(some, f"^{_DIGIT_DAY}$"))]
    if written.asked:
        readers += [
            lambda some: _days(_short(some, _MONTH, Written())),
            lambda some: _days(_parts(some, _DIGIT_MONTH)),
            _whole_days,
        ]
    return _first(texts, readers, pa.date32())


def times(texts: pa.Array, written: Written, zone: ZoneInfo) -> pa.Array:
    """timestamp[us, UTC], null where a text is no time; one without a zone of its own is in `zone`.

    24:00 is the next day's midnight, as air monitors write it. A local time that occurs twice is the
    earlier one.
    """
    full = [f"^{day}{_WEEKDAY}{clock}$" for day in (_DAY, _SHORT) for clock in _CLOCKS]
    if written.digits:
        full += [f"^{_DIGIT_DAY}{clock}$" for clock in (_DIGIT_CLOCK, _CLOCKS[0])]
    readers: list[Reader] = [partial(_full, pattern, written, zone) for pattern in full]
    readers.append(lambda some: _midnights(dates(some, replace(written, asked=False)), zone))
    if written.asked:
        readers += [
            epochs,
            lambda some: _local(serials(some), zone),
            lambda some: _midnights(dates(some, written), zone),
        ]
    if written.epoch:
        readers.insert(0, epochs)
    return _first(texts, readers, pa.timestamp("us", "UTC"))


def _first(texts: pa.Array, readers: Sequence[Reader], kind: pa.DataType) -> pa.Array:
    """What the first reader that can makes of each text; a reader sees those that are left."""
    found = pa.nulls(len(texts), kind)
    left = pc.fill_null(pc.match_substring_regex(texts, _BEGINS), False)
    for read in readers:
        if not pc.any(left).as_py():
            break
        found = pc.replace_with_mask(found, left, read(texts.filter(left)))
        left = pc.and_(left, pc.is_null(found))
    return found


def from_local(local: Instants, zone: ZoneInfo) -> Instants:
    """Local times of `zone` as UTC, (n,) datetime64 in microseconds each."""
    hours = pa.array(local.astype("M8[h]").astype(np.int64)).dictionary_encode()
    offsets = [_offset(hour, zone) for hour in hours.dictionary.to_numpy().astype("M8[h]")]
    shifted: Instants = local - np.array(offsets, dtype="m8[us]")[hours.indices.to_numpy()]
    return shifted


def _offset(hour: np.datetime64, zone: ZoneInfo) -> np.timedelta64:
    moment = hour.astype("M8[s]").item()
    offset = zone.utcoffset(moment) if isinstance(moment, datetime) else None
    return np.timedelta64(offset or timedelta(), "us")


def instant(moment: datetime) -> str:
    """A time as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _parts(texts: pa.Array, pattern: str) -> Parts:
    found = pc.extract_regex(texts, pattern)
    return {field.name: pc.struct_field(found, field.name) for field in found.type}


def _short(texts: pa.Array, pattern: str, written: Written) -> Parts:
    """The parts of texts whose year may have two digits, if it is marked as a year or the column says so."""
    parts = _parts(texts, pattern)
    if "w" not in parts or written.short:
        return parts
    marked = pc.or_(pc.equal(parts["w"], "년"), pc.not_equal(parts["q"], ""))
    known = pc.or_(marked, pc.equal(pc.utf8_length(parts["y"]), 4))
    return {name: pc.if_else(known, part, pa.scalar(None, pa.string())) for name, part in parts.items()}


def _full(pattern: str, written: Written, zone: ZoneInfo, texts: pa.Array) -> pa.Array:
    return _moments(_short(texts, pattern, written), zone)


def _unmatched(parts: Parts) -> bool:
    return bool(parts["y"].null_count == len(parts["y"]))


def _days(parts: Parts) -> pa.Array:
    if _unmatched(parts):
        return pa.nulls(len(parts["y"]), pa.date32())
    days, valid = days_of(parts)
    return pa.array(days, mask=~valid).cast(pa.date32())


def _whole_days(texts: pa.Array) -> pa.Array:
    whole = pc.match_substring_regex(texts, r"^\d+$")
    return pc.if_else(whole, serials(texts), pa.scalar(None, pa.timestamp("us"))).cast(pa.date32())


def _moments(parts: Parts, zone: ZoneInfo) -> pa.Array:
    if _unmatched(parts):
        return pa.nulls(len(parts["y"]), pa.timestamp("us", "UTC"))
    days, valid = days_of(parts)
    clock, on_clock = clock_of(parts)
    local: Instants = (days.astype("M8[us]").astype(np.int64) + clock.astype(np.int64)).astype("M8[us]")
    shift, zoned = zone_of(parts)
    moments = np.where(zoned, local - shift, from_local(local, zone))
    return _instants(moments, ~(valid & on_clock))


def _midnights(days: pa.Array, zone: ZoneInfo) -> pa.Array:
    return _local(days.cast(pa.timestamp("us")), zone)


def _local(moments: pa.Array, zone: ZoneInfo) -> pa.Array:
    missing = pc.is_null(moments).to_numpy(zero_copy_only=False)
    plain = pc.fill_null(moments, datetime(1970, 1, 1)).to_numpy(zero_copy_only=False)
    return _instants(from_local(plain.astype("M8[us]"), zone), missing)


def _instants(moments: Instants, missing: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array(moments, pa.timestamp("us"), mask=missing).cast(pa.timestamp("us", "UTC"))
