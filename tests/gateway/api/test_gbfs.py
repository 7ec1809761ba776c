"""Apps for shared bicycles read our stations as GBFS 3.0, held to the standard's own schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gbfs_validator
import pyarrow as pa
import pytest
import shapely
from jsonschema import Draft7Validator, FormatChecker
from published import run

from catalogue import Publication
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.records import record_columns
from schemas.run import REJECTS

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SCHEMAS = Path(gbfs_validator.__file__).parent / "data" / "schemas"


def landed(id: str, columns: tuple[Column, ...], rows: list[dict[str, Any]]) -> Publication:
    keys = [column.name for column in columns if column.key]
    for row in rows:
        row["_id"] = "~".join(str(row[key]) for key in keys)
    table = pa.Table.from_pylist(rows, schema=arrow_schema(columns))
    dataset = Dataset(id, Text("공영자전거", "City bikes"), "가온시", "CC0-1.0", id)
    return Publication(dataset, columns, table, REJECTS.empty_table())


def station(id: str, lon: float | None) -> dict[str, Any]:
    where = None if lon is None else shapely.to_wkb(shapely.Point(lon, 35.5))
    return {"facility_id": id, "name": f"대여소 {id}", "capacity": 20, "geometry": where}


def reading(id: str, minutes: int, vehicles: int | None = 3, **more: Any) -> dict[str, Any]:
    said = {"station_id": id, "reported_at": NOW + timedelta(minutes=minutes), "vehicles_available": vehicles}
    return said | {"docks_available": 7, "renting": True} | more


@pytest.fixture
def bikes(house) -> Iterator[Any]:
    places = landed(
        "bike-stations",
        record_columns("facility"),
        [station("S1", 129.1), station("S2", 129.2), station("S3", None)],
    )
    house.publish(places, "r-places")
    readings = [reading("S1", 0), reading("S1", 5, 9, renting=False), reading("S2", 5), reading("S9", -3000)]
    told = landed("bikes", record_columns("station_reading"), readings)
    house.catalogue.append(told, run(told, "r-readings"))
    return house


def document(house, url: str) -> dict[str, Any]:
    """A file that is what the standard's schema says of its name."""
    answer = house.get(url.removeprefix("http://localhost"))
    assert answer.status_code == 200, answer.text
    edition = "v2.3" if "/2.3/" in url else "v3.0"
    schema = json.loads((SCHEMAS / edition / Path(url).name).read_text(encoding="utf-8"))
    Draft7Validator(schema, format_checker=FormatChecker()).validate(answer.json)
    data: dict[str, Any] = answer.json["data"]
    return data


def test_all_files_that_are_announced_are_what_the_standard_says(bikes):
    feeds = document(bikes, "/gbfs/bikes/gbfs.json")["feeds"]
    assert [feed["name"] for feed in feeds] == [
        "gbfs_versions", "system_information", "station_information", "station_status",
    ]  # fmt: skip
    told = {feed["name"]: document(bikes, feed["url"]) for feed in feeds}
    assert told["system_information"]["timezone"] == "Asia/Seoul"
    assert [n["text"] for n in told["system_information"]["name"]] == ["공영자전거", "City bikes"]


def test_stations_are_found_among_the_publishers_datasets(bikes):
    stations = document(bikes, "/gbfs/bikes/station_information.json")["stations"]
    assert [(s["station_id"], s["lon"], s["lat"], s["capacity"]) for s in stations] == [
        ("S1", 129.1, 35.5, 20), ("S2", 129.2, 35.5, 20),
    ]  # fmt: skip
    assert stations[0]["name"] == [{"text": "대여소 S1", "language": "ko"}]


def test_each_station_fares_as_it_said_last(bikes):
    stations = {s["station_id"]: s for s in document(bikes, "/gbfs/bikes/station_status.json")["stations"]}
    assert sorted(stations) == ["S1", "S2"]
    one = stations["S1"]
    assert (one["num_vehicles_available"], one["num_docks_available"], one["is_renting"]) == (9, 7, False)
    assert one["last_reported"] == "2026-03-01T09:05:00Z"


def test_apps_that_know_but_the_older_edition_read_it_in_their_language(bikes):
    versions = {v["version"]: v["url"] for v in document(bikes, "/gbfs/bikes/gbfs_versions.json")["versions"]}
    assert list(versions) == ["2.3", "3.0"]
    assert document(bikes, versions["3.0"])["feeds"]
    languages = document(bikes, versions["2.3"])
    assert list(languages) == ["ko", "en"]
    told = {
        language: {feed["name"]: document(bikes, feed["url"]) for feed in said["feeds"]}
        for language, said in languages.items()
    }
    names = {each: files["system_information"]["name"] for each, files in told.items()}
    assert names == {"ko": "공영자전거", "en": "City bikes"}
    assert told["en"]["gbfs_versions"]["versions"][0]["url"] == versions["2.3"]
    # A station without a name in the language of the app has the one it has.
    assert [s["name"] for s in told["en"]["station_information"]["stations"]] == ["대여소 S1", "대여소 S2"]
    one = {s["station_id"]: s for s in told["ko"]["station_status"]["stations"]}["S1"]
    assert one == {
        "station_id": "S1", "num_bikes_available": 9, "num_docks_available": 7, "is_installed": True,
        "is_renting": False, "is_returning": True, "last_reported": 1772355900,
    }  # fmt: skip


def test_an_unchanged_file_is_304_and_editions_are_not_mistaken_for_each_other(bikes):
    marks = set()
    for path in ("", "2.3/ko/", "2.3/en/"):
        answer = bikes.get(f"/gbfs/bikes/{path}station_status.json")
        marks.add(answer.headers["ETag"])
        again = {"If-None-Match": answer.headers["ETag"]}
        assert bikes.get(f"/gbfs/bikes/{path}station_status.json", headers=again).status_code == 304
    assert len(marks) == 3


def test_files_as_gbfs_has_them_are_known_by_their_own_columns(house):
    columns = (
        Column("station_id", "text", key=True), Column("last_reported", "time"),
        Column("num_bikes_available", "integer"), Column("name", "text"), Column("geometry", "geometry"),
    )  # fmt: skip
    where = shapely.to_wkb(shapely.Point(10.7, 59.9))
    row = {
        "station_id": "X",
        "last_reported": NOW,
        "num_bikes_available": 4,
        "name": "Oslo S",
        "geometry": where,
    }
    house.publish(landed("oslo", columns, [row]), "r-1")
    (info,) = document(house, "/gbfs/oslo/station_information.json")["stations"]
    (status,) = document(house, "/gbfs/oslo/station_status.json")["stations"]
    assert (info["lat"], status["num_vehicles_available"]) == (59.9, 4)


def test_what_is_no_system_of_stations_is_not_found(bikes, still):
    assert "station_id" in still.get("/gbfs/parks/gbfs.json").json["detail"]
    for path in (
        "parks/gbfs",
        "none/gbfs",
        "list-1/gbfs",
        "bikes/vehicle_status",
        "bikes/2.3/fr/station_status",
        "bikes/2.3/station_status",
        "bikes/2.3/ko/free_bike_status",
        "parks/2.3/gbfs",
    ):
        assert bikes.get(f"/gbfs/{path}.json").status_code == 404
    told = landed("lost", record_columns("station_reading"), [reading("Q1", 0)])
    bikes.publish(told, "r-lost")
    assert bikes.get("/gbfs/lost/station_information.json").status_code == 404
    assert bikes.get("/gbfs/bikes/gbfs.json?x=1").status_code == 400


def test_before_the_first_reading_all_stations_are_listed_and_none_has_a_status(bikes):
    bikes.publish(landed("other-places", record_columns("facility"), [station("X1", 129.3)]), "r-other")
    bikes.publish(landed("bike-readings", record_columns("station_reading"), []), "r-silent")
    for edition in ("", "2.3/ko/"):
        listed = document(bikes, f"/gbfs/bike-readings/{edition}station_information.json")["stations"]
        assert [each["station_id"] for each in listed] == ["S1", "S2"]
        assert document(bikes, f"/gbfs/bike-readings/{edition}station_status.json")["stations"] == []
        assert document(bikes, f"/gbfs/bike-readings/{edition}system_information.json")
    bikes.publish(landed("tram-readings", record_columns("station_reading"), []), "r-tram")
    assert document(bikes, "/gbfs/tram-readings/station_information.json")["stations"] == []
