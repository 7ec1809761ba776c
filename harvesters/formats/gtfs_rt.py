"""Read a GTFS Realtime message: vehicle positions, trip updates and alerts, a table each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2 as gtfs

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import GEOMETRY, Parsed
from harvesters.reading.transport.realtime.alerts import alerts, informed_entities
from harvesters.reading.transport.realtime.trips import stop_time_updates, trip_updates
from harvesters.reading.transport.realtime.values import text
from harvesters.reading.transport.realtime.vehicles import vehicle_positions
from schemas.feed import FormatSpec
from schemas.problem import did_you_mean
from schemas.run import REJECTS

OPTIONS = frozenset({"layer", "member", "static"})

STALE = timedelta(minutes=5)
"""A message older than this is told: its maker seems to have stopped."""

_ENTITIES = {"vehicle": "vehicle_positions", "trip_update": "trip_updates", "alert": "alerts"}
_TABLES: dict[str, Callable[[list[Any], Any], pa.Table]] = {
    "vehicle_positions": vehicle_positions,
    "trip_updates": trip_updates,
    "alerts": alerts,
}
_PARTS: dict[str, tuple[str, Callable[[list[Any], Any], tuple[pa.Table, list[int]]]]] = {
    "stop_time_updates": ("trip_update", stop_time_updates),
    "informed_entities": ("alert", informed_entities),
}


def read(
    path: Path, spec: FormatSpec, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[Parsed]:
    """One table a kind of entity that the message holds, a row an entity; times in UTC.

    `layer` chooses one (`vehicle_positions`, `trip_updates`, `alerts`), also where the message holds none of
    it, or asks for a row for each stop of each trip (`stop_time_updates`) or for each thing that an alert is
    about (`informed_entities`). `static` is obeyed by the run (harvesters.pinning). Raises Unreadable where
    the bytes are no such message, or one that only says what changed since another.
    """
    message = _message(path.read_bytes())
    notes = _notes(message.header, now())
    rejects = _rejects(message)
    for name in _wanted(message, spec.layer):
        table, lines = _table(message, name)
        yield Parsed(
            table=table,
            lines=pa.array(lines, pa.int64()),
            kind="gtfs-rt",
            name=name if not spec.layer and len(_held(message)) > 1 else "",
            crs="OGC:CRS84" if GEOMETRY in table.column_names else None,
            rejects=rejects,
            repairs=notes,
        )
        rejects = REJECTS.empty_table()


def _message(content: bytes) -> gtfs.FeedMessage:
    if content.lstrip()[:1] in (b"<", b"{", b"["):
        raise Unreadable(
            "this is text, not a GTFS Realtime message in protocol buffers",
            "the server answered with a page or JSON: check the address and its parameters",
        )
    message = gtfs.FeedMessage()
    try:
        message.ParseFromString(content)
    except DecodeError as error:
        raise Unreadable(f"this is not a GTFS Realtime message ({error})", "fetch it again") from error
    if not message.IsInitialized() or not message.header.gtfs_realtime_version:
        raise Unreadable("this is not a GTFS Realtime message: it has no version", "check the address")
    if message.header.incrementality == gtfs.FeedHeader.DIFFERENTIAL:
        raise Unreadable(
            "the message only says what changed since the last one (DIFFERENTIAL), and what it leaves out "
            "is not gone",
            "ask the publisher for the address of the whole (FULL_DATASET)",
        )
    return message


def _wanted(message: gtfs.FeedMessage, layer: str | None) -> list[str]:
    """The tables to make; a message without entities is one of vehicles that has none."""
    if layer is None:
        return _held(message) or ["vehicle_positions"]
    if layer not in (*_TABLES, *_PARTS):
        raise FeedMisconfigured(
            f"[format] layer = {layer!r} is no table of a GTFS Realtime message",
            did_you_mean(layer, (*_TABLES, *_PARTS)),
        )
    return [layer]


def _held(message: gtfs.FeedMessage) -> list[str]:
    return [
        name
        for field, name in _ENTITIES.items()
        if any(each.HasField(field) and not each.is_deleted for each in message.entity)
    ]


def _table(message: gtfs.FeedMessage, name: str) -> tuple[pa.Table, list[int]]:
    """The rows of a table and the place of each one's entity in the message, from 1."""
    field = _PARTS[name][0] if name in _PARTS else next(f for f, n in _ENTITIES.items() if n == name)
    chosen = [
        (line, each)
        for line, each in enumerate(message.entity, start=1)
        if each.HasField(field) and not each.is_deleted
    ]
    lines, entities = [line for line, _ in chosen], [each for _, each in chosen]
    if name in _PARTS:
        table, places = _PARTS[name][1](entities, message.header)
        return table, [lines[place] for place in places]
    return _TABLES[name](entities, message.header), lines


def _rejects(message: gtfs.FeedMessage) -> pa.Table:
    """Entities that are marked as deleted, and those of kinds that are not read here."""
    rows = []
    for line, entity in enumerate(message.entity, start=1):
        if entity.is_deleted:
            reason, detail = "deleted", "the entity is marked as deleted"
        elif not any(entity.HasField(field) for field in _ENTITIES):
            reason, detail = "unknown_entity", "it is no vehicle position, trip update or alert"
        else:
            continue
        shown = text(entity, "id")
        rows.append({"line": line, "scope": "row", "value": shown, "reason": reason, "detail": detail})
    return pa.Table.from_pylist(rows, schema=REJECTS)


def _notes(header: Any, now: datetime) -> dict[str, int]:
    """What a reader should know: the message is old, or does not say of when it is."""
    if not header.timestamp:
        return {"message_without_time": 1}
    return {"message_stale": 1} if now.timestamp() - header.timestamp > STALE.total_seconds() else {}
