"""GTFS Realtime: where vehicles are, one row each."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from google.transit import gtfs_realtime_pb2 as gtfs

from harvesters.faults import Unreadable
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


def test_deleted_entities_and_other_kinds_are_set_aside(read_text: Any) -> None:
    feed = message()
    feed.entity.add(id="a").vehicle.trip.trip_id = "t"
    feed.entity.add(id="b", is_deleted=True)
    feed.entity.add(id="c").alert.header_text.translation.add(text="x")

    (parsed,) = read_text(feed.SerializeToString(), "a.pb")

    assert parsed.lines.to_pylist() == [1]
    assert [(each["line"], each["reason"]) for each in parsed.rejects.to_pylist()] == [
        (2, "deleted"),
        (3, "no_vehicle"),
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


def test_trip_updates_say_that_they_are_not_vehicles(shared_data: Path, read: Any) -> None:
    with pytest.raises(Unreadable, match="no vehicle positions"):
        read(shared_data / "gtfs-rt/mmri_3b.pb")
