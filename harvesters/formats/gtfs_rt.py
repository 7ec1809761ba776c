"""Read the vehicle positions of a GTFS Realtime message."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2 as gtfs

from harvesters.faults import Unreadable
from harvesters.formats import GEOMETRY, Parsed
from schemas.feed import FormatSpec
from schemas.run import REJECTS

OPTIONS = frozenset({"member"})

KMH_PER_MS = 3.6

_COLUMNS = pa.schema(
    [
        ("entity_id", pa.string()),
        ("vehicle_id", pa.string()),
        ("observed_at", pa.timestamp("us", "UTC")),
        ("label", pa.string()),
        ("licence_plate", pa.string()),
        ("route_id", pa.string()),
        ("trip_id", pa.string()),
        ("direction_id", pa.int64()),
        ("start_date", pa.string()),
        ("start_time", pa.string()),
        ("stop_id", pa.string()),
        ("stop_sequence", pa.int64()),
        ("status", pa.string()),
        ("bearing", pa.float64()),
        ("speed", pa.float64()),
        ("odometer", pa.float64()),
        ("congestion", pa.string()),
        ("occupancy", pa.string()),
        ("occupancy_percentage", pa.int64()),
    ]
)


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One row a vehicle: speed in km/h, odometer in m, bearing in degrees from north, time in UTC.

    A vehicle without a position keeps a null geometry; one without a time of its own has the message's.
    Raises Unreadable where the bytes are no such message or hold other things than vehicles.
    """
    message = _message(path.read_bytes())
    vehicles = [(line, each) for line, each in enumerate(message.entity, start=1) if _is_vehicle(each)]
    if not vehicles and message.entity:
        raise Unreadable(
            f"the message holds {len(message.entity)} entities and no vehicle positions",
            "trip updates and alerts are not read here: give the address of the vehicle positions",
        )
    rows = [_row(each, message.header) for _, each in vehicles]
    table = pa.Table.from_pylist(rows, schema=_COLUMNS)
    yield Parsed(
        table=table.append_column(GEOMETRY, _points([each.vehicle for _, each in vehicles])),
        lines=pa.array([line for line, _ in vehicles], pa.int64()),
        kind="gtfs-rt",
        crs="OGC:CRS84",
        rejects=_deleted(message),
    )


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
    return message


def _is_vehicle(entity: gtfs.FeedEntity) -> bool:
    return bool(entity.HasField("vehicle")) and not entity.is_deleted


def _row(entity: gtfs.FeedEntity, header: gtfs.FeedHeader) -> dict[str, Any]:
    vehicle = entity.vehicle
    trip, which, position = vehicle.trip, vehicle.vehicle, vehicle.position
    seconds = vehicle.timestamp or header.timestamp
    return {
        "entity_id": _text(entity, "id"),
        # Small agencies leave the vehicle's own id out; the entity's stands for it then.
        "vehicle_id": _text(which, "id") or _text(entity, "id"),
        "observed_at": datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 2**33 else None,
        "label": _text(which, "label"),
        "licence_plate": _text(which, "license_plate"),
        "route_id": _text(trip, "route_id"),
        "trip_id": _text(trip, "trip_id"),
        "direction_id": _given(trip, "direction_id"),
        "start_date": _text(trip, "start_date"),
        "start_time": _text(trip, "start_time"),
        "stop_id": _text(vehicle, "stop_id"),
        "stop_sequence": _given(vehicle, "current_stop_sequence"),
        "status": _word(vehicle, "current_status", gtfs.VehiclePosition.VehicleStopStatus),
        "bearing": _float(position, "bearing"),
        "speed": _speed(position),
        "odometer": _given(position, "odometer"),
        "congestion": _word(vehicle, "congestion_level", gtfs.VehiclePosition.CongestionLevel),
        "occupancy": _word(vehicle, "occupancy_status", gtfs.VehiclePosition.OccupancyStatus),
        "occupancy_percentage": _given(vehicle, "occupancy_percentage"),
    }


def _given(message: Any, field: str) -> Any:
    return getattr(message, field) if message.HasField(field) else None


def _text(message: Any, field: str) -> str | None:
    value: str | bytes | None = _given(message, field)
    if isinstance(value, bytes):  # how protocol buffers of this age hand on what is no UTF-8
        raise Unreadable(f"{field} {value!r} is not UTF-8", "the message is broken or its maker's fault")
    return value or None


def _word(message: Any, field: str, words: Any) -> str | None:
    return words.Name(getattr(message, field)) if message.HasField(field) else None


def _float(message: Any, field: str) -> float | None:
    """The shortest number that is the same in the message's 32 bits: 12.3, not 12.300000190734863."""
    value = _given(message, field)
    return None if value is None or not np.isfinite(value) else float(str(np.float32(value)))


def _speed(position: Any) -> float | None:
    metres = _float(position, "speed")
    return None if metres is None else round(metres * KMH_PER_MS, 6)


def _points(vehicles: list[Any]) -> pa.Array:
    """WKB points in longitude and latitude; null where there is no position, as 0, 0 says too."""
    placed = [_place(each.position) if each.HasField("position") else None for each in vehicles]
    points = [None if place is None else shapely.Point(place) for place in placed]
    return pa.array(shapely.to_wkb(np.array(points, dtype=object)), pa.binary())


def _place(position: Any) -> tuple[float, float] | None:
    longitude, latitude = _float(position, "longitude"), _float(position, "latitude")
    if longitude is None or latitude is None or (longitude == 0 and latitude == 0):
        return None
    return longitude, latitude


def _deleted(message: gtfs.FeedMessage) -> pa.Table:
    """Entities of a differential message that only say that a vehicle is gone, and those of other kinds."""
    rows = [
        {
            "line": line,
            "scope": "row",
            "value": _text(entity, "id"),
            "reason": "deleted" if entity.is_deleted else "no_vehicle",
            "detail": "the entity is deleted" if entity.is_deleted else "the entity is no vehicle position",
        }
        for line, entity in enumerate(message.entity, start=1)
        if not _is_vehicle(entity)
    ]
    return pa.Table.from_pylist(rows, schema=REJECTS)
