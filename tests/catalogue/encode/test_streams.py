"""Streams are written a column at a time: the bytes are those of rows written one by one."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
import shapely

from catalogue import encode
from catalogue.encode import streams, texts
from catalogue.encode.pieces import Coded, together
from catalogue.rows import Rows
from schemas.conditions import Filter, Not
from schemas.dataset import Column
from schemas.query import RowQuery

COLUMNS = (
    Column("도로", "text"),
    Column("level", "text"),
    Column("n", "integer"),
    Column("speed", "number"),
    Column("exact", "number"),
    Column("open", "boolean"),
    Column("day", "date"),
    Column("at", "time"),
    Column("sent", "time"),
    Column("geometry", "geometry", role="geometry"),
)
START = datetime(1969, 12, 31, 23, 59, 50, tzinfo=UTC)
SPEEDS = (0.0, -0.0, 5.5, 1e16, 1e-7, 123456789.125)
WORDS = ("원활", '"서행", \\', "\t\x01", "", "=1+1")
ROWS = 3_000


def rows(*, gaps: bool) -> list[tuple[Any, ...]]:
    """Rows of which some values come again and again and others never, every seventh missing on demand."""
    found = []
    for i in range(ROWS):
        values: list[Any] = [
            f'길 {i} "{i % 3}"' if i % 5 else f"길 {i}",
            WORDS[i % len(WORDS)],
            (-1) ** i * i**5,
            SPEEDS[i % len(SPEEDS)],
            i / 7,
            i % 2 == 0,
            date(1999, 12, 31) + timedelta(days=i % 40),
            START + timedelta(minutes=5 * i),
            START + timedelta(microseconds=(i % 2) * 333_333 * i),
            shapely.to_wkb(shapely.Point(129 + i / 128, 35.5)),
        ]
        missing = {j for j in range(len(values)) if gaps and (i + j) % 7 == 0}
        found.append((str(i), *(None if j in missing else value for j, value in enumerate(values))))
    return found


@pytest.fixture(params=[False, True], ids=["full", "gaps"])
def answers(request: Any, land: Any, tmp_path: Path) -> Any:
    """All rows as a page, and as answers from the parts and from a filter that leaves all."""
    storage, snapshot = land(tmp_path, COLUMNS, rows(gaps=request.param), parts=2)
    found = Rows(storage, tmp_path / "index")
    everything = (RowQuery(), RowQuery(filters=(Not(Filter("_id", "eq", "nobody")),)))
    flows = [encode.answer_of(snapshot, found.flow(snapshot, query), storage) for query in everything]
    yield found.read(snapshot, RowQuery(limit=10_000)), flows
    found.close()


@pytest.mark.parametrize("format", ["ndjson", "geojson", "geojson-seq"])
def test_a_stream_has_the_bytes_of_a_page_of_the_same_rows(answers: Any, format: str) -> None:
    page, flows = answers
    wanted = encode.page(page, format)[0]
    for flow in flows:
        assert b"".join(encode.stream(flow, format)) == wanted


@pytest.mark.parametrize("cells", ["safe", "raw"])
def test_csv_of_a_stream_has_the_cells_of_a_page_and_the_numbers_of_json(answers: Any, cells: Any) -> None:
    page, flows = answers
    look = encode.Look(cells=cells)
    wanted = cells_of(encode.page(page, "csv", look=look)[0])
    for cell in wanted[1:]:
        for i in (4, 5):
            cell[i] = orjson.dumps(float(cell[i])).decode() if cell[i] else ""
    for flow in flows:
        assert cells_of(b"".join(encode.stream(flow, "csv", look))) == wanted


def cells_of(told: bytes) -> list[list[str]]:
    """Without the places, of which 129 and 129.0 are one."""
    return [line[:-1] for line in csv.reader(io.StringIO(told.decode(), newline=""))]


def test_a_slice_of_a_batch_is_written_as_itself() -> None:
    columns = (Column("road", "text"), Column("n", "integer"), Column("speed", "number"))
    names = ["_id", *(column.name for column in columns)]
    values = [
        [str(i) for i in range(90)],
        ['길 "1"', "길", None] * 30,
        list(range(90)),
        [0.5, None, 1.0] * 30,
    ]
    whole = pa.record_batch(values, names=names)
    pieces = (b"".join(streams.ndjson(columns, [whole.slice(start, 30)])) for start in (0, 30, 60))
    assert b"".join(pieces) == b"".join(streams.ndjson(columns, [whole]))


def test_nothing_but_nulls_is_written_too() -> None:
    columns = (Column("speed", "number"), Column("at", "time"), Column("day", "date"), Column("n", "integer"))
    types = (pa.float64(), pa.timestamp("us", "UTC"), pa.date32(), pa.int64())
    batch = pa.record_batch(
        [pa.array(["0", "1"]), *(pa.nulls(2, each) for each in types)], ["_id", "speed", "at", "day", "n"]
    )
    line = b'{"_id":"%d","speed":null,"at":null,"day":null,"n":null}\n'
    assert b"".join(streams.ndjson(columns, [batch])) == line % 0 + line % 1
    assert b"".join(streams.csv(columns, [batch])) == b"_id,speed,at,day,n\r\n0,,,,\r\n1,,,,\r\n"


def test_an_instant_that_rfc_3339_cannot_write_is_refused() -> None:
    beyond = pa.array([253_402_300_800_000_000], pa.timestamp("us", "UTC"))  # 10000-01-01
    with pytest.raises(ValueError, match="0000 to 9999"):
        texts.moments(beyond)


def test_more_rows_than_a_code_counts_are_put_together() -> None:
    truths = Coded(pa.array(["false", "true"], pa.large_string()), pa.array([0, 1] * 400, pa.int8()))
    numbers = pa.array([str(i) for i in range(800)], pa.large_string())
    wanted = "".join(f"{i}:{'true' if i % 2 else 'false'};" for i in range(800))
    assert together([numbers, b":", truths, b";"], b"").decode() == wanted


def readers() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("reading")]


def batches(count: int) -> Iterator[pa.RecordBatch]:
    for i in range(count):
        yield pa.record_batch([[str(i)], [i]], names=["_id", "n"])


@pytest.mark.parametrize("format", ["csv", "ndjson", "geojson-seq"])
def test_a_stream_that_is_left_lets_go_of_its_rows(format: str) -> None:
    rows = batches(100)
    if format == "geojson-seq":
        rows = (batch.append_column("geometry", pa.array([None], pa.binary())) for batch in rows)
        columns = (Column("n", "integer"), Column("geometry", "geometry"))
    else:
        columns = (Column("n", "integer"),)
    stream = streams.TEXTS[format](columns, rows)
    assert b"0" in next(stream)
    assert readers()
    stream.close()
    assert not readers()
    assert 90 < len(list(rows)) < 100


def test_what_goes_wrong_while_rows_are_read_ends_the_stream() -> None:
    def breaking() -> Iterator[pa.RecordBatch]:
        yield from batches(2)
        raise FileNotFoundError("a part is gone")

    stream = streams.ndjson((Column("n", "integer"),), breaking())
    assert [next(stream), next(stream)] == [b'{"_id":"0","n":0}\n', b'{"_id":"1","n":1}\n']
    with pytest.raises(FileNotFoundError, match="a part is gone"):
        next(stream)
    assert not readers()


def test_the_first_piece_of_csv_has_rows_so_that_a_fault_shows_before_it() -> None:
    columns = (Column("n", "integer"),)
    assert next(streams.csv(columns, batches(2))) == b"_id,n\r\n0,0\r\n"
    assert list(streams.csv(columns, batches(0))) == [b"_id,n\r\n"]
