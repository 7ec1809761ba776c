"""What transport formats give lands in the records that are made for it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from google.transit import gtfs_realtime_pb2 as gtfs

from harvesters.lease import harvest_now
from harvesters.run import Harvester
from schemas.dataset import Text
from schemas.feed import Feed, FormatSpec, SourceSpec


def feed(folder: Path, name: str, content: bytes, **lines: Any) -> Feed:
    (folder / name).write_bytes(content)
    source = SourceSpec("file", {"path": name})
    return Feed("transit", Text(en="Transit"), "p", "KOGL-1", source, folder=folder, **lines)


def message() -> gtfs.FeedMessage:
    made = gtfs.FeedMessage()
    made.header.gtfs_realtime_version, made.header.timestamp = "2.0", 1_700_000_000
    return made


def test_stops_of_a_timetable_are_stops(tmp_path: Path, harvester: Harvester, desk: Any) -> None:
    files = {
        "agency": "agency_name\na\n",
        "stops": "stop_id,stop_name,stop_code,stop_lat,stop_lon\n007,서면,13-001,35.1577,129.0592\n",
        "routes": "route_id,route_type\n1,1\n",
        "trips": "route_id,service_id,trip_id\n1,W,T\n",
        "stop_times": "trip_id,stop_id,stop_sequence\nT,007,1\n",
        "calendar": "service_id,start_date,end_date\nW,20260101,20991231\n",
    }
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.txt", text)
    stops = feed(
        tmp_path,
        "gtfs.zip",
        (tmp_path / "made.zip").read_bytes(),
        record="stop",
        format=FormatSpec(layer="stops"),
        columns={"name": "stop_name", "code": "stop_code"},
    )

    (run,) = harvest_now(stops, harvester)

    assert (run.status, run.error) == ("published", None)
    (row,) = desk.rows("transit")
    assert (row["_id"], row["name"], row["code"]) == ("007", "서면", "13-001")
    assert row["geometry"]


def test_trip_updates_are_said_at_their_time(tmp_path: Path, harvester: Harvester, desk: Any) -> None:
    made = message()
    update = made.entity.add(id="u").trip_update
    update.trip.trip_id, update.trip.start_date, update.delay = "T", "20231114", -60
    update.trip.schedule_relationship = gtfs.TripDescriptor.CANCELED
    late = feed(tmp_path, "updates.pb", made.SerializeToString(), record="trip_update")

    (run,) = harvest_now(late, harvester)

    assert (run.status, run.error) == ("published", None)
    (row,) = desk.rows("transit")
    assert (row["trip_id"], row["start_date"].isoformat(), row["delay"]) == ("T", "2023-11-14", -60)
    assert (row["relationship"], row["observed_at"].timestamp()) == ("CANCELED", 1_700_000_000)


def test_alerts_keep_their_words_and_periods(tmp_path: Path, harvester: Harvester, desk: Any) -> None:
    made = message()
    alert = made.entity.add(id="a").alert
    alert.header_text.translation.add(text="운행 중단", language="ko")
    alert.active_period.add(start=1_700_000_000)
    told = feed(tmp_path, "alerts.pb", made.SerializeToString(), record="alert")

    (run,) = harvest_now(told, harvester)

    assert (run.status, run.error) == ("published", None)
    (row,) = desk.rows("transit")
    assert (row["_id"], row["header_ko"], row["active_until"]) == ("a", "운행 중단", None)
    assert row["active_from"].timestamp() == 1_700_000_000


def test_a_station_tells_how_it_fares(tmp_path: Path, harvester: Harvester, desk: Any) -> None:
    station = {
        "station_id": "01",
        "last_reported": 1_700_000_000,
        "num_bikes_available": 3,
        "num_docks_available": 9,
        "is_renting": 1,
    }
    document = {"last_updated": 1_700_000_060, "ttl": 60, "data": {"stations": [station]}}
    theirs = {
        "reported_at": "last_reported",
        "vehicles_available": "num_bikes_available",
        "docks_available": "num_docks_available",
        "renting": "is_renting",
    }
    status = feed(
        tmp_path,
        "station_status.json",
        json.dumps(document).encode(),
        record="station_reading",
        columns=theirs,
    )

    (run,) = harvest_now(status, harvester)

    assert (run.status, run.error) == ("published", None)
    (row,) = desk.rows("transit")
    assert (row["station_id"], row["vehicles_available"], row["docks_available"]) == ("01", 3, 9)
    assert row["renting"] is True
    assert row["reported_at"].timestamp() == 1_700_000_000
