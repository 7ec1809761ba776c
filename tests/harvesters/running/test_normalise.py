"""What is published of a table, and what is set aside with its reason."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
import shapely
from pyproj import Transformer

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import Parsed
from harvesters.normalise import Normalised, normalise
from harvesters.normalise.contract import Hold
from schemas.dataset import Column, Text
from schemas.feed import Feed, FormatSpec, SourceSpec

KOREA = (124.5, 33.0, 132.0, 38.95)
SEOUL = ZoneInfo("Asia/Seoul")


def table(columns: dict[str, list[object]], crs: str | None = None) -> Parsed:
    rows = len(next(iter(columns.values())))
    lines = pa.array(range(2, rows + 2), pa.int64())
    return Parsed(pa.table(columns), lines, "csv", crs=crs)


def made(
    source: dict[str, list[object]],
    *,
    crs: str | None = None,
    previous: tuple[Column, ...] | None = None,
    **lines: object,
) -> Normalised:
    """What a feed with these lines makes of a source with these columns."""
    feed = Feed("parks", Text("공원"), "부산", "KOGL-1", SourceSpec("file"), **lines)
    return normalise(table(source, crs), feed, extent=KOREA, zone=SEOUL, previous=previous)


def held(source: dict[str, list[object]], **more: object) -> Hold:
    hold = made(source, **more).hold
    assert hold is not None
    return hold


def points(found: Normalised) -> list[tuple[float, float] | None]:
    shapes = shapely.from_wkb(found.rows["geometry"].to_numpy())
    return [None if shape is None else (round(shape.x, 5), round(shape.y, 5)) for shape in shapes]


def why(found: Normalised) -> list[tuple[int, str, str | None, str | None, str]]:
    return [(r["line"], r["scope"], r["column"], r["value"], r["reason"]) for r in found.rejects.to_pylist()]


# Names


def test_a_feed_renames_and_the_rest_keep_their_names():
    found = made({" 공원명": ["가"], "면적": ["1"]}, columns={"name": "공원명"})
    assert [column.name for column in found.columns] == ["name", "면적"]
    assert str(found.columns[0].title) == "공원명"


def test_a_column_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(FeedMisconfigured, match=r"'공원멍'.*did you mean '공원명'"):
        made({"공원명": ["가"]}, columns={"name": "공원멍"})


def test_names_that_the_house_needs_are_made_unique_in_sight():
    found = made({"_id": ["7"], "bbox": ["a"], "Name": ["b"], "name": ["c"]})
    assert found.rows.column_names == ["_id", "_id_2", "bbox_2", "Name", "name_2"]
    assert found.rows.to_pylist()[0]["_id"] == "2"


# Places


def test_longitude_and_latitude_are_found_by_their_names():
    found = made({"위도": ["35.1", None], "경도": ["129.0", ""]})
    assert points(found) == [(129.0, 35.1), None]
    assert (found.source_crs, found.read) == ("OGC:CRS84", 2)


def test_a_place_outside_the_extent_is_left_out_with_its_coordinates():
    found = made(
        {"위도": ["35.1", "25.115601"], "경도": ["129", "129.122735"], "이름": ["가", "나"]}, reject_limit=1.0
    )
    assert why(found) == [(3, "row", "geometry", "129.122735, 25.115601", "outside_extent")]
    assert found.rows["이름"].to_pylist() == ["가"]


def test_a_coordinate_that_is_no_number_leaves_its_row_out():
    found = made({"lat": ["35.1", "모름"], "lon": ["129", "129"]}, format=FormatSpec(x="lon", y="lat"))
    assert why(found) == [(3, "row", "lat", "모름", "bad_geometry")]


def test_projected_coordinates_fall_where_pyproj_says():
    x, y = Transformer.from_crs("OGC:CRS84", "EPSG:5187", always_xy=True).transform([129.05], [35.15])
    columns = {"X": [str(x[0])], "Y": [str(y[0])]}
    found = made(columns, format=FormatSpec(x="X", y="Y", crs="EPSG:5187"))
    assert points(found) == [(129.05, 35.15)]
    assert found.source_crs == "EPSG:5187"
    named = made({"좌표X(EPSG5187)": columns["X"], "좌표Y(EPSG5187)": columns["Y"]})
    assert points(named) == [(129.05, 35.15)]


def test_a_wrong_crs_is_told_with_those_that_would_do():
    columns = {"X": ["1143412", "1143500"], "Y": ["1688325", "1688400"]}
    hold = held(columns, format=FormatSpec(x="X", y="Y", crs="EPSG:5186"))
    assert hold.reason == "too_many_rejects"
    assert "2 times the place lies outside" in hold.detail
    assert "inside in EPSG:5179" in hold.detail


def test_axes_that_the_feed_itself_swapped_are_refused():
    with pytest.raises(Unreadable, match="wrong way round"):
        made({"la": ["129.0", "129.1"], "lo": ["35.1", "35.2"]}, format=FormatSpec(x="lo", y="la"))


def test_columns_that_are_only_called_x_and_y_are_no_places():
    found = made({"x": ["1", "2"], "y": ["3", "4"]})
    assert [column.type for column in found.columns] == ["integer", "integer"]


def test_a_shape_is_moved_and_an_unreadable_one_is_left_out():
    area = shapely.box(200000, 500000, 201000, 501000)
    found = made({"geometry": [shapely.to_wkb(area), b"\x01\x02", None]}, crs="EPSG:5181", reject_limit=1.0)
    (shape, nothing) = shapely.from_wkb(found.rows["geometry"].to_numpy())
    assert shape.centroid.distance(shapely.Point(127.0056, 38.0045)) < 1e-3
    assert nothing is None
    assert why(found) == [(3, "row", "geometry", None, "bad_geometry")]


# Keys


def test_a_row_is_named_by_its_key_and_a_second_one_of_that_key_is_left_out():
    columns = {"구": ["남구", "남구", None, "남구"], "번호": ["01", "02", "03", "01"]}
    found = made(columns, key=("구", "번호"), reject_limit=1.0)
    assert found.rows["_id"].to_pylist() == ["남구~01", "남구~02"]
    assert why(found) == [
        (4, "row", "구", None, "missing_key"),
        (5, "row", "구~번호", "남구~01", "duplicate_key"),
    ]


def test_a_row_that_was_left_out_does_not_shadow_a_later_one_of_its_key():
    columns = {"번호": ["1", "1"], "위도": ["0", "35"], "경도": ["0", "129"]}
    assert made(columns, key=("번호",), reject_limit=1.0).rows["_id"].to_pylist() == ["1"]


def test_a_reading_is_named_by_its_station_and_time():
    found = made(
        {"측정소": ["중구", "중구"], "일시": ["20180101", "20180102"], "pm10": ["34", "점검중"]},
        record="air_reading",
        columns={"station": "측정소", "measured_at": "일시"},
    )
    assert found.rows["_id"].to_pylist() == ["중구~2017-12-31T15:00:00Z", "중구~2018-01-01T15:00:00Z"]
    assert found.rows["pm10"].to_pylist() == [34.0, None]
    assert why(found) == [(3, "cell", "pm10", "점검중", "bad_number")]


def test_a_place_with_a_survey_date_is_still_named_by_its_id():
    columns = {
        "facility_id": ["1", "2", "3"],
        "name": ["가"] * 3,
        "surveyed_on": ["2020-01-02", "", "언젠가"],
    }
    found = made(columns, record="facility", time="surveyed_on", reject_limit=1.0)
    assert found.rows["_id"].to_pylist() == ["1", "2"]
    assert why(found) == [(4, "row", "surveyed_on", "언젠가", "bad_date")]
    assert [column.name for column in found.columns if column.role == "time"] == ["surveyed_on"]


def test_a_table_whose_coordinates_are_all_missing_still_has_places():
    found = made({"위도": ["", ""], "경도": [None, None]})
    assert points(found) == [None, None]


def test_a_record_has_all_its_columns_and_leaves_the_rest_out():
    found = made(
        {"번호": ["1"], "공원명": ["가"], "비고": ["x"]},
        record="facility",
        columns={"facility_id": "번호", "name": "공원명"},
    )
    names = [column.name for column in found.columns]
    assert "비고" not in names
    assert {"facility_id", "name", "area", "opened_on"} <= set(names)
    assert found.rows["area"].null_count == 1


def test_a_record_without_its_key_says_which_line_to_write():
    with pytest.raises(FeedMisconfigured, match=r"needs facility_id.*\[columns\] facility_id"):
        made({"공원명": ["가"]}, record="facility", columns={"name": "공원명"})


def test_a_code_that_is_not_on_the_list_is_set_aside():
    columns = {"code": ["1", "2"], "name": ["가", "나"], "level": ["sigungu", "구"]}
    found = made(columns, record="boundary")
    assert found.rows["level"].to_pylist() == ["sigungu", None]
    assert why(found) == [(3, "cell", "level", "구", "unknown_code")]


# Contracts

BEFORE = (Column("번호", "integer"), Column("이름", "text"))


def test_a_value_that_no_longer_fits_is_set_aside_and_its_row_published():
    numbers = [str(n) for n in range(99)] + ["모름"]
    found = made({"번호": numbers, "이름": ["가"] * 100}, previous=BEFORE)
    assert found.hold is None
    assert (len(found.rows), found.rows["번호"].null_count) == (100, 1)
    assert why(found) == [(101, "cell", "번호", "모름", "bad_integer")]


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"번호": ["1"]}, "column '이름' is gone"),
        ({"번호": ["1.5", "2"], "이름": ["가", "나"]}, "'번호' no longer fit"),
        ({"번호": ["007"], "이름": ["가"]}, "'번호' no longer fit"),
    ],
)
def test_a_changed_source_waits_for_a_steward(columns, named):
    hold = held(columns, previous=BEFORE)
    assert hold.reason == "schema_changed"
    assert named in hold.detail


def test_a_new_column_is_let_in_but_not_into_a_frozen_feed():
    columns = {"번호": ["1"], "이름": ["가"], "새": ["x"]}
    assert made(columns, previous=BEFORE).hold is None
    hold = held(columns, previous=BEFORE, contract="freeze")
    assert hold.reason == "frozen"
    assert "'새'" in hold.detail


def test_a_frozen_feed_takes_no_rejects():
    assert (
        held({"위도": ["35", "0"], "경도": ["129", "0"]}, contract="freeze", reject_limit=1.0).reason
        == "frozen"
    )


def test_an_evolving_feed_widens_its_types_and_lets_columns_go():
    found = made({"번호": ["1.5", "2"]}, previous=BEFORE, contract="evolve")
    assert found.hold is None
    assert [(column.name, column.type) for column in found.columns] == [("번호", "number")]
    again = made({"번호": ["1", "2"]}, previous=found.columns, contract="evolve")
    assert again.columns[0].type == "number"


def test_too_many_rejects_hold_everything_back():
    columns = {"위도": ["35"] * 9 + ["0"], "경도": ["129"] * 9 + ["0"]}
    hold = held(columns)
    assert hold.reason == "too_many_rejects"
    assert "1 of 10" in hold.detail
    assert made(columns, reject_limit=0.1).hold is None


def test_an_empty_source_does_not_empty_a_dataset():
    assert (
        held({"번호": pa.array([], pa.string()), "이름": pa.array([], pa.string())}, previous=BEFORE).reason
        == "empty"
    )


def test_two_keys_that_would_be_written_alike_do_not_share_an_id():
    found = made(
        {"구": ["가~나", "가", "다"], "동": ["다", "나~다", "라"]}, key=("구", "동"), reject_limit=1.0
    )
    assert found.rows["_id"].to_pylist() == ["가~나~다", "다~라"]
    assert found.rejects["reason"].to_pylist() == ["duplicate_key"]


def test_a_key_of_many_columns_with_many_values_is_counted_exactly():
    rows = 5_000
    wide = {f"c{n}": [f"v{row * (n + 3) % rows}" for row in range(rows)] for n in range(6)}
    repeated = {name: [*values, values[7], None] for name, values in wide.items()}
    found = made(repeated, key=tuple(repeated), reject_limit=1.0)
    assert len(found.rows) == rows
    assert sorted(found.rejects["reason"].to_pylist()) == ["duplicate_key", "missing_key"]


def test_a_source_without_rows_or_columns_is_held_as_empty():
    feed = Feed("stops", Text("정류소"), "부산", "KOGL-1", SourceSpec("file"), record="stop")
    nothing = Parsed(pa.table({}), pa.array([], pa.int64()), "json")
    found = normalise(nothing, feed, extent=KOREA, zone=SEOUL)
    assert (found.read, len(found.rows)) == (0, 0)
    assert found.hold is not None
    assert found.hold.reason == "empty"


def test_a_value_that_lost_letters_is_not_published_and_the_rest_is():
    found = made({"번호": ["1", "2"], "이름": ["강\ufffd구", "송파구"]}, key=("번호",))
    assert found.rows["이름"].to_pylist() == [None, "송파구"]
    assert why(found) == [(2, "cell", "이름", "강\ufffd구", "mojibake")]


def test_a_key_that_lost_letters_costs_its_row():
    found = made({"이름": ["강\ufffd구", "송파구"], "값": ["1", "2"]}, key=("이름",), reject_limit=0.5)
    assert found.rows["이름"].to_pylist() == ["송파구"]
    assert why(found) == [(2, "row", "이름", "강\ufffd구", "mojibake")]


def test_a_column_name_that_lost_letters_is_refused():
    with pytest.raises(Unreadable, match="lost letters"):
        made({"강\ufffd구": ["1"]})
