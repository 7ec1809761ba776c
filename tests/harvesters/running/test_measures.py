"""Values come out in the record's unit, columns say what they name, and what was changed is told."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from harvesters.faults import FeedMisconfigured
from harvesters.feeds import read_feed
from harvesters.formats import Parsed
from harvesters.normalise import Normalised, normalise
from harvesters.normalise.values.units import conversion, unit_in_heading, unit_named
from schemas.dataset import Column, Text
from schemas.feed import Feed, SourceSpec
from schemas.problem import BadInput
from schemas.records import record_columns, record_names

KOREA = (124.5, 33.0, 132.0, 38.95)
SEOUL = ZoneInfo("Asia/Seoul")


def made(
    source: Mapping[str, list[object]],
    *,
    units: Mapping[str, str] | None = None,
    previous: tuple[Column, ...] | None = None,
    **lines: object,
) -> Normalised:
    """What a feed with these lines makes of a source with these columns, `units` stated by the source."""
    table = pa.table(dict(source))
    feed = Feed("f", Text("표"), "부산", "KOGL-1", SourceSpec("file"), **{"units": {}, **lines})
    parsed = Parsed(table, pa.array(range(2, len(table) + 2), pa.int64()), "csv", units=units or {})
    return normalise(parsed, feed, extent=KOREA, zone=SEOUL, previous=previous)


def reading(name: str, value: str, **more: object) -> Normalised:
    """One reading of a link's speed."""
    return made(
        {"링크ID": ["1"], "측정일시": ["2026-01-03 05:00"], name: [value]}, record="traffic_reading", **more
    )


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        ("m/s", "km/h", 3.6),
        ("mph", "km/h", 1.609344),
        ("㎎/㎥", "㎍/㎥", 1000.0),
        ("MWh", "kWh", 1000.0),
        ("평", "㎡", 3.305785),
        ("천원", "원", 1000.0),
        ("km", "m", 1000.0),
        ("ppb", "ppm", 0.001),
        ("%", "ppm", 10_000.0),
        ("분", "s", 60.0),
        ("toe", "MJ", 41_868.0),
    ],
)
def test_one_of_a_unit_is_so_many_of_another(one, other, value):
    factor, zero = conversion(unit_named(one), unit_named(other))
    assert (factor, zero) == (pytest.approx(value), 0)


def test_degrees_have_another_zero():
    factor, zero = conversion(unit_named("℉"), unit_named("℃"))
    assert (212 * factor + zero, 32 * factor + zero) == (pytest.approx(100), pytest.approx(0))


def test_every_unit_of_the_records_is_known():
    for record in record_names():
        for column in record_columns(record):
            assert column.unit is None or unit_named(column.unit).code == column.unit, (record, column.name)


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("공원면적(㎡)", "m2"),
        ("속도 [km/h]", "km/h"),
        ("미세먼지(PM10)(㎍/㎥)", "ug/m3"),
        ("자료수(도서)", None),
        ("매출(천원)", "10*3.{KRW}"),
    ],
)
def test_a_heading_names_its_unit_in_brackets(heading, code):
    unit = unit_in_heading(heading)
    assert (unit.code if unit else None) == code


def test_the_unit_of_a_heading_a_units_row_or_the_feed_is_turned_into_the_records():
    for found in (
        reading("속도(m/s)", "10"),
        reading("속도", "10", units={"속도": "m/s"}),
        reading("속도", "10m/s"),
    ):
        assert found.rows["speed"].to_pylist() == [36.0]
        assert found.repairs["unit_converted"] == 1
        (example,) = (row for row in found.repaired.to_pylist() if row["rule"] == "unit_converted")
        assert (example["line"], example["column"], example["before"], example["after"]) == (
            2,
            "speed",
            "10",
            "36",
        )


def test_the_feeds_word_on_a_unit_goes_before_the_sources():
    table = pa.table({"링크ID": ["1"], "측정일시": ["2026-01-03 05:00"], "속도(km/h)": ["10"]})
    feed = Feed(
        "f",
        Text("표"),
        "부산",
        "KOGL-1",
        SourceSpec("file"),
        record="traffic_reading",
        units={"speed": "m/s"},
    )
    found = normalise(Parsed(table, pa.array([2], pa.int64()), "csv"), feed, extent=KOREA, zone=SEOUL)
    assert found.rows["speed"].to_pylist() == [36.0]


def test_a_column_as_published_keeps_its_unit():
    found = made(
        {"면적(㎡)": ["1.5"], "비율": ["5%"], "분양가격(㎡)": ["3"], "탁도": ["1"]}, units={"탁도": "NTU"}
    )
    assert [column.unit for column in found.columns] == ["m2", "%", None, "NTU"]
    assert found.rows["비율"].to_pylist() == [5]


def test_a_unit_of_something_else_is_refused_with_those_that_would_do():
    with pytest.raises(FeedMisconfigured, match=r"kg measures mass and km/h measures speed.*\[units\] speed"):
        reading("속도(kg)", "10")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('speed = "kmm/h"', "line 10: no unit 'kmm/h'; did you mean 'km/h'"),
        ('speed = "kg"', "line 10: speed is measured in km/h; kg measures mass"),
        ('sped = "m/s"', "line 10: record traffic_reading measures no 'sped'; did you mean 'speed'"),
    ],
)
def test_a_wrong_line_of_units_names_itself(tmp_path: Path, line, says):
    text = (
        'title = { ko = "속도" }\npublisher = "부산"\nlicence = "KOGL-1"\nrecord = "traffic_reading"\n'
        f'[source]\nkind = "file"\npath = "a.csv"\n\n[units]\n{line}\n'
    )
    (tmp_path / "speeds.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as bad:
        read_feed(tmp_path / "speeds.toml")
    (error,) = bad.value.errors
    assert says in f"{error.where}: {error.what}; {error.hint}".replace("speeds.toml, ", "")


def test_a_whole_number_that_is_none_in_the_records_unit_is_set_aside():
    found = made(
        {"계량기번호": ["1", "2"], "측정일시": ["2026-01-03 05:00"] * 2, "간격(분)": ["15", "1"]},
        record="energy_reading", columns={"interval": "간격(분)"},
    )  # fmt: skip
    assert found.rows["interval"].to_pylist() == [900, 60]


def test_a_column_that_comes_in_another_unit_waits_for_a_steward():
    before = (Column("속도", "number", unit="km/h"),)
    found = made({"속도": ["10.5"]}, units={"속도": "m/s"}, previous=before)
    assert found.hold is not None
    assert (found.hold.reason, "another unit" in found.hold.detail) == ("schema_changed", True)
    assert found.repairs["unit_changed"] == 1


# Meanings


@pytest.mark.parametrize(
    ("heading", "values", "semantic"),
    [
        ("법정동코드", ["2620010900", "2614010100"], "legal_dong_code"),
        ("법정동코드", ["9920010900", "2614010100"], None),
        ("행정동코드", ["26200540"], "admin_dong_code"),
        ("시군구코드", ["26200"], "district_code"),
        ("관리기관전화번호", ["051-123-4567", "02)123-4567", "1577-0083", "-"], "phone"),
        ("전화번호", ["없음", "051-123-4567"], None),
        ("사업자등록번호", ["124-81-00998", "1248100998"], "business_number"),
        ("사업자등록번호", ["124-81-00997"], None),
        ("우편번호", ["49056"], "postcode"),
        ("소재지도로명주소", ["부산광역시 남구 유엔평화로13번길 63(대연동)"], "road_address"),
        (
            "소재지지번주소",
            ["부산광역시 남구 대연동 산205-2", "부산광역시 영도구 영선동2가 25-1"],
            "lot_address",
        ),
        ("ARS번호", ["13051"], "ars_id"),
        ("link_idntfr", ["3550007900"], "link_id"),
        ("번호", ["051-123-4567"], None),
    ],
)
def test_a_column_says_what_its_values_name_where_heading_and_values_agree(heading, values, semantic):
    (column, *_) = made({heading: values}).columns
    assert column.semantic == semantic


def test_one_value_in_twenty_may_be_something_else():
    phones = [f"051-123-{number:04}" for number in range(19)]
    assert made({"전화번호": [*phones, "모름"]}).columns[0].semantic == "phone"
    assert made({"전화번호": [*phones, "모름", "모름"]}).columns[0].semantic is None


def test_real_shops_of_yeongdo_are_recognised(shared_data: Path):
    text = (shared_data / "facility" / "부산_상가업소_영도구.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.reader(text.splitlines()) if row]
    found = made({name: list(values) for name, *values in zip(*rows, strict=True)})
    meanings = {column.name: column.semantic for column in found.columns if column.semantic}
    assert meanings == {
        "시도코드": "province_code", "시군구코드": "district_code", "행정동코드": "admin_dong_code",
        "법정동코드": "legal_dong_code", "지번코드": "parcel_code", "지번주소": "lot_address",
        "도로명코드": "road_code", "건물관리번호": "building_code", "도로명주소": "road_address",
        "구우편번호": "postcode", "신우편번호": "postcode",
    }  # fmt: skip


# Repairs


def test_words_for_what_is_missing_and_other_figures_are_told():
    found = made({"증감": ["△1.2", "3", "5", "없음", "-"]})
    assert found.rows["증감"].to_pylist() == [-1.2, 3.0, 5.0, None, None]
    assert found.repairs == {"figure_plain": 1, "missing_mark": 2}
    shown = {(row["rule"], row["line"], row["before"], row["after"]) for row in found.repaired.to_pylist()}
    assert shown == {
        ("figure_plain", 2, "△1.2", "-1.2"),
        ("missing_mark", 5, "없음", None),
        ("missing_mark", 6, "-", None),
    }


def test_a_month_of_a_declared_date_is_its_first_day_and_told():
    found = made(
        {"관리번호": ["1", "2"], "시설명": ["가", "나"], "설치년월": ["1999-10", "2001년 3월"]},
        record="facility",
    )
    assert [str(day) for day in found.rows["opened_on"].to_pylist()] == ["1999-10-01", "2001-03-01"]
    assert found.repairs == {"month_first_day": 2}


def test_examples_are_bounded_and_counts_are_not():
    found = made({"수": ["-", "1", "2"] * 100})
    assert found.repairs == {"missing_mark": 100}
    assert len(found.repaired) == 20


# Contracts


def test_by_discard_value_a_row_loses_the_value_and_stays():
    source = {
        "관리번호": ["1", "2", None], "시설명": ["가", None, "다"],
        "데이터기준일자": ["2026-01-03", "언젠가", "2026-01-03"],
        "위도": ["35.1", "0", "35.1"], "경도": ["129.0", "0", "129.0"],
    }  # fmt: skip
    found = made(source, record="facility", time="surveyed_on", contract="discard_value", reject_limit=0.5)
    assert found.rows["facility_id"].to_pylist() == ["1", "2"]
    assert found.rows["geometry"].null_count == found.rows["surveyed_on"].null_count == 1
    rejects = [(row["line"], row["scope"], row["reason"]) for row in found.rejects.to_pylist()]
    assert sorted(rejects) == [
        (3, "cell", "bad_date"),
        (3, "cell", "outside_extent"),
        (4, "row", "missing_key"),
    ]
    assert len(made(source, record="facility", time="surveyed_on", reject_limit=1.0).rows) == 1


def test_by_evolve_a_changed_type_is_an_event_that_is_told():
    before = (Column("번호", "integer"), Column("이름", "text"))
    found = made({"번호": ["1.5", "2"], "새": ["x", "y"]}, previous=before, contract="evolve")
    assert found.hold is None
    assert found.repairs == {"column_added": 1, "column_gone": 1, "type_changed": 1}
    (event,) = (row for row in found.repaired.to_pylist() if row["rule"] == "type_changed")
    assert (event["column"], event["before"], event["after"]) == ("번호", "integer", "number")
