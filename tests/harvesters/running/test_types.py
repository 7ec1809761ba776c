"""Types are found over all values, as cities write them; codes stay text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.formats import Parsed
from harvesters.normalise.values.cast import Reading, cast, misfits
from harvesters.normalise.values.given import Given
from harvesters.normalise.values.infer import infer
from harvesters.normalise.values.moments import Written

SEOUL = Reading(ZoneInfo("Asia/Seoul"))


def read(name: str, *written: object, typed: bool = False) -> tuple[str, list[object]]:
    table = pa.table({name: pa.array(written, None if any(written) else pa.string())})
    column = Given(Parsed(table, pa.array(range(len(written)), pa.int64()), "csv"), name)
    kind, reading = infer(column, name, SEOUL, typed)
    return kind, column.read(column.of(table), kind, reading).to_pylist()


@pytest.mark.parametrize(
    ("name", "written", "kind", "values"),
    [
        ("수", ["1", "-2", "3"], "integer", [1, -2, 3]),
        ("수", ["1,234", "12"], "integer", [1234, 12]),
        ("수", ["1,234.5", ".5", "3"], "number", [1234.5, 0.5, 3.0]),
        ("수", ["1.5E-5", "2"], "number", [1.5e-5, 2.0]),
        ("수", [" 7 ", "-", "N/A", ""], "integer", [7, None, None, None]),
        ("열림", ["true", "FALSE"], "boolean", [True, False]),
        ("날", ["2018-01-03", "2018-12-31"], "date", [date(2018, 1, 3), date(2018, 12, 31)]),
        ("날", ["2018.1.3", "2018. 01. 03."], "date", [date(2018, 1, 3)] * 2),
        ("날", ["2018년 1월 3일", "2018/1/3"], "date", [date(2018, 1, 3)] * 2),
        ("기준일자", ["20180103", "20161231"], "date", [date(2018, 1, 3), date(2016, 12, 31)]),
        ("수집일시", ["201801030500"], "time", [datetime(2018, 1, 2, 20, tzinfo=UTC)]),
        ("t", ["2018-01-03 05:00"], "time", [datetime(2018, 1, 2, 20, tzinfo=UTC)]),
        ("t", ["2002.1.1 1:00"], "time", [datetime(2001, 12, 31, 16, tzinfo=UTC)]),
        ("t", ["2018-01-03T05:00:00.25+01:00"], "time", [datetime(2018, 1, 3, 4, 0, 0, 250000, UTC)]),
        ("t", ["2018-01-03 오후 5:00:00"], "time", [datetime(2018, 1, 3, 8, tzinfo=UTC)]),
        ("t", ["2018-01-03 오전 10시 30분"], "time", [datetime(2018, 1, 3, 1, 30, tzinfo=UTC)]),
        ("t", ["2018-01-03 10:30 PM"], "time", [datetime(2018, 1, 3, 13, 30, tzinfo=UTC)]),
        ("t", ["2018-01-01 01시", "2018-01-01 24시"], "time",
         [datetime(2017, 12, 31, 16, tzinfo=UTC), datetime(2018, 1, 1, 15, tzinfo=UTC)]),
        ("수집일시", ["20180103T050000Z"], "time", [datetime(2018, 1, 3, 5, tzinfo=UTC)]),
        ("날", ["2026년 1월 3일(토)", "2026. 1. 4."], "date", [date(2026, 1, 3), date(2026, 1, 4)]),
        ("날", ["26년 1월 3일", "'98.12.31"], "date", [date(2026, 1, 3), date(1998, 12, 31)]),
        ("날", ["26.1.3", "26.1.15", "98.12.31"], "date",
         [date(2026, 1, 3), date(2026, 1, 15), date(1998, 12, 31)]),
        ("날", ["69.1.31", "26.12.01"], "date", [date(1969, 1, 31), date(2026, 12, 1)]),
        ("last_reported", ["1546300800", "1546300860"], "time",
         [datetime(2019, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, 0, 1, tzinfo=UTC)]),
        ("timestamp", ["1546300800123"], "time", [datetime(2019, 1, 1, 0, 0, 0, 123000, UTC)]),
        ("수", ["１２３", "4"], "integer", [123, 4]),
        ("증감", ["△1.2", "(3.4)", "5"], "number", [-1.2, -3.4, 5.0]),
        ("수", ["1,234", "없음", "*", "7", "0"], "integer", [1234, None, None, 7, 0]),
        ("면적", ["12.5㎡", "1,000 ㎡"], "number", [12.5, 1000.0]),
        ("비율", ["5%", "-", "7 %"], "integer", [5, None, 7]),
    ],
)  # fmt: skip
def test_a_column_has_the_narrowest_type_that_holds_all_its_values(name, written, kind, values):
    assert read(name, *written) == (kind, values)


@pytest.mark.parametrize(
    "written",
    [
        ["007", "12"],
        ["051-123-4567"],
        ["9223372036854775808", "1"],
        ["9007199254740993", "1"],
        ["12E4", "5"],
        ["0x1F"],
        ["2005.01", "2005.10"],
        ["Y", "N"],
        ["2018-02-30"],
        ["1.2.3"],
        ["5%", "6"],
        ["3동", "4동"],
        ["(1)", "가"],
        ["26.1.15", "26.1.16"],
        ["inf", "1"],
        ["-", "-"],
        ["1", "없음"],
    ],
)
def test_what_a_number_or_date_would_spoil_stays_text(written):
    assert read("값", *written) == ("text", written)


def test_digits_are_a_date_only_where_the_name_says_so():
    assert read("관리번호", "20180103")[0] == "integer"
    assert read("일련번호", "20180103")[0] == "integer"
    assert read("지정일", "20180103")[0] == "date"
    assert read("지정일", "20180103", "20180230")[0] == "integer"


def test_the_last_value_of_a_long_column_counts():
    values = [str(number) for number in range(5000)]
    assert read("수", *values)[0] == "integer"
    values[4321] = "없는 번호"
    assert read("수", *values)[0] == "text"


def test_whole_numbers_are_moments_only_where_the_name_says_so():
    assert read("수량", "1546300800")[0] == "integer"
    assert read("timestamp", "12")[0] == "integer"
    assert read("timestamp", None, None)[0] == "text"


def test_words_for_what_is_missing_make_no_column_of_numbers():
    assert read("수", "1", "없음")[0] == "text"
    assert read("수", "없음", "없음")[0] == "text"


def test_a_declared_date_may_be_a_month_a_serial_or_seconds():
    asked = replace(SEOUL, written=Written(asked=True))
    column = pa.chunked_array([["26년 1월", "2026-03", "202604", "43103", "2018-13"]])
    assert cast(column, "date", asked).to_pylist() == [
        date(2026, 1, 1), date(2026, 3, 1), date(2026, 4, 1), date(2018, 1, 3), None,
    ]  # fmt: skip
    moments = pa.chunked_array([["43103.5", "1546300800", "26.1"]])
    assert cast(moments, "time", asked).to_pylist() == [
        datetime(2018, 1, 3, 3, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC), None,
    ]  # fmt: skip


def test_whole_numbers_of_a_typed_source_are_days_or_moments_and_not_microseconds():
    assert cast(pa.chunked_array([[20180103]]), "date", SEOUL).to_pylist() == [date(2018, 1, 3)]
    assert read("last_updated", 1546300800, None) == ("time", [datetime(2019, 1, 1, tzinfo=UTC), None])


def test_an_hour_24_is_the_midnight_that_follows():
    assert read("t", "2018-01-03 24:00", "2018-01-03 01:00")[1][0] == datetime(2018, 1, 3, 15, tzinfo=UTC)


def test_a_text_of_a_typed_source_is_read_for_times_only():
    assert read("adm_cd", "2611051", typed=True) == ("text", ["2611051"])
    assert read("base", "2018-01-03", typed=True)[0] == "date"


def test_hangul_in_pieces_is_composed():
    assert read("이름", "\u1107\u116e\u1109\u1161\u11ab")[1] == ["부산"]


@given(
    st.lists(
        st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False), min_size=1
    )
)
def test_a_number_that_is_written_is_the_number_that_is_read(numbers):
    written = pa.chunked_array([pa.array([repr(number) for number in numbers])])
    found = cast(written, "number", SEOUL)
    assert not misfits(written, found).any()
    assert found.to_pylist() == [float(number) for number in numbers]


@given(st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), min_size=1))
def test_a_local_time_is_the_instant_that_the_zone_says(moments):
    written = pa.chunked_array([pa.array([moment.isoformat(sep=" ") for moment in moments])])
    found = cast(written, "time", SEOUL).to_pylist()
    assert found == [moment.replace(tzinfo=SEOUL.zone).astimezone(UTC) for moment in moments]
