"""GTFS Realtime: vehicle positions, trip updates and alerts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from google.transit import gtfs_realtime_pb2 as gtfs

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import gtfs_rt
from schemas.feed import FormatSpec
from schemas.records import record_columns


def message(**header: Any) -> gtfs.FeedMessage:
    feed = gtfs.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.timestamp = header.get("timestamp", 1_700_000_000)
    return feed


def test_the_vehicles_of_a_real_message_are_read(shared_data: Path, read: Any) -> None:
    (parsed,) = read(shared_data / "gtfs-rt/king-county-metro-1.pbf")

    assert (parsed.table.num_rows, parsed.rejects.num_rows, parsed.crs) == (627, 0, "OGC:CRS84")
    assert {column.name for column in record_columns("vehicle_position")} <= set(parsed.table.column_names)
    west, south, east, north = shapely.total_bounds(shapely.from_wkb(parsed.table["geometry"].to_pylist()))
    assert -123 < west < east < -121
    assert 47 < south < north < 48.5


def test_speed_is_in_kilometres_an_hour_and_times_are_instants(read_text: Any) -> None:
    feed = message()
    vehicle = feed.entity.add(id="e1").vehicle
    vehicle.vehicle.id = "v1"
    vehicle.position.latitude, vehicle.position.longitude, vehicle.position.speed = 35.1, 129.04, 12.3
    vehicle.timestamp = 1_700_000_100
    vehicle.current_status = gtfs.VehiclePosition.STOPPED_AT

    (parsed,) = read_text(feed.SerializeToString(), "a.pb")

    (row,) = parsed.table.to_pylist()
    assert (row["vehicle_id"], row["speed"], row["status"]) == ("v1", 44.28, "STOPPED_AT")
    assert row["observed_at"] == datetime.fromtimestamp(1_700_000_100, UTC)
    assert row["bearing"] is None
    assert shapely.from_wkb(row["geometry"]) == shapely.Point(129.04, 35.1)


def test_a_vehicle_without_position_or_time_is_kept(read_text: Any) -> None:
    feed = message()
    feed.entity.add(id="e1").vehicle.trip.trip_id = "t"

    (parsed,) = read_text(feed.SerializeToString(), "a.pb")

    (row,) = parsed.table.to_pylist()
    assert (row["vehicle_id"], row["trip_id"], row["geometry"]) == ("e1", "t", None)
    assert row["observed_at"] == datetime.fromtimestamp(1_700_000_000, UTC)


def test_deleted_entities_and_kinds_that_are_not_read_are_set_aside(read_text: Any) -> None:
    feed = message()
    feed.entity.add(id="a").vehicle.trip.trip_id = "t"
    feed.entity.add(id="b", is_deleted=True)
    feed.entity.add(id="c").shape.shape_id = "s"

    (parsed,) = read_text(feed.SerializeToString(), "a.pb")

    assert parsed.lines.to_pylist() == [1]
    assert [(each["line"], each["reason"]) for each in parsed.rejects.to_pylist()] == [
        (2, "deleted"),
        (3, "unknown_entity"),
    ]


def test_a_message_without_entities_is_an_empty_table(read_text: Any) -> None:
    (parsed,) = read_text(message().SerializeToString(), "a.pb")

    assert parsed.table.num_rows == 0


@pytest.mark.parametrize(
    "content", [b"<html>busy</html>", b'{"entity": []}', b"\x0a\xff\xff\xff", b"\x12\x00", b"a,b\n1,2\n"]
)
def test_what_is_no_message_is_unreadable(read_text: Any, content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_text(content, "a.pb", kind="gtfs-rt")


def test_trip_updates_are_a_row_each_with_what_is_said_of_their_stops(shared_data: Path, read: Any) -> None:
    (parsed,) = read(shared_data / "gtfs-rt/mmri_3b.pb")
    (stops,) = read(shared_data / "gtfs-rt/mmri_3b.pb", layer="stop_time_updates")

    assert (parsed.name, parsed.table.num_rows, parsed.rejects.num_rows) == ("", 2, 0)
    assert sum(parsed.table["stops"].to_pylist()) == stops.table.num_rows > 0
    said = [
        each for text in parsed.table["stop_time_updates"].to_pylist() for each in json.loads(text or "[]")
    ]
    assert [each["stop_sequence"] for each in said] == stops.table["stop_sequence"].to_pylist()
    assert {column.name for column in record_columns("trip_update")} <= set(parsed.table.column_names)


def test_delays_are_in_seconds_and_that_of_the_first_stop_stands_for_the_trip(read_text: Any) -> None:
    feed = message()
    update = feed.entity.add(id="e").trip_update
    update.trip.trip_id, update.timestamp = "t", 1_700_000_060
    update.stop_time_update.add(stop_sequence=1, stop_id="a").departure.delay = 90
    late = update.stop_time_update.add(stop_sequence=2, stop_id="b")
    late.arrival.time, late.arrival.delay = 1_700_000_500, -30
    late.schedule_relationship = gtfs.TripUpdate.StopTimeUpdate.SKIPPED
    content = feed.SerializeToString()

    (trips,), (stops,) = read_text(content, "a.pb"), read_text(content, "a.pb", layer="stop_time_updates")

    (trip,) = trips.table.to_pylist()
    assert (trip["delay"], trip["stops"], trip["observed_at"].timestamp()) == (90, 2, 1_700_000_060)
    assert [
        (row["stop_id"], row["arrival_delay"], row["relationship"]) for row in stops.table.to_pylist()
    ] == [
        ("a", None, None),
        ("b", -30, "SKIPPED"),
    ]
    assert stops.table["arrival_at"][1].as_py() == datetime.fromtimestamp(1_700_000_500, UTC)
    assert stops.lines.to_pylist() == [1, 1]


def alert(feed: gtfs.FeedMessage) -> Any:
    alert = feed.entity.add(id="a1").alert
    for language, words in (("", "Closed"), ("ko-KR", "운행 중단"), ("fr", "Fermé")):
        alert.header_text.translation.add(text=words, **({"language": language} if language else {}))
    alert.cause, alert.effect = gtfs.Alert.CONSTRUCTION, gtfs.Alert.NO_SERVICE
    alert.active_period.add(start=1_700_000_000, end=1_700_003_600)
    alert.active_period.add(start=1_700_086_400)
    alert.informed_entity.add(route_id="1", stop_id="001")
    alert.informed_entity.add().trip.trip_id = "t"
    return alert


def test_an_alert_is_a_row_with_its_words_in_each_language(read_text: Any) -> None:
    feed = message()
    alert(feed)

    (parsed,) = read_text(feed.SerializeToString(), "a.pb")

    (row,) = parsed.table.to_pylist()
    assert (row["header"], row["header_ko"], row["header_en"]) == ("Closed", "운행 중단", None)
    assert json.loads(row["translations"]) == {"header": {"fr": "Fermé"}}
    assert (row["cause"], row["effect"]) == ("CONSTRUCTION", "NO_SERVICE")
    assert row["active_from"] == datetime.fromtimestamp(1_700_000_000, UTC)
    assert row["active_until"] is None
    assert len(json.loads(row["periods"])) == 2
    assert json.loads(row["informed_entities"]) == [{"route_id": "1", "stop_id": "001"}, {"trip_id": "t"}]
    assert {column.name for column in record_columns("alert")} <= set(parsed.table.column_names)


def test_what_alerts_are_about_can_be_asked_for_row_by_row(read_text: Any) -> None:
    feed = message()
    alert(feed)
    feed.entity.add(id="a2").alert.effect = gtfs.Alert.DETOUR

    (parsed,) = read_text(feed.SerializeToString(), "a.pb", layer="informed_entities")

    assert [(r["alert_id"], r["part"], r["stop_id"], r["trip_id"]) for r in parsed.table.to_pylist()] == [
        ("a1", "1", "001", None),
        ("a1", "2", None, "t"),
        ("a2", "1", None, None),
    ]


def test_a_mixed_message_is_a_table_a_kind_and_a_layer_chooses_one(read_text: Any) -> None:
    feed = message()
    feed.entity.add(id="v").vehicle.trip.trip_id = "t"
    feed.entity.add(id="u").trip_update.trip.trip_id = "t"
    alert(feed)
    content = feed.SerializeToString()

    assert [(each.name, each.lines.to_pylist()) for each in read_text(content, "a.pb")] == [
        ("vehicle_positions", [1]),
        ("trip_updates", [2]),
        ("alerts", [3]),
    ]
    (one,) = read_text(content, "a.pb", layer="alerts")
    assert (one.name, one.table.num_rows) == ("", 1)
    with pytest.raises(FeedMisconfigured, match="did you mean 'alerts'"):
        read_text(content, "a.pb", layer="alert")


def test_a_layer_that_the_message_holds_none_of_is_an_empty_table(read_text: Any) -> None:
    feed = message()
    feed.entity.add(id="v").vehicle.trip.trip_id = "t"

    (parsed,) = read_text(feed.SerializeToString(), "a.pb", layer="alerts")

    assert parsed.table.num_rows == 0
    assert "header_ko" in parsed.table.column_names


def test_a_message_of_changes_alone_is_refused(read_text: Any) -> None:
    feed = message()
    feed.header.incrementality = gtfs.FeedHeader.DIFFERENTIAL

    with pytest.raises(Unreadable, match="DIFFERENTIAL"):
        read_text(feed.SerializeToString(), "a.pb")


def test_a_message_that_is_old_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.pb"
    path.write_bytes(message(timestamp=1_700_000_000).SerializeToString())

    def notes(seconds: int) -> Any:
        now = datetime.fromtimestamp(1_700_000_000 + seconds, UTC)
        (parsed,) = gtfs_rt.read(path, FormatSpec(), lambda: now)
        return parsed.repairs

    assert notes(299) == {}
    assert notes(301) == {"message_stale": 1}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_message_cut_short_is_unreadable(shared_data: Path, read_text: Any, share: float) -> None:
    content = (shared_data / "gtfs-rt/king-county-metro-1.pbf").read_bytes()

    with pytest.raises(Unreadable):
        read_text(content[: int(len(content) * share)], "a.pbf")
