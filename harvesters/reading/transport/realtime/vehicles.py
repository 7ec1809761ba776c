"""Where vehicles are: a row each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from google.transit import gtfs_realtime_pb2 as gtfs

from harvesters.formats import GEOMETRY
from harvesters.reading.transport.realtime.values import TRIP, decimal, given, moment, text, trip, word

KMH_PER_MS = 3.6

_COLUMNS = pa.schema(
    [
        ("entity_id", pa.string()),
        ("vehicle_id", pa.string()),
        ("observed_at", pa.timestamp("us", "UTC")),
        ("label", pa.string()),
        ("licence_plate", pa.string()),
        *TRIP,
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


def vehicle_positions(entities: list[Any], header: Any) -> pa.Table:
    """Speed in km/h, odometer in m, bearing in degrees from north, time in UTC.

    A vehicle without a position keeps a null geometry; one without a time of its own has the message's.
    """
    table = pa.Table.from_pylist([_row(each, header) for each in entities], schema=_COLUMNS)
    return table.append_column(GEOMETRY, _points([each.vehicle for each in entities]))


def _row(entity: Any, header: Any) -> dict[str, Any]:
    vehicle = entity.vehicle
    which, position = vehicle.vehicle, vehicle.position
    return trip(vehicle.trip) | {
        "entity_id": text(entity, "id"),
        # Small agencies leave the vehicle's own id out; the entity's stands for it then.
        "vehicle_id": text(which, "id") or text(entity, "id"),
        "observed_at": moment(vehicle.timestamp or header.timestamp),
        "label": text(which, "label"),
        "licence_plate": text(which, "license_plate"),
        "stop_id": text(vehicle, "stop_id"),
        "stop_sequence": given(vehicle, "current_stop_sequence"),
        "status": word(vehicle, "current_status", gtfs.VehiclePosition.VehicleStopStatus),
        "bearing": decimal(position, "bearing"),
        "speed": _speed(position),
        "odometer": given(position, "odometer"),
        "congestion": word(vehicle, "congestion_level", gtfs.VehiclePosition.CongestionLevel),
        "occupancy": word(vehicle, "occupancy_status", gtfs.VehiclePosition.OccupancyStatus),
        "occupancy_percentage": given(vehicle, "occupancy_percentage"),
    }


def _speed(position: Any) -> float | None:
    metres = decimal(position, "speed")
    return None if metres is None else round(metres * KMH_PER_MS, 6)


def _points(vehicles: list[Any]) -> pa.Array:
    """WKB points in longitude and latitude; null where there is no position, as 0, 0 says too."""
    placed = [_place(each.position) if each.HasField("position") else None for each in vehicles]
    points = [None if place is None else shapely.Point(place) for place in placed]
    return pa.array(shapely.to_wkb(np.array(points, dtype=object)), pa.binary())


def _place(position: Any) -> tuple[float, float] | None:
    longitude, latitude = decimal(position, "longitude"), decimal(position, "latitude")
    if longitude is None or latitude is None or (longitude == 0 and latitude == 0):
        return None
    return longitude, latitude
