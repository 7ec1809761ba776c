"""The common record schemas: every column says what it is, and Parquet keeps it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.arrow import ARROW_TYPES, ID, arrow_schema, columns_of
from schemas.dataset import COLUMN_TYPES, Column, Text
from schemas.records import UnknownRecord, record_columns, record_names, record_schema

EXPECTED = {
    "air_reading",
    "alert",
    "boundary",
    "energy_reading",
    "facility",
    "station_reading",
    "stop",
    "traffic_reading",
    "trip_update",
    "vehicle_position",
}


PLACELESS = {"alert", "station_reading", "trip_update"}
"""What is told of trips and stations, wherever they are."""


def test_the_records_are_those_of_their_files() -> None:
    assert set(record_names()) >= EXPECTED


@pytest.mark.parametrize("name", record_names())
def test_every_column_has_a_type_and_titles_in_korean_and_english(name: str) -> None:
    columns = record_columns(name)
    assert len({column.name for column in columns}) == len(columns)
    for column in columns:
        assert column.type in COLUMN_TYPES
        assert column.title.ko, column.name
        assert column.title.en, column.name
        assert column.name.isidentifier()


@pytest.mark.parametrize("name", record_names())
def test_every_measure_has_a_unit_and_every_code_a_meaning(name: str) -> None:
    for column in record_columns(name):
        assert (column.unit is not None) == (column.type in ("number", "integer")), column.name
        assert (column.role == "code") == bool(column.codes), column.name
        for meaning in (column.codes or {}).values():
            assert meaning.ko, column.name
            assert meaning.en, column.name


@pytest.mark.parametrize("name", record_names())
def test_every_record_is_named_and_placed_and_readings_say_when(name: str) -> None:
    columns = record_columns(name)
    assert [column.role for column in columns].count("geometry") == (name not in PLACELESS)
    assert [column.key for column in columns].count(True) == 1
    times = [column for column in columns if column.role == "time"]
    assert len(times) == (1 if name.endswith(("_reading", "_position", "_update")) else 0)
    assert all(column.required for column in columns if column.key or column.role == "time")
    assert record_schema(name).__name__ == "Record"


@pytest.mark.parametrize("name", record_names())
def test_parquet_gives_the_columns_back_as_they_were(name: str, tmp_path) -> None:
    columns = record_columns(name)
    schema = arrow_schema(columns)
    assert schema.names == [ID, *(column.name for column in columns)]
    assert [field.type for field in schema][1:] == [ARROW_TYPES[column.type] for column in columns]
    pq.write_table(schema.empty_table(), tmp_path / "empty.parquet")
    assert columns_of(pq.read_schema(tmp_path / "empty.parquet")) == columns


def test_a_foreign_column_is_left_out() -> None:
    ours = arrow_schema((Column("name", "text", Text("이름", "Name")),))
    theirs = ours.append(pa.field("bbox", pa.int64()))
    assert [column.name for column in columns_of(theirs)] == ["name"]


def test_an_unknown_record_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownRecord, match="did you mean 'facility'"):
        record_columns("facilities")
    with pytest.raises(UnknownRecord):
        record_columns("os")
