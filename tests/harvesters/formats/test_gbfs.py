"""GBFS, the feeds of shared bicycles and scooters, in versions 1 to 3."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import shapely

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.normalise import normalise
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec

MOMENT = 1_700_000_000


def gbfs(data: Any, version: str | None = "2.3", updated: Any = MOMENT) -> str:
    document = {"last_updated": updated, "ttl": 60, "data": data}
    return json.dumps(document | ({"version": version} if version else {}), ensure_ascii=False)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("helsinki/gbfs.json", 3),
        ("helsinki/station_information.json", 10),
        ("helsinki/station_status.json", 10),
        ("helsinki/system_information.json", 1),
        ("tieroslo/gbfs.json", 2),
        ("tieroslo/geofencing_zones.json", 2),
        ("tieroslo/system_information.json", 1),
    ],
)
def test_real_files_give_their_items(shared_data: Path, read: Any, name: str, rows: int) -> None:
    (parsed,) = read(shared_data / "gbfs" / name)

    assert (parsed.kind, parsed.name, parsed.table.num_rows, parsed.rejects.num_rows) == ("gbfs", "", rows, 0)
    assert parsed.table["last_updated"].null_count == 0


def test_zones_have_their_geometry(shared_data: Path, read: Any) -> None:
    (parsed,) = read(shared_data / "gbfs/tieroslo/geofencing_zones.json")

    shapes = shapely.from_wkb(parsed.table["geometry"].to_pylist())
    assert {each.geom_type for each in shapes} == {"MultiPolygon"}
    west, south, east, north = shapely.total_bounds(shapes)
    assert 10 < west < east < 11.5
    assert 59 < south < north < 61
    assert json.loads(parsed.table["rules"][0].as_py())
    assert parsed.crs == "OGC:CRS84"


@pytest.mark.parametrize(
    "moment", [MOMENT, "2023-11-14T22:13:20Z", "2023-11-15T07:13:20+09:00", float(MOMENT), str(MOMENT)]
)
def test_times_are_instants_however_the_version_writes_them(moment: Any, read_text: Any) -> None:
    stations = [{"station_id": "1", "last_reported": moment, "is_renting": 1}]

    (parsed,) = read_text(gbfs({"stations": stations}, updated=moment), "station_status.json")

    expected = datetime.fromtimestamp(MOMENT, UTC)
    (row,) = parsed.table.to_pylist()
    assert (row["last_updated"], row["last_reported"], row["is_renting"]) == (expected, expected, True)


def test_a_station_lands_with_its_id_as_text_and_its_place(read_text: Any) -> None:
    stations = [{"station_id": "0101", "name": "서면역", "lat": 35.1577, "lon": 129.0592, "capacity": 12}]
    (parsed,) = read_text(gbfs({"stations": stations}, version=None), "station_information.json")
    feed = Feed("bikes", Text(en="Bikes"), "p", "l", SourceSpec("file"))

    found = normalise(parsed, feed, extent=(124, 33, 132, 39), zone=ZoneInfo("Asia/Seoul"))

    (row,) = found.rows.to_pylist()
    assert (row["station_id"], row["capacity"]) == ("0101", 12)
    assert shapely.from_wkb(row["geometry"]) == shapely.Point(129.0592, 35.1577)


def test_texts_in_several_languages_stand_under_each(read_text: Any) -> None:
    name = [{"text": "Seomyeon", "language": "en"}, {"text": "서면", "language": "ko-KR"}]
    data = {"stations": [{"station_id": "1", "name": name, "vehicle_types_available": [{"count": 1}]}]}

    (parsed,) = read_text(gbfs(data, "3.0", "2023-11-14T22:13:20Z"), "station_information.json")

    (row,) = parsed.table.to_pylist()
    assert (row["name"], row["name_en"], row["name_ko"]) == ("Seomyeon", "Seomyeon", "서면")
    assert json.loads(row["vehicle_types_available"]) == [{"count": 1}]


@pytest.mark.parametrize("listed", ["bikes", "vehicles"])
def test_vehicles_are_read_under_either_name(listed: str, read_text: Any) -> None:
    data = {listed: [{"bike_id": "a", "lat": 35.1, "lon": 129.0, "is_reserved": False}]}

    (parsed,) = read_text(gbfs(data), "free_bike_status.json")

    assert parsed.table.num_rows == 1


def test_languages_of_a_discovery_file_are_a_column(read_text: Any) -> None:
    feeds = [{"name": "station_status", "url": "https://a.example/s"}]

    (old,) = read_text(gbfs({"en": {"feeds": feeds}, "ko": {"feeds": feeds}}), "gbfs.json")
    (new,) = read_text(gbfs({"feeds": feeds}, "3.0"), "gbfs.json")

    assert old.table["language"].to_pylist() == ["en", "ko"]
    assert new.table["url"].to_pylist() == ["https://a.example/s"]


def test_rules_for_everywhere_are_a_table_of_their_own(read_text: Any) -> None:
    zone = {"type": "Feature", "properties": {"start": MOMENT}, "geometry": None}
    data = {
        "geofencing_zones": {"type": "FeatureCollection", "features": [zone]},
        "global_rules": [{"ride_start_allowed": True}],
    }

    found = read_text(gbfs(data, "3.0"), "geofencing_zones.json")
    (rules,) = read_text(gbfs(data, "3.0"), "geofencing_zones.json", layer="global_rules")

    assert [(each.name, each.table.num_rows) for each in found] == [
        ("geofencing_zones", 1),
        ("global_rules", 1),
    ]
    assert rules.name == ""
    with pytest.raises(FeedMisconfigured, match="did you mean 'global_rules'"):
        read_text(gbfs(data, "3.0"), "geofencing_zones.json", layer="global_rule")


def test_items_that_are_none_are_set_aside_and_empty_lists_are_empty_tables(read_text: Any) -> None:
    (parsed,) = read_text(gbfs({"stations": [{"station_id": "1"}, None]}), "station_status.json")
    (empty,) = read_text(gbfs({"bikes": []}), "free_bike_status.json")

    assert (parsed.table.num_rows, parsed.rejects.num_rows) == (1, 1)
    assert empty.table.num_rows == 0


@pytest.mark.parametrize(
    "content",
    [
        gbfs({"stations": []})[:-5],
        '{"last_updated": 1, "ttl": 2, "data": null}',
        '{"last_updated": 1, "ttl": 2, "data": [1]}',
        gbfs({"zones": {"features": [{"type": "Feature", "geometry": {"type": "Polygon"}}]}}),
    ],
)
def test_what_is_broken_is_unreadable(content: str, read_text: Any) -> None:
    with pytest.raises(Unreadable):
        read_text(content, "a.json", kind="gbfs")


def test_a_file_that_does_not_say_when_it_is_from_is_told(read_text: Any) -> None:
    (parsed,) = read_text(gbfs({"stations": [{"station_id": "1"}]}, updated="soon"), "a.json")

    assert parsed.repairs == {"file_without_time": 1}
