"""Take values out of a GTFS Realtime message as they were meant; None where there is none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from harvesters.faults import Unreadable

TRIP = pa.schema(
    [
        ("route_id", pa.string()),
        ("trip_id", pa.string()),
        ("direction_id", pa.int64()),
        ("start_date", pa.string()),
        ("start_time", pa.string()),
    ]
)
_LATEST = 2**33


def given(message: Any, field: str) -> Any:
    """The value of a field, None where the message does not have it."""
    return getattr(message, field) if message.HasField(field) else None


def text(message: Any, field: str) -> str | None:
    """A text, None where it is empty; raises Unreadable where it is not UTF-8."""
    value: str | bytes | None = given(message, field)
    if isinstance(value, bytes):  # how protocol buffers of this age hand on what is no UTF-8
        raise Unreadable(f"{field} {value!r} is not UTF-8", "the message is broken or its maker's fault")
    return value or None


def word(message: Any, field: str, words: Any) -> str | None:
    """The name of an enumerated value, `words` being its enumeration."""
    return words.Name(getattr(message, field)) if message.HasField(field) else None


def decimal(message: Any, field: str) -> float | None:
    """The shortest number that is the same in the message's 32 bits: 12.3, not 12.300000190734863."""
    value = given(message, field)
    return None if value is None or not np.isfinite(value) else float(str(np.float32(value)))


def moment(seconds: int | None) -> datetime | None:
    """The instant of a POSIX time; none for 0 and for what is no time of this age, such as milliseconds."""
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds < _LATEST else None


def trip(descriptor: Any) -> dict[str, Any]:
    """The columns of TRIP."""
    return {
        "route_id": text(descriptor, "route_id"),
        "trip_id": text(descriptor, "trip_id"),
        "direction_id": given(descriptor, "direction_id"),
        "start_date": text(descriptor, "start_date"),
        "start_time": text(descriptor, "start_time"),
    }
