"""Whatever a city's rows say, our messages keep the rules by which validators of GTFS Realtime judge them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import shapely
from google.transit import gtfs_realtime_pb2 as gtfs

from catalogue import Publication
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.records import record_columns
from schemas.run import REJECTS

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
POSIX = range(1_000_000_000, 10_000_000_000)
STOPS = (*record_columns("trip_update"), Column("stop_time_updates", "text"))
ABOUT = (*record_columns("alert"), Column("informed_entities", "text"))


def publish(house: Any, id: str, columns: tuple[Column, ...], rows: list[dict[str, Any]]) -> Any:
    """The message of these rows."""
    keys = [column.name for column in columns if column.key]
    told = [{**row, "_id": "~".join(str(row[key]) for key in keys)} for row in rows]
    table = pa.Table.from_pylist(told, schema=arrow_schema(columns))
    publication = Publication(
        Dataset(id, Text("버스", "Buses"), "가온시", "CC0-1.0", id), columns, table, REJECTS.empty_table()
    )
    house.publish(publication, f"r-{id}-{len(rows)}")
    feed = gtfs.FeedMessage()
    feed.ParseFromString(house.get(f"/gtfs-rt/{id}.pb").data)
    assert list(broken(feed)) == []
    return feed


def broken(feed: Any) -> Iterator[str]:
    """The rules that a message breaks, by the validators' names of them."""
    header = feed.header
    yield from ["E038"] if header.gtfs_realtime_version != "2.0" else []
    yield from ["E048"] if not header.HasField("timestamp") else []
    yield from ["E049"] if not header.HasField("incrementality") else []
    yield from ["E039"] if any(entity.is_deleted for entity in feed.entity) else []
    ids = [entity.id for entity in feed.entity]
    yield from ["E052"] if len(ids) != len(set(ids)) else []
    yield from ["E001"] if any(time not in POSIX for time in [header.timestamp, *times(feed)]) else []
    for entity in feed.entity:
        for part in (entity.vehicle, entity.trip_update):
            yield from ["E012"] if part.timestamp > header.timestamp else []
            yield from of_trip(part.trip)
        yield from of_place(entity.vehicle.position)
        yield from of_stops(entity.trip_update.stop_time_update)
        yield from ["E033"] if any(not about.ListFields() for about in entity.alert.informed_entity) else []


def times(feed: Any) -> Iterator[int]:
    for entity in feed.entity:
        for part in (entity.vehicle, entity.trip_update):
            yield from [part.timestamp] if part.ListFields() else []
        for stop in entity.trip_update.stop_time_update:
            for event in (stop.arrival, stop.departure):
                yield from [event.time] if event.HasField("time") else []
        for period in entity.alert.active_period:
            yield from (time for time in (period.start, period.end) if time)


def of_trip(trip: Any) -> Iterator[str]:
    if trip.HasField("start_time") and not re.fullmatch(r"\d{1,2}:\d\d:\d\d", trip.start_time):
        yield "E020"
    if trip.HasField("start_date") and not re.fullmatch(r"\d{8}", trip.start_date):
        yield "E021"


def of_place(position: Any) -> Iterator[str]:
    if abs(position.latitude) > 90 or abs(position.longitude) > 180:
        yield "E026"
    if not 0 <= position.bearing <= 360:
        yield "E027"


def of_stops(stops: Any) -> Iterator[str]:
    numbers = [stop.stop_sequence for stop in stops if stop.HasField("stop_sequence")]
    yield from ["E002"] if numbers != sorted(numbers) else []
    yield from ["E036"] if len(numbers) != len(set(numbers)) else []
    kinds = gtfs.TripUpdate.StopTimeUpdate
    for stop in stops:
        events = [event for event in ("arrival", "departure") if stop.HasField(event)]
        said = [getattr(stop, event) for event in events]
        yield from ["E040"] if not (stop.stop_id or stop.HasField("stop_sequence")) else []
        yield from ["E042"] if events and stop.schedule_relationship == kinds.NO_DATA else []
        yield from ["E043"] if not events and stop.schedule_relationship == kinds.SCHEDULED else []
        yield from ["E044"] if any(not (e.HasField("time") or e.HasField("delay")) for e in said) else []


def test_vehicles_of_any_bearing_and_place(house):
    def vehicle(id: str, lat: float, bearing: float) -> dict[str, Any]:
        where = shapely.to_wkb(shapely.Point(129, lat))
        return {"vehicle_id": id, "observed_at": NOW, "geometry": where, "bearing": bearing, "speed": 30.0}

    rows = [vehicle("B1", 35.5, 90.0), vehicle("B2", 95.0, 10.0), vehicle("B3", 35.6, -45.0)]
    feed = publish(house, "buses", record_columns("vehicle_position"), rows)
    one, two, three = (entity.vehicle for entity in feed.entity)
    assert (one.position.bearing, two.HasField("position")) == (90.0, False)
    assert (three.position.HasField("bearing"), three.position.HasField("speed")) == (False, True)


def test_stops_come_in_order_each_once_and_say_where_nothing_is_known(house):
    stops = [
        {"stop_sequence": 3, "stop_id": "c", "arrival_at": "2026-03-01T09:20:00Z"},
        {"stop_sequence": 1, "stop_id": "a", "departure_delay": 60},
        {"stop_sequence": 2, "stop_id": "b"},
        {"stop_sequence": 1, "stop_id": "a", "departure_delay": 90},
        {"stop_sequence": 4, "relationship": "NO_DATA", "arrival_delay": 5},
        {"stop_sequence": 5, "relationship": "SKIPPED"},
        {"arrival_delay": 5},
    ]
    common = {"observed_at": NOW, "trip_id": "t1"}
    rows = [
        {"entity_id": "e1", "stop_time_updates": json.dumps(stops), "start_time": "아침", **common},
        {"entity_id": "e2", "start_time": "25:10:00", "start_date": date(2026, 3, 1), **common},
    ]
    one, two = (entity.trip_update for entity in publish(house, "trips", STOPS, rows).entity)
    kinds = gtfs.TripUpdate.StopTimeUpdate
    assert [(stop.stop_sequence, stop.schedule_relationship) for stop in one.stop_time_update] == [
        (1, kinds.SCHEDULED), (2, kinds.NO_DATA), (3, kinds.SCHEDULED), (4, kinds.NO_DATA),
        (5, kinds.SKIPPED),
    ]  # fmt: skip
    assert one.stop_time_update[0].departure.delay == 90
    assert (one.trip.HasField("start_time"), two.trip.start_time) == (False, "25:10:00")


def test_alerts_are_about_something_or_leave_it_out(house):
    about = json.dumps([{"agency_id": None}, {"stop_id": "s1"}, {"trip_id": "t1", "start_time": "?"}])
    rows = [{"alert_id": "a1", "header": "우회", "active_from": NOW, "informed_entities": about}]
    (entity,) = publish(house, "alerts", ABOUT, rows).entity
    assert [each.stop_id for each in entity.alert.informed_entity] == ["s1", ""]


def test_what_changed_is_of_a_later_time_and_never_of_an_earlier(house):
    columns = record_columns("vehicle_position")

    def rows(lon: float, minutes: int) -> list[dict[str, Any]]:
        where = shapely.to_wkb(shapely.Point(lon, 35.5))
        return [{"vehicle_id": "B1", "observed_at": NOW + timedelta(minutes=minutes), "geometry": where}]

    # A correction, of the same time as what it corrects or of an earlier, is said later all the same.
    said = [
        publish(house, "buses", columns, rows(lon, minutes)).header.timestamp
        for lon, minutes in ((129.0, 5), (129.1, 5), (129.2, 4))
    ]
    assert said == sorted(said)
    assert said[0] > (NOW + timedelta(minutes=5)).timestamp()
    # A clock that is ahead of ours is believed.
    ahead = datetime.now(UTC) + timedelta(days=1)
    where = shapely.to_wkb(shapely.Point(129, 35))
    feed = publish(house, "early", columns, [{"vehicle_id": "B1", "observed_at": ahead, "geometry": where}])
    assert feed.header.timestamp == int(ahead.timestamp())
