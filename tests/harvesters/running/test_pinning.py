"""Live messages of public transport, held against the timetable in force."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.transit import gtfs_realtime_pb2 as gtfs

from harvesters.feeds.rules import feed_faults
from harvesters.lease import harvest_now
from harvesters.run import Harvester
from schemas.dataset import Text
from schemas.feed import Feed, FormatSpec, SourceSpec

FILES = {
    "agency": "agency_name\n부산교통공사\n",
    "stops": "stop_id,stop_name,stop_lat,stop_lon\n001,서면,35.1577,129.0592\n",
    "routes": "route_id,route_type\n1,1\n",
    "trips": "route_id,service_id,trip_id\n1,W,T1\n",
    "stop_times": "trip_id,arrival_time,stop_id,stop_sequence\nT1,23:50:00,001,1\n",
    "calendar": "service_id,start_date,end_date\nW,20260101,20991231\n",
}


def timetable(folder: Path, **others: str) -> Feed:
    with zipfile.ZipFile(folder / "gtfs.zip", "w") as archive:
        for name, text in (FILES | others).items():
            archive.writestr(f"{name}.txt", text)
    source = SourceSpec("file", {"path": "gtfs.zip"})
    return Feed("metro", Text(en="Metro"), "p", "KOGL-1", source, folder=folder)


def updates(folder: Path, **trips: str) -> Feed:
    """A message of a trip update each, by its id and how it stands to the timetable."""
    message = gtfs.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.timestamp = 1_700_000_000
    for id, relationship in trips.items():
        update = message.entity.add(id=id).trip_update
        update.trip.trip_id, update.trip.route_id = id, "1"
        update.trip.schedule_relationship = gtfs.TripDescriptor.ScheduleRelationship.Value(relationship)
    (folder / "updates.pb").write_bytes(message.SerializeToString())
    source, format = (
        SourceSpec("file", {"path": "updates.pb"}),
        FormatSpec(static="metro", layer="trip_updates"),
    )
    return Feed("late", Text(en="Late"), "p", "KOGL-1", source, format=format, folder=folder)


def test_a_timetable_is_published_table_by_table(tmp_path: Path, harvester: Harvester) -> None:
    runs = harvest_now(timetable(tmp_path), harvester)

    assert {run.dataset: (run.status, run.published) for run in runs} == {
        f"metro-{name}": ("published", 1)
        for name in ("agency", "stops", "routes", "trips", "stop_times", "calendar")
    }
    assert [column.type for column in harvester.catalogue.columns("metro-stop_times")][:3] == [
        "text",
        "text",
        "integer",
    ]


def test_rows_name_the_timetable_in_force_and_unknown_trips_are_counted(
    tmp_path: Path, harvester: Harvester, desk: Any
) -> None:
    harvest_now(timetable(tmp_path), harvester)
    in_force = harvester.catalogue.snapshot("metro-trips").id

    (run,) = harvest_now(updates(tmp_path, T1="SCHEDULED", T9="SCHEDULED", X="ADDED"), harvester)

    assert (run.status, run.published) == ("published", 3)
    assert run.repairs["unknown_trip_id"] == 1
    assert "unknown_route_id" not in run.repairs
    assert {row["static_snapshot"] for row in desk.rows("late")} == {in_force}


def test_a_new_timetable_is_in_force_for_the_next_message(
    tmp_path: Path, harvester: Harvester, desk: Any
) -> None:
    harvest_now(timetable(tmp_path), harvester)
    harvest_now(updates(tmp_path, T1="SCHEDULED"), harvester)
    harvest_now(timetable(tmp_path, trips=FILES["trips"] + "1,W,T2\n"), harvester)

    (run,) = harvest_now(updates(tmp_path, T2="SCHEDULED"), harvester)

    assert "unknown_trip_id" not in run.repairs
    assert {row["static_snapshot"] for row in desk.rows("late")} == {
        harvester.catalogue.snapshot("metro-trips").id
    }


def test_a_timetable_that_is_not_published_fails_the_run_with_its_name(
    tmp_path: Path, harvester: Harvester
) -> None:
    (run,) = harvest_now(updates(tmp_path, T1="SCHEDULED"), harvester)

    assert run.status == "failed"
    assert "metro-trips is not published" in (run.error or "")


def test_a_feed_that_names_no_timetable_has_rows_as_they_came(
    tmp_path: Path, harvester: Harvester, desk: Any
) -> None:
    feed = updates(tmp_path, T1="SCHEDULED")

    (run,) = harvest_now(replace(feed, format=replace(feed.format, static=None)), harvester)

    assert run.status == "published"
    assert "static_snapshot" not in desk.rows("late")[0]


@pytest.mark.parametrize("kind", ["csv", "gtfs"])
def test_only_live_messages_take_a_timetable(kind: str, tmp_path: Path) -> None:
    feed = replace(timetable(tmp_path), format=FormatSpec(kind=kind, static="metro"))

    assert [fault.path for fault in feed_faults(feed)] == [("format", "static")]
