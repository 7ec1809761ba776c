"""Types are found over all values, as cities write them; codes stay text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.formats import Parsed
from harvesters.normalise.cast import Reading, cast, misfits
from harvesters.normalise.given import Given
from harvesters.normalise.infer import infer

SEOUL = Reading(ZoneInfo("Asia/Seoul"))


def read(name: str, *written: str | None, typed: bool = False) -> tuple[str, list[object]]:
    table = pa.table({name: pa.array(written, pa.string())})
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
        ["5%"],
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
    values[4321] = "없음"
    assert read("수", *values)[0] == "text"


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
