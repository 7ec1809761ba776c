"""How trips keep to their timetable: a row a trip, or a row for each stop that something is said of."""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa
from google.transit import gtfs_realtime_pb2 as gtfs

from harvesters.reading.transport.realtime.values import TRIP, given, moment, text, trip, word

_TIME = pa.timestamp("us", "UTC")
_TRIPS = pa.schema(
    [
        ("entity_id", pa.string()),
        ("observed_at", _TIME),
        *TRIP,
        ("relationship", pa.string()),
        ("vehicle_id", pa.string()),
        ("label", pa.string()),
        ("delay", pa.int64()),
        ("stops", pa.int64()),
        ("stop_time_updates", pa.string()),
    ]
)
_STOPS = pa.schema(
    [
        ("entity_id", pa.string()),
        ("observed_at", _TIME),
        *TRIP,
        ("stop_sequence", pa.int64()),
        ("stop_id", pa.string()),
        ("arrival_at", _TIME),
        ("arrival_delay", pa.int64()),
        ("departure_at", _TIME),
        ("departure_delay", pa.int64()),
        ("uncertainty", pa.int64()),
        ("relationship", pa.string()),
    ]
)
_Stop = gtfs.TripUpdate.StopTimeUpdate


def trip_updates(entities: list[Any], header: Any) -> pa.Table:
    """A row a trip: `delay` in seconds is its own, or that at the first stop that has one.

    What is said of its stops stands in `stop_time_updates` as JSON, `stops` counts them.
    """
    return pa.Table.from_pylist([_trip(each, header) for each in entities], schema=_TRIPS)


def stop_time_updates(entities: list[Any], header: Any) -> tuple[pa.Table, list[int]]:
    """A row for each stop of each trip, delays and uncertainty in seconds, and which entity it is of."""
    rows: list[dict[str, Any]] = []
    places: list[int] = []
    for place, entity in enumerate(entities):
        update = entity.trip_update
        for stop in update.stop_time_update:
            about = {"entity_id": text(entity, "id"), "observed_at": _when(update, header)}
            rows.append(about | trip(update.trip) | _stop(stop))
            places.append(place)
    return pa.Table.from_pylist(rows, schema=_STOPS), places


def _trip(entity: Any, header: Any) -> dict[str, Any]:
    update = entity.trip_update
    stops = [_stop(each) for each in update.stop_time_update]
    said = [{name: value for name, value in stop.items() if value is not None} for stop in stops]
    return trip(update.trip) | {
        "entity_id": text(entity, "id"),
        "observed_at": _when(update, header),
        "relationship": word(update.trip, "schedule_relationship", gtfs.TripDescriptor.ScheduleRelationship),
        "vehicle_id": text(update.vehicle, "id"),
        "label": text(update.vehicle, "label"),
        "delay": _delay(update, stops),
        "stops": len(stops),
        "stop_time_updates": orjson.dumps(said).decode() if said else None,
    }


def _delay(update: Any, stops: list[dict[str, Any]]) -> int | None:
    own: int | None = given(update, "delay")
    said = (stop[which] for stop in stops for which in ("arrival_delay", "departure_delay"))
    return own if own is not None else next((delay for delay in said if delay is not None), None)


def _when(update: Any, header: Any) -> Any:
    return moment(update.timestamp or header.timestamp)


def _stop(update: Any) -> dict[str, Any]:
    arrival, departure = update.arrival, update.departure
    uncertain = (given(arrival, "uncertainty"), given(departure, "uncertainty"))
    return {
        "stop_sequence": given(update, "stop_sequence"),
        "stop_id": text(update, "stop_id"),
        "arrival_at": moment(arrival.time),
        "arrival_delay": given(arrival, "delay"),
        "departure_at": moment(departure.time),
        "departure_delay": given(departure, "delay"),
        "uncertainty": next((each for each in uncertain if each is not None), None),
        "relationship": word(update, "schedule_relationship", _Stop.ScheduleRelationship),
    }
