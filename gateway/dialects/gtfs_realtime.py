"""Vehicle positions, trip updates and alerts as GTFS Realtime 2.0, for journey planners: `/gtfs-rt/ID.pb`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from flask import Blueprint, Response, request
from google.protobuf.json_format import MessageToJson
from google.transit import gtfs_realtime_pb2 as gtfs
from marshmallow import Schema, fields

from gateway.api.answers import fresh, not_modified
from gateway.api.asking.parameters import load_query, read_pairs
from gateway.api.asking.values import OneOf
from gateway.caller import ROWS
from gateway.dialects.current import Current, NotOfThatKind, current, lacking, seconds
from gateway.scopes import require
from gateway.services import services
from schemas.dataset import ColumnType
from schemas.snapshot import Snapshot

gtfs_realtime = Blueprint("gtfs_realtime", __name__, url_prefix="/gtfs-rt")

FRESH = timedelta(minutes=15)
"""A vehicle or trip that was silent for longer than this when the last one spoke is out of service."""
KMH_PER_MS = 3.6
_TIME, _DAY = re.compile(r"[0-9]{1,2}:[0-5][0-9]:[0-5][0-9]"), re.compile(r"[0-9]{8}")
Row = Mapping[str, Any]


class MessageParameters(Schema):
    format = fields.String(load_default="pb", validate=OneOf(("pb", "json")))


@dataclass(frozen=True)
class Kind:
    """A kind of entity: the columns that tell it and their types, what a row is of and when, and how it is
    written."""

    name: str
    needed: Mapping[str, ColumnType]
    entity: str
    when: str | None
    write: Callable[[Any, Row], None]


@gtfs_realtime.get("/<dataset>.pb")
def message(dataset: str) -> Response:
    """A whole message of what the dataset says now; with format=json the same to be read by people."""
    require("rows:read")
    asked = load_query(MessageParameters, read_pairs(request.query_string))["format"]
    catalogue = services().catalogue
    snapshot = catalogue.snapshot(dataset)
    kind = kind_of(snapshot)
    etag = _etag(f"{snapshot.id} {asked}".encode())
    # What alerts are active depends on the time too, so those are told apart by what they say.
    unchanged = (not_modified(etag) or _since(snapshot)) if kind.when else None
    if unchanged:
        return unchanged
    found = current(catalogue, snapshot, kind.entity, kind.when, FRESH)
    feed = written(found, kind, datetime.now(UTC))
    said, media_type = _said(feed, asked)
    etag = etag if kind.when else _etag(said)
    unchanged = not_modified(etag)
    if unchanged:
        return unchanged
    request.environ[ROWS] = len(feed.entity)
    answer = fresh(said, media_type, etag)
    if kind.when:
        answer.last_modified = snapshot.created
    return answer


def _since(snapshot: Snapshot) -> Response | None:
    """The 304 of a planner that knows times but no tags."""
    known = None if "If-None-Match" in request.headers else request.if_modified_since
    if known is None or snapshot.created.replace(microsecond=0) > known:
        return None
    answer = Response(status=304)
    answer.last_modified = snapshot.created
    return answer


def _said(feed: Any, format: str) -> tuple[bytes, str]:
    if format == "json":
        return MessageToJson(feed, preserving_proto_field_name=True, indent=None).encode(), "application/json"
    return feed.SerializeToString(deterministic=True), "application/x-protobuf"


def _etag(told: bytes) -> str:
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def kind_of(snapshot: Snapshot) -> Kind:
    """The kind of entity that a dataset's columns tell of; raises NotOfThatKind."""
    have = {(column.name, column.type) for column in snapshot.columns}
    for kind in KINDS:
        if have.issuperset(kind.needed.items()):
            return kind
    why = lacking([name for name, type in KINDS[0].needed.items() if (name, type) not in have])
    raise NotOfThatKind(snapshot.dataset, "vehicles, trip updates or alerts", why)


def written(found: Current, kind: Kind, now: datetime) -> Any:
    """The rows as a FeedMessage; alerts whose time is over by `now` are left out.

    It is of the time when its content became what it is, which is not before any of it.
    """
    feed = gtfs.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.incrementality = gtfs.FeedHeader.FULL_DATASET
    made = max(int(found.at.timestamp()), int(found.snapshot.created.timestamp()))
    for row in found.rows:
        until = seconds(row.get("active_until"))
        if until is None or until > now.timestamp():
            # By what a row is of, and not by its source's id, which may be of two where two sources meet.
            kind.write(feed.entity.add(id=str(row[kind.entity])), row)
        else:
            made = max(made, until)
    feed.header.timestamp = made
    return feed


def _vehicle(entity: Any, row: Row) -> None:
    vehicle = entity.vehicle
    _trip(vehicle.trip, row)
    _put(vehicle.vehicle, row, id="vehicle_id", label="label", license_plate="licence_plate")
    _put(vehicle, row, stop_id="stop_id", current_stop_sequence="stop_sequence")
    _put(vehicle, row, occupancy_percentage="occupancy_percentage")
    _word(vehicle, row, "current_status", "status", gtfs.VehiclePosition.VehicleStopStatus)
    _word(vehicle, row, "occupancy_status", "occupancy", gtfs.VehiclePosition.OccupancyStatus)
    _word(vehicle, row, "congestion_level", "congestion", gtfs.VehiclePosition.CongestionLevel)
    vehicle.timestamp = seconds(row["observed_at"]) or 0
    place = json.loads(row["geometry"] or "{}")
    lon, lat, *_ = place["coordinates"] if place.get("type") == "Point" and place["coordinates"] else (999, 0)
    if -180 <= lon <= 180 and -90 <= lat <= 90:
        vehicle.position.longitude, vehicle.position.latitude = lon, lat
        _put(vehicle.position, row, odometer="odometer")
        if isinstance(row.get("bearing"), int | float) and 0 <= row["bearing"] <= 360:
            vehicle.position.bearing = row["bearing"]
        if isinstance(row.get("speed"), int | float):
            vehicle.position.speed = row["speed"] / KMH_PER_MS


def _update(entity: Any, row: Row) -> None:
    update = entity.trip_update
    _trip(update.trip, row)
    _word(update.trip, row, "schedule_relationship", "relationship", gtfs.TripDescriptor.ScheduleRelationship)
    _put(update.vehicle, row, id="vehicle_id", label="label")
    _put(update, row, delay="delay")
    update.timestamp = seconds(row["observed_at"]) or 0
    for said in _stops(row):
        _stop(update.stop_time_update.add(), said)


def _stops(row: Row) -> list[Row]:
    """What is said of stops that are named, each once, in the order in which they are passed."""
    named = [each for each in _listed(row, "stop_time_updates") if each.get("stop_id") or _sequence(each)]
    if not all(_sequence(each) for each in named):
        return named
    return sorted({each["stop_sequence"]: each for each in named}.values(), key=itemgetter("stop_sequence"))


def _sequence(said: Row) -> bool:
    number = said.get("stop_sequence")
    return isinstance(number, int) and number in range(2**32)


def _stop(stop: Any, said: Row) -> None:
    _put(stop, said, stop_id="stop_id", stop_sequence="stop_sequence")
    _word(stop, said, "schedule_relationship", "relationship", _STOP)
    if stop.schedule_relationship == _STOP.Value("NO_DATA"):
        return
    for event in ("arrival", "departure"):
        _put(getattr(stop, event), {"at": seconds(said.get(f"{event}_at"))}, time="at")
        _put(getattr(stop, event), said, delay=f"{event}_delay")
        if stop.HasField(event):
            _put(getattr(stop, event), said, uncertainty="uncertainty")
    if not (stop.HasField("arrival") or stop.HasField("departure")) and not stop.schedule_relationship:
        stop.schedule_relationship = _STOP.Value("NO_DATA")


def _alert(entity: Any, row: Row) -> None:
    alert = entity.alert
    start, end = seconds(row.get("active_from")), seconds(row.get("active_until"))
    if start is not None or end is not None:
        _put(alert.active_period.add(), {"start": start, "end": end}, start="start", end="end")
    _word(alert, row, "cause", "cause", gtfs.Alert.Cause)
    _word(alert, row, "effect", "effect", gtfs.Alert.Effect)
    _word(alert, row, "severity_level", "severity", gtfs.Alert.SeverityLevel)
    for field, column in (("header_text", "header"), ("description_text", "description"), ("url", "url")):
        _translated(getattr(alert, field), row, column)
    for said in _listed(row, "informed_entities"):
        about = gtfs.EntitySelector()
        _put(about, said, agency_id="agency_id", route_id="route_id", route_type="route_type")
        _put(about, said, stop_id="stop_id")
        if said.get("trip_id") is not None:
            _trip(about.trip, said)
        if about.ListFields():
            alert.informed_entity.append(about)


def _translated(field: Any, row: Row, column: str) -> None:
    spoken = {language: row.get(f"{column}_{language}") for language in ("ko", "en")}
    for language, words in spoken.items():
        if words:
            field.translation.add(text=str(words), language=language)
    if row.get(column) and not any(spoken.values()):
        field.translation.add(text=str(row[column]))


def _trip(trip: Any, row: Row) -> None:
    _put(trip, row, trip_id="trip_id", route_id="route_id", direction_id="direction_id")
    if _TIME.fullmatch(str(row.get("start_time"))):
        trip.start_time = row["start_time"]
    day = str(row.get("start_date")).replace("-", "")
    if _DAY.fullmatch(day):
        trip.start_date = day


def _listed(row: Row, column: str) -> list[Row]:
    """The objects that a column holds as JSON; none where it holds something else."""
    try:
        found = json.loads(row.get(column) or "[]")
    except (TypeError, ValueError):
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _put(message: Any, row: Row, **columns: str) -> None:
    """Set the fields whose column has a value; one that the field cannot hold is left out."""
    for field, column in columns.items():
        value = row.get(column)
        if value is not None:
            try:
                setattr(message, field, value)
            except (TypeError, ValueError):
                continue


def _word(message: Any, row: Row, field: str, column: str, words: Any) -> None:
    """Set an enumerated field by its word; one that GTFS Realtime does not know is left out."""
    if row.get(column) in words.keys():  # noqa: SIM118  (an enumeration of protobuf, no dict)
        setattr(message, field, words.Value(row[column]))


_STOP = gtfs.TripUpdate.StopTimeUpdate.ScheduleRelationship
_VEHICLES: dict[str, ColumnType] = {"vehicle_id": "text", "observed_at": "time", "geometry": "geometry"}
_UPDATES: dict[str, ColumnType] = {
    "entity_id": "text", "observed_at": "time", "trip_id": "text", "delay": "integer",
}  # fmt: skip
_ALERTS: dict[str, ColumnType] = {"alert_id": "text", "header": "text", "entities": "integer"}
KINDS = (
    Kind("vehicles", _VEHICLES, "vehicle_id", "observed_at", _vehicle),
    Kind("trip updates", _UPDATES, "entity_id", "observed_at", _update),
    Kind("alerts", _ALERTS, "alert_id", None, _alert),
)
