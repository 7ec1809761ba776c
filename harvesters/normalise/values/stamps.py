"""Make days, times of day and offsets of the parts of a written time, and moments of bare numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Instants = npt.NDArray[np.datetime64]
Mask = npt.NDArray[np.bool_]
Parts = dict[str, pa.Array]
"""y m d, H M S f (fraction), h or h2 (half of the day), z (zone): texts, null where nothing matches."""

_SINCE_1990, _TO_2100 = 631_152_000, 4_102_444_800
_PIVOT = 69  # As POSIX strptime reads %y: 69 to 99 are of the twentieth century.


def days_of(parts: Parts) -> tuple[Instants, Mask]:
    """Days, and which of them are in the calendar; a month without a day is its first."""
    year, month = _number(parts, "y"), _number(parts, "m")
    day = _number(parts, "d") if "d" in parts else np.ones(len(year), np.int64)
    if len(year):
        short = pc.fill_null(pc.equal(pc.utf8_length(parts["y"]), 2), False).to_numpy(zero_copy_only=False)
        year = np.where(short, year + np.where(year < _PIVOT, 2000, 1900), year)
    months = (np.clip(year, 1, 9999) - 1970).astype("M8[Y]").astype("M8[M]") + (
        np.clip(month, 1, 12) - 1
    ).astype("m8[M]")
    days = months.astype("M8[D]") + (day - 1).astype("m8[D]")
    valid = (month >= 1) & (month <= 12) & (days.astype("M8[M]") == months) & (year >= 1) & (year <= 9999)
    return days, valid


def clock_of(parts: Parts) -> tuple[npt.NDArray[np.timedelta64], Mask]:
    """Times of day, and which of them are on the clock; 24:00 is, and 오전 12:30 is half past midnight."""
    hour, minute, second = (_number(parts, name) for name in "HMS")
    half = _half(parts)
    afternoon, named = np.isin(half, ["오후", "pm"]), half != ""
    midnight = (hour == 24) & (minute == 0) & (second == 0) & ~named
    valid = ((hour < 24) | midnight) & (minute < 60) & (second < 60) & (~named | ((hour >= 1) & (hour <= 12)))
    hour = np.where(named, hour % 12 + 12 * afternoon, hour)
    micro = np.zeros(len(hour), np.int64)
    if "f" in parts:
        fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.fill_null(parts["f"], ""), 6, "0"), 0, 6)
        micro = fraction.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return ((hour * 3600 + minute * 60 + second) * 1_000_000 + micro).astype("m8[us]"), valid


def zone_of(parts: Parts) -> tuple[npt.NDArray[np.timedelta64], Mask]:
    """Offsets from UTC, and which of the times have one of their own."""
    written = pc.fill_null(parts["z"], "")
    zoned = pc.not_equal(written, "").to_numpy(zero_copy_only=False)
    padded = pc.utf8_rpad(pc.replace_substring(pc.replace_substring(written, "Z", "+00"), ":", ""), 5, "0")
    padded = pc.if_else(pc.equal(written, ""), "+0000", padded)
    sign = np.where(pc.starts_with(padded, "-").to_numpy(zero_copy_only=False), -1, 1)
    hours = pc.utf8_slice_codeunits(padded, 1, 3).cast(pa.int64()).to_numpy(zero_copy_only=False)
    minutes = pc.utf8_slice_codeunits(padded, 3, 5).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return (sign * (hours * 60 + minutes) * 60_000_000).astype("m8[us]"), zoned


def epochs(texts: pa.Array) -> pa.Array:
    """timestamp[us, UTC] of seconds or milliseconds since 1970, from 1990 to 2100; else null."""
    seconds = _plain(texts, r"^\d{9,10}(\.\d+)?$").cast(pa.float64())
    thousands = _plain(texts, r"^\d{12,13}$").cast(pa.int64())
    micro = pc.coalesce(
        pc.round(pc.multiply(seconds, 1e6)).cast(pa.int64(), safe=False), pc.multiply(thousands, 1000)
    )
    low, high = _SINCE_1990 * 1_000_000, _TO_2100 * 1_000_000
    plausible = pc.and_(pc.greater_equal(micro, low), pc.less(micro, high))
    return pc.if_else(plausible, micro, pa.scalar(None, pa.int64())).cast(pa.timestamp("us", "UTC"))


def serials(texts: pa.Array) -> pa.Array:
    """timestamp[us] of days since 1899-12-30, as spreadsheets count them, from 1954 to 2119; else null."""
    days = _plain(texts, r"^[2-7]\d{4}(\.\d+)?$").cast(pa.float64())
    # Microseconds since 1970, to the second: a double holds a day's fraction no finer.
    seconds = pc.round(pc.multiply(pc.subtract(days, 25569.0), 86400.0)).cast(pa.int64(), safe=False)
    return seconds.cast(pa.timestamp("s")).cast(pa.timestamp("us"))


def _plain(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(texts, pattern), texts, pa.scalar(None, pa.string()))


def _half(parts: Parts) -> npt.NDArray[np.object_]:
    halves = [pc.fill_null(parts[name], "") for name in ("h", "h2") if name in parts]
    if not halves:
        return np.full(len(parts["H"]), "", dtype=object)
    joined = pc.binary_join_element_wise(*halves, "")
    lower: npt.NDArray[np.object_] = pc.utf8_lower(joined).to_numpy(zero_copy_only=False)
    return lower


def _number(parts: Parts, name: str) -> npt.NDArray[np.int64]:
    """0 where the part is missing."""
    given = parts[name]
    whole = pc.if_else(pc.equal(given, ""), pa.scalar(None, pa.string()), given).cast(pa.int64())
    numbers: npt.NDArray[np.int64] = pc.fill_null(whole, 0).to_numpy(zero_copy_only=False)
    return numbers
