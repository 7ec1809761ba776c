"""Journey planners read our vehicles, trip updates and alerts with the bindings that everyone has."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import shapely
from google.transit import gtfs_realtime_pb2 as gtfs
from published import run

from catalogue import Publication
from gateway.dialects import gtfs_realtime
from harvesters.formats.gtfs_rt import read
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.feed import FormatSpec
from schemas.records import record_columns
from schemas.run import REJECTS

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def landed(id: str, columns: tuple[Column, ...], rows: list[dict[str, Any]]) -> Publication:
    keys = [column.name for column in columns if column.key]
    for place, row in enumerate(rows):
        row["_id"] = "~".join(str(row[key]) for key in keys) or str(place)
    table = pa.Table.from_pylist(rows, schema=arrow_schema(columns))
    dataset = Dataset(id, Text("버스", "Buses"), "가온시", "CC0-1.0", id)
    return Publication(dataset, columns, table, REJECTS.empty_table())


def message(house, id: str) -> Any:
    answer = house.get(f"/gtfs-rt/{id}.pb")
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/x-protobuf"
    feed = gtfs.FeedMessage()
    feed.ParseFromString(answer.data)
    assert feed.IsInitialized()
    assert (feed.header.gtfs_realtime_version, feed.header.incrementality) == ("2.0", 0)
    return feed


def vehicle(id: str, minutes: int, lon: float = 129.0, **more: Any) -> dict[str, Any]:
    at = NOW + timedelta(minutes=minutes)
    return {"vehicle_id": id, "observed_at": at, "geometry": shapely.to_wkb(shapely.Point(lon, 35.5)), **more}


def test_each_vehicle_is_where_it_was_last_and_one_that_fell_silent_is_out_of_service(house):
    columns = record_columns("vehicle_position")
    rows = [
        vehicle("B1", 0), vehicle("B1", 5, 129.25, speed=36.0, bearing=90.0, route_id="7", trip_id="t1",
                                  direction_id=1, status="STOPPED_AT", occupancy="FULL", stop_id="s9",
                                  stop_sequence=3, label="7번"),
        vehicle("B2", 4, status="여기"), vehicle("B3", -60),
    ]  # fmt: skip
    house.catalogue.append(landed("buses", columns, rows), run(landed("buses", columns, rows), "r-1"))
    feed = message(house, "buses")
    assert feed.header.timestamp == int(house.catalogue.snapshot("buses").created.timestamp())
    found = {entity.id: entity.vehicle for entity in feed.entity}
    assert sorted(found) == ["B1", "B2"]
    one = found["B1"]
    assert (one.position.longitude, one.position.latitude) == (129.25, 35.5)
    assert (one.position.speed, one.position.bearing) == (10.0, 90.0)
    assert (one.trip.route_id, one.trip.trip_id, one.trip.direction_id) == ("7", "t1", 1)
    assert (one.vehicle.id, one.vehicle.label) == ("B1", "7번")
    assert one.current_status == gtfs.VehiclePosition.STOPPED_AT
    assert one.occupancy_status == gtfs.VehiclePosition.FULL
    assert (one.stop_id, one.current_stop_sequence) == ("s9", 3)
    assert one.timestamp == int((NOW + timedelta(minutes=5)).timestamp())
    assert not found["B2"].HasField("current_status")


def test_trip_updates_say_delay_relationship_and_day(house):
    rows = [
        {"entity_id": "e1", "observed_at": NOW, "trip_id": "t1", "delay": -30, "start_date": date(2026, 3, 1),
         "start_time": "25:10:00", "relationship": "CANCELED"},
    ]  # fmt: skip
    house.publish(landed("trips", record_columns("trip_update"), rows), "r-1")
    ((entity,), _) = (message(house, "trips").entity, 0)
    update = entity.trip_update
    assert (entity.id, update.trip.trip_id, update.delay) == ("e1", "t1", -30)
    assert (update.trip.start_date, update.trip.start_time) == ("20260301", "25:10:00")
    assert update.trip.schedule_relationship == gtfs.TripDescriptor.CANCELED


def test_alerts_are_told_in_both_languages_until_their_time_is_over(house):
    far = datetime.now(UTC) + timedelta(days=1)
    rows = [
        {"alert_id": "a1", "header": "우회", "header_ko": "우회", "header_en": "Detour", "effect": "DETOUR",
         "active_from": NOW, "active_until": far},
        {"alert_id": "a2", "header": "끝", "active_until": datetime.now(UTC) - timedelta(minutes=1)},
        {"alert_id": "a3", "header": "늘", "cause": "WEATHER"},
    ]  # fmt: skip
    house.publish(landed("alerts", record_columns("alert"), rows), "r-1")
    one, three = message(house, "alerts").entity
    assert [(t.language, t.text) for t in one.alert.header_text.translation] == [
        ("ko", "우회"),
        ("en", "Detour"),
    ]
    assert one.alert.effect == gtfs.Alert.DETOUR
    assert one.alert.active_period[0].end == int(far.timestamp())
    assert (three.id, three.alert.cause) == ("a3", gtfs.Alert.WEATHER)
    assert [t.text for t in three.alert.header_text.translation] == ["늘"]


def test_an_alert_that_is_over_is_no_longer_what_a_client_has(house, monkeypatch):
    soon = datetime.now(UTC) + timedelta(hours=1)
    rows = [{"alert_id": "a1", "header": "끝", "active_until": soon}, {"alert_id": "a2", "header": "늘"}]
    house.publish(landed("alerts", record_columns("alert"), rows), "r-1")
    etag = house.get("/gtfs-rt/alerts.pb").headers["ETag"]
    assert house.get("/gtfs-rt/alerts.pb", headers={"If-None-Match": etag}).status_code == 304
    monkeypatch.setattr(gtfs_realtime, "datetime", SimpleNamespace(now=lambda _: soon))
    answer = house.get("/gtfs-rt/alerts.pb", headers={"If-None-Match": etag})
    assert (answer.status_code, len(message(house, "alerts").entity)) == (200, 1)


def test_ids_are_unique_where_two_sources_number_alike_and_nothing_current_is_a_message_too(house):
    columns = (*record_columns("vehicle_position"), Column("entity_id", "text"))
    rows = [vehicle("B1", 0, entity_id="1"), vehicle("B2", 0, entity_id="1")]
    house.publish(landed("buses", columns, rows), "r-1")
    assert [entity.id for entity in message(house, "buses").entity] == ["B1", "B2"]
    house.publish(landed("none-yet", columns, []), "r-2")
    feed = message(house, "none-yet")
    assert (len(feed.entity), feed.header.timestamp > 0) == (0, True)


def test_columns_of_other_types_and_broken_details_break_no_message(house):
    columns = tuple(
        Column(name, "text" if name in ("speed", "bearing") else column.type, key=column.key)
        for column in record_columns("vehicle_position") if (name := column.name)
    )  # fmt: skip
    line = shapely.to_wkb(shapely.LineString([(129, 35), (130, 36)]))
    rows = [vehicle("B1", 0, speed="빠름", bearing="N"), {**vehicle("B2", 0), "geometry": line}]
    house.publish(landed("buses", columns, rows), "r-1")
    found = {entity.id: entity.vehicle for entity in message(house, "buses").entity}
    assert (found["B1"].position.longitude, found["B1"].position.speed) == (129.0, 0.0)
    assert not found["B2"].HasField("position")
    updates = [
        {"entity_id": "e1", "observed_at": NOW, "trip_id": "t1", "stop_time_updates": "{"},
        {"entity_id": "e2", "observed_at": NOW, "trip_id": "t2",
         "stop_time_updates": '[{"stop_id": "s", "arrival_at": "09시"}, 5]'},
    ]  # fmt: skip
    house.publish(
        landed("trips", (*record_columns("trip_update"), Column("stop_time_updates", "text")), updates), "r-2"
    )
    one, two = (entity.trip_update for entity in message(house, "trips").entity)
    assert (len(one.stop_time_update), two.stop_time_update[0].stop_id) == (0, "s")
    untimed = tuple(replace(c, type="text") if c.name == "observed_at" else c for c in columns)
    house.publish(landed("untimed", untimed, [{**vehicle("B1", 0), "observed_at": "아홉 시"}]), "r-3")
    assert "observed_at" in house.get("/gtfs-rt/untimed.pb").json["detail"]


def test_in_json_for_people_and_unchanged_for_machines(house):
    house.publish(landed("buses", record_columns("vehicle_position"), [vehicle("B1", 0)]), "r-1")
    answer = house.get("/gtfs-rt/buses.pb?format=json")
    assert json.loads(answer.data)["entity"][0]["vehicle"]["vehicle"] == {"id": "B1"}
    etag = house.get("/gtfs-rt/buses.pb").headers["ETag"]
    assert house.get("/gtfs-rt/buses.pb", headers={"If-None-Match": etag}).status_code == 304
    since = {"If-Modified-Since": house.get("/gtfs-rt/buses.pb").headers["Last-Modified"]}
    assert house.get("/gtfs-rt/buses.pb", headers=since).status_code == 304
    assert house.get("/gtfs-rt/buses.pb", headers={**since, "If-None-Match": '"x"'}).status_code == 200
    time.sleep(1)  # Times of HTTP are whole seconds.
    house.publish(landed("buses", record_columns("vehicle_position"), [vehicle("B1", 1)]), "r-2")
    assert house.get("/gtfs-rt/buses.pb", headers=since).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/gtfs-rt/none.pb", 404, "none"), ("/gtfs-rt/parks.pb", 404, "vehicle_id"),
        ("/gtfs-rt/list-1.pb", 404, "list-1"), ("/gtfs-rt/parks.pb?format=xml", 400, "json, pb"),
    ],
)  # fmt: skip
def test_what_is_none_is_told(still, path, status, said):
    answer = still.get(path)
    assert answer.status_code == status
    assert said in answer.text


def test_a_real_feed_comes_out_as_it_went_in(house, shared_data, key):
    file = shared_data / "gtfs-rt" / "king-county-metro-1.pbf"
    source = gtfs.FeedMessage()
    source.ParseFromString(file.read_bytes())
    (parsed,) = read(file, FormatSpec())
    kinds = {pa.string(): "text", pa.int64(): "integer", pa.float64(): "number", pa.binary(): "geometry"}
    columns = tuple(
        Column(f.name, kinds.get(f.type, "time"), role="time" if f.name == "observed_at" else None,
               key=f.name in ("vehicle_id", "observed_at"))
        for f in parsed.table.schema
    )  # fmt: skip
    house.publish(landed("real", columns, parsed.table.to_pylist()), "r-1")
    feed = message(house, "real")
    newest = max(entity.vehicle.timestamp for entity in feed.entity)
    before = {e.vehicle.vehicle.id or e.id: e.vehicle for e in source.entity}
    after = {e.vehicle.vehicle.id: e.vehicle for e in feed.entity}
    current = {id for id, v in before.items() if (v.timestamp or source.header.timestamp) >= newest - 900}
    assert set(after) == current
    for id, told in after.items():
        assert told.position.longitude == pytest.approx(before[id].position.longitude, abs=1e-5)
        assert told.position.speed == pytest.approx(before[id].position.speed, abs=1e-4)
        assert told.trip.trip_id == before[id].trip.trip_id
    house.get("/gtfs-rt/real.pb", key=key)
    assert house.get("/api/v1/usage", key=key).json["rows"] == len(after)
