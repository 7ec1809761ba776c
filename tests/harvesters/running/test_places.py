"""Where rows are is found by where they would lie, told when it was found, and never guessed."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
import shapely
from pyproj import Transformer

from harvesters.faults import Unplaced, Unreadable
from harvesters.formats import Parsed
from harvesters.normalise import Normalised, normalise
from schemas.dataset import Text
from schemas.feed import Feed, FormatSpec, SourceSpec

KOREA = (124.5, 33.0, 132.0, 38.95)
BUSAN = (128.7, 34.8, 129.4, 35.5)
CITIES = {"부산광역시": BUSAN, "서울특별시": (126.7, 37.4, 127.2, 37.7)}
SEOUL = ZoneInfo("Asia/Seoul")
Floats = np.ndarray


def made(
    source: dict[str, object], *, crs: str | None = None, anywhere: bool = False, **lines: object
) -> Normalised:
    """What a feed with these lines makes of a source with these columns."""
    table = pa.table(source)
    feed = Feed("parks", Text("공원"), "부산", "KOGL-1", SourceSpec("file"), **lines)
    parsed = Parsed(table, pa.array(range(2, len(table) + 2), pa.int64()), "csv", crs=crs)
    return normalise(parsed, feed, extent=KOREA, zone=SEOUL, anywhere=anywhere)


def texts(values: Floats) -> list[str]:
    return [f"{value:.3f}" for value in values]


def farthest(found: Normalised, lon: Floats, lat: Floats) -> float:
    """Metres, about, between where a row is published and where it is; inf for one without a place."""
    shapes = shapely.from_wkb(found.rows["geometry"].to_numpy())
    if shapely.is_missing(shapes).any():
        return np.inf
    east, north = shapely.get_x(shapes) - lon, shapely.get_y(shapes) - lat
    return float(np.hypot(east * 89_000, north * 111_000).max())


@pytest.fixture(scope="module")
def parks(shared_data: Path) -> Callable[[str], tuple[list[str], Floats, Floats]]:
    """Lot addresses, longitudes and latitudes of the parks whose address begins so."""
    path = shared_data / "facility" / "전국도시공원표준데이터.csv"
    with path.open(encoding="cp949", newline="") as lines:
        rows = list(csv.DictReader(lines))

    def beginning(words: str) -> tuple[list[str], Floats, Floats]:
        some = [
            row
            for row in rows
            if row["소재지지번주소"].startswith(words) and row["위도"] and _near(row, CITIES[words])
        ][:500]
        lon, lat = (np.array([float(row[name]) for row in some]) for name in ("경도", "위도"))
        return [row["소재지지번주소"] for row in some], lon, lat

    return beginning


def _near(row: dict[str, str], box: tuple[float, float, float, float]) -> bool:
    west, south, east, north = box
    return west < float(row["경도"]) < east and south < float(row["위도"]) < north


def projected(code: int, lon: Floats, lat: Floats) -> tuple[list[str], list[str]]:
    x, y = Transformer.from_crs("OGC:CRS84", f"EPSG:{code}", always_xy=True).transform(lon, lat)
    return texts(x), texts(y)


@pytest.mark.parametrize("code", [5187, 5179, 3857, 32652])
def test_a_system_that_alone_puts_the_parks_of_busan_in_busan_is_found_and_told(parks, code):
    address, lon, lat = parks("부산광역시")
    x, y = projected(code, lon, lat)
    found = made({"소재지": address, "X": x, "Y": y}, extent=BUSAN)
    assert (found.source_crs, found.hold) == (f"EPSG:{code}", None)
    assert farthest(found, lon, lat) < 1
    assert found.repairs == {"crs_found": len(address)}
    (first, *_) = found.repaired.to_pylist()
    assert first["before"].startswith(x[0][:6])
    assert first["after"] == f"{lon[0]:.6f}, {lat[0]:.6f}"
    assert f"read as EPSG:{code}, the only Korean system" in first["detail"]


@pytest.mark.parametrize("code", [5186, 5179])
def test_an_address_tells_where_the_extent_of_the_whole_country_does_not(parks, code):
    address, lon, lat = parks("서울특별시")
    x, y = projected(code, lon, lat)
    found = made({"주소": address, "X좌표": x, "Y좌표": y})
    assert (found.source_crs, found.hold) == (f"EPSG:{code}", None)
    assert farthest(found, lon, lat) < 1


@pytest.mark.parametrize(
    ("code", "twins"), [(5181, ("EPSG:5181", "EPSG:5174", "EPSG:2097")), (5183, ("EPSG:5183", "EPSG:5176"))]
)
def test_systems_that_differ_by_their_datum_only_wait_for_a_steward(parks, code, twins):
    address, lon, lat = parks("서울특별시" if code == 5181 else "부산광역시")
    x, y = projected(code, lon, lat)
    found = made({"주소": address, "X좌표": x, "Y좌표": y})
    assert found.hold is not None
    assert found.hold.reason == "ambiguous_crs"
    assert all(twin in found.hold.detail for twin in twins)
    assert (
        "EPSG:5186" not in found.hold.detail
    )  # A hundred kilometres off: no address of the city lies there.
    assert f'[format] crs = "EPSG:{code}"' in found.hold.detail
    assert found.rows["geometry"].null_count == found.read == len(address)


def test_the_old_belt_is_ten_seconds_from_the_new_one(parks):
    """EPSG:5174 is EPSG:2097 moved by 10.405 seconds of longitude."""
    _, lon, lat = parks("서울특별시")
    x, y = projected(5174, lon, lat)
    columns = {"X좌표": x, "Y좌표": y}
    right = made(columns, format=FormatSpec(crs="EPSG:5174"))
    wrong = made(columns, format=FormatSpec(crs="EPSG:2097"))
    assert farthest(right, lon, lat) < 1
    assert 250 < farthest(wrong, lon, lat) < 260


def test_longitude_and_latitude_beside_them_tell_what_eastings_and_northings_are_in(parks):
    _, lon, lat = parks("서울특별시")
    x, y = projected(2097, lon, lat)
    columns = {"경도": list(map(str, lon)), "위도": list(map(str, lat)), "X": x, "Y": y}
    found = made(columns, format=FormatSpec(x="X", y="Y"))
    assert found.source_crs == "EPSG:2097"
    assert "longitudes and latitudes they come with" in found.repaired["detail"][0].as_py()


def test_a_name_of_the_columns_leaves_some_systems_out(parks):
    address, lon, lat = parks("서울특별시")
    x, y = projected(5181, lon, lat)
    found = made({"주소": address, "X좌표(GRS80)": x, "Y좌표(GRS80)": y})
    assert (found.source_crs, found.hold) == ("EPSG:5181", None)


def test_surveyors_who_write_x_for_the_north_are_understood_and_told(parks):
    address, lon, lat = parks("부산광역시")
    x, y = projected(5187, lon, lat)
    found = made({"소재지": address, "X": y, "Y": x}, extent=BUSAN)
    assert found.source_crs == "EPSG:5187"
    assert farthest(found, lon, lat) < 1
    assert found.repairs == {"axes_turned": len(address)}


def test_longitudes_in_the_column_of_latitudes_are_turned_and_told():
    found = made({"la": ["129.0", "129.1", None], "lo": ["35.1", "35.2", None]})
    assert shapely.from_wkb(found.rows["geometry"][0].as_py()).coords[:] == [(129.0, 35.1)]
    assert found.repairs == {"axes_turned": 2}
    (first, second) = found.repaired.to_pylist()
    assert (first["line"], first["before"], first["after"]) == (2, "129, 35.1", "35.1, 129") or first[
        "line"
    ] == 2
    assert "the other way round" in second["detail"]


def test_shapes_with_their_axes_turned_are_turned():
    shapes = [shapely.to_wkb(shapely.box(35.0, 129.0, 35.1, 129.1))]
    found = made({"geometry": shapes}, crs="EPSG:4326")
    assert shapely.from_wkb(found.rows["geometry"][0].as_py()).bounds == (129.0, 35.0, 129.1, 35.1)
    assert found.repairs["axes_turned"] == 1


def test_one_row_with_its_axes_turned_among_others_is_left_out():
    found = made({"lat": ["35.1", "129.1"], "lon": ["129.0", "35.2"]}, reject_limit=1.0)
    assert found.rejects["reason"].to_pylist() == ["outside_extent"]
    assert "the wrong way round" in found.rejects["detail"][0].as_py()


def test_a_geojson_in_metres_is_not_believed_to_be_in_degrees():
    shapes = [shapely.to_wkb(shapely.Point(1143412 + n, 1688325 + n)) for n in range(9)]
    found = made({"geometry": shapes}, crs="EPSG:4326")
    assert found.source_crs == "EPSG:5179"
    assert "says EPSG:4326 and its coordinates are no degrees" in found.repaired["detail"][0].as_py()


def test_coordinates_that_fit_nothing_are_refused():
    with pytest.raises(Unreadable, match=r"no degrees.*\[format\] crs"):
        made({"x": ["5000000"], "y": ["90000000"]}, format=FormatSpec(x="x", y="y"))


def test_a_table_from_elsewhere_is_taken_where_anything_on_earth_is():
    columns = {"lat": ["60.17", "60.16"], "lon": ["24.94", "24.93"]}
    assert len(made(columns, anywhere=True).rows) == 2
    assert len(made(columns, reject_limit=1.0).rows) == 0
    stray = {"lat": ["35.1", "35.2", "60.16"], "lon": ["129.0", "129.0", "24.93"]}
    assert made(stray, anywhere=True).rejects["reason"].to_pylist() == ["outside_extent"]


@pytest.mark.parametrize(
    ("file", "rows", "crs"),
    [
        ("boundary/InnerCentroid_ver20180301.tsv", 1229, "EPSG:5179"),
        ("boundary/행정경계중심점_coordinate_UTMK.tsv", 5139, "EPSG:5179"),
    ],
)
def test_real_centres_of_districts_lie_in_the_districts_they_name(shared_data, file, rows, crs):
    with (shared_data / file).open(encoding="utf-8", newline="") as lines:
        table = list(csv.DictReader(lines, delimiter="\t"))
    columns = {name: [row[name] for row in table] for name in table[0]}
    found = made(columns)
    assert (len(found.rows), found.source_crs, found.hold) == (rows, crs, None)


def test_real_bus_stops_of_gumi_are_in_gumi_though_la_and_lo_are_turned(shared_data):
    with (shared_data / "traffic" / "구미버스_정류장.csv").open(encoding="utf-8-sig", newline="") as lines:
        table = list(csv.DictReader(lines))
    found = made({name: [row[name] for row in table] for name in table[0]})
    assert len(found.rows) == 2116
    west, south, east, north = shapely.total_bounds(shapely.from_wkb(found.rows["geometry"].to_numpy()))
    assert 127.9 < west < east < 128.8
    assert 35.8 < south < north < 36.5


SEOUL_IN_KATEC = {
    "상호": ["역삼", "시청", "여의도"],
    "GIS_X_COOR": ["314871.8", "309802.0", "302800.0"],
    "GIS_Y_COOR": ["544012.0", "552093.9", "547500.0"],
}


def test_the_system_of_petrol_stations_is_known_by_the_names_of_its_columns():
    found = made(SEOUL_IN_KATEC)
    assert (found.source_crs, found.hold) == ("KATEC", None)
    lon, lat = np.array([127.0351]), np.array([37.4943])
    assert abs(shapely.from_wkb(found.rows["geometry"][0].as_py()).x - lon[0]) < 0.001
    assert abs(shapely.from_wkb(found.rows["geometry"][0].as_py()).y - lat[0]) < 0.001


def test_an_address_tells_the_system_of_petrol_stations_from_the_others():
    found = made(
        {
            "주소": ["서울특별시 강남구"] * 3,
            "X": SEOUL_IN_KATEC["GIS_X_COOR"],
            "Y": SEOUL_IN_KATEC["GIS_Y_COOR"],
        }
    )
    assert (found.source_crs, found.hold) == ("KATEC", None)


def test_without_a_word_of_it_no_table_is_in_the_system_of_petrol_stations(parks):
    _, lon, lat = parks("부산광역시")
    x, y = projected(5187, lon, lat)
    found = made({"X": x, "Y": y}, extent=BUSAN)
    assert found.source_crs == "EPSG:5187"


def test_a_table_of_no_known_system_is_tried_without_its_places():
    points = [shapely.to_wkb(shapely.Point(x, y)) for x, y in ((907.5, 534.2), (922.1, 574.4))]
    columns = {"이름": ["가", "나"], "geometry": pa.array(points, pa.binary())}
    with pytest.raises(Unplaced, match="no degrees"):
        made(columns)
    found = made(columns, anywhere=True)
    assert found.hold is not None
    assert (found.hold.reason, found.read, found.accepted) == ("unknown_crs", 2, 2)
    assert "geometry" not in found.rows.column_names
