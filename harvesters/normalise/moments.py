"""Read dates and times as cities write them, into days and UTC instants."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Instants = npt.NDArray[np.datetime64]

_DAY = r"(?P<y>\d{4})\s*[-./년]\s*(?P<m>\d{1,2})\s*[-./월]\s*(?P<d>\d{1,2})\s*[.일]?"
_CLOCK = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
_ZONE = r"\s*(?P<z>Z|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
_DATE = f"^{_DAY}$"
_TIME = rf"^{_DAY}(?:[T\s]\s*(?P<h>오전|오후|AM|PM)?\s*{_CLOCK}{_ZONE})?$"
_DIGIT_DATE = r"^(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})$"
_DIGIT_TIME = (
    r"^(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?:(?P<H>\d{2})(?:(?P<M>\d{2})(?P<S>\d{2})?)?)?$"
)

# Digits alone are a date only in a column that says so: 20180103 may as well be a code.
_SAYS_WHEN = re.compile(
    r"일자|날짜|일시|시각|시간|년월일|기준일|(?<![요휴파메과])일(?=$|[\s_(])"
    r"|date|time|(?<![a-z])(ymd|day|dt|at)(?![a-z])",
    re.IGNORECASE,
)


def says_when(name: str) -> bool:
    """Whether a column's name promises a date or a time."""
    return bool(_SAYS_WHEN.search(name))


def dates(texts: pa.Array, digits: bool) -> pa.Array:
    """date32, null where a text is no day of the calendar; `digits` lets 20180103 be one."""
    parts = _parts(texts, _DATE)
    if digits:
        parts = _either(parts, _parts(texts, _DIGIT_DATE))
    days, valid = _days(parts)
    return pa.array(days, mask=~valid).cast(pa.date32())


def times(texts: pa.Array, digits: bool, zone: ZoneInfo) -> pa.Array:
    """timestamp[us, UTC], null where a text is no time; one without a zone of its own is in `zone`.

    24:00 is the next day's midnight, as air monitors write it. A local time that occurs twice is the
    earlier one.
    """
    parts = _parts(texts, _TIME)
    if digits:
        parts = _either(parts, _parts(texts, _DIGIT_TIME))
    days, valid = _days(parts)
    clock, on_clock = _clock(parts)
    local: Instants = (days.astype("M8[us]").astype(np.int64) + clock.astype(np.int64)).astype("M8[us]")
    shift, zoned = _own_zone(parts)
    moments = np.where(zoned, local - shift, from_local(local, zone))
    return pa.array(moments, pa.timestamp("us"), mask=~(valid & on_clock)).cast(pa.timestamp("us", "UTC"))


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


Parts = dict[str, pa.Array]


def _parts(texts: pa.Array, pattern: str) -> Parts:
    found = pc.extract_regex(texts, pattern)
    return {field.name: pc.struct_field(found, field.name) for field in found.type}


def _either(first: Parts, second: Parts) -> Parts:
    return {
        name: pc.coalesce(first[name], second[name])
        if name in first and name in second
        else first.get(name, second.get(name))
        for name in {**first, **second}
    }


def _number(parts: Parts, name: str) -> npt.NDArray[np.int64]:
    """0 where the part is missing."""
    given = parts[name]
    whole = pc.if_else(pc.equal(given, ""), pa.scalar(None, pa.string()), given).cast(pa.int64())
    numbers: npt.NDArray[np.int64] = pc.fill_null(whole, 0).to_numpy(zero_copy_only=False)
    return numbers


def _days(parts: Parts) -> tuple[Instants, npt.NDArray[np.bool_]]:
    year, month, day = (_number(parts, name) for name in "ymd")
    months = (np.clip(year, 1, 9998) - 1970).astype("M8[Y]").astype("M8[M]") + (
        np.clip(month, 1, 12) - 1
    ).astype("m8[M]")
    days = months.astype("M8[D]") + (day - 1).astype("m8[D]")
    valid = (month >= 1) & (month <= 12) & (days.astype("M8[M]") == months) & (year >= 1) & (year <= 9998)
    return days, valid


def _clock(parts: Parts) -> tuple[npt.NDArray[np.timedelta64], npt.NDArray[np.bool_]]:
    hour, minute, second = (_number(parts, name) for name in "HMS")
    half = pc.fill_null(parts["h"], "").to_numpy(zero_copy_only=False)
    afternoon, named = np.isin(half, ["오후", "PM"]), half != ""
    midnight = (hour == 24) & (minute == 0) & (second == 0) & ~named
    valid = ((hour < 24) | midnight) & (minute < 60) & (second < 60) & (~named | ((hour >= 1) & (hour <= 12)))
    hour = np.where(named, hour % 12 + 12 * afternoon, hour)
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.fill_null(parts["f"], ""), 6, "0"), 0, 6)
    micro = fraction.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return ((hour * 3600 + minute * 60 + second) * 1_000_000 + micro).astype("m8[us]"), valid


def _own_zone(parts: Parts) -> tuple[npt.NDArray[np.timedelta64], npt.NDArray[np.bool_]]:
    written = pc.fill_null(parts["z"], "")
    zoned = pc.not_equal(written, "").to_numpy(zero_copy_only=False)
    padded = pc.utf8_rpad(pc.replace_substring(pc.replace_substring(written, "Z", "+00"), ":", ""), 5, "0")
    padded = pc.if_else(pc.equal(written, ""), "+0000", padded)
    sign = np.where(pc.starts_with(padded, "-").to_numpy(zero_copy_only=False), -1, 1)
    hours = pc.utf8_slice_codeunits(padded, 1, 3).cast(pa.int64()).to_numpy(zero_copy_only=False)
    minutes = pc.utf8_slice_codeunits(padded, 3, 5).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return (sign * (hours * 60 + minutes) * 60_000_000).astype("m8[us]"), zoned
