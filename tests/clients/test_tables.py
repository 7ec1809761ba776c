"""Programs for tables read the downloads as they come, and only what they need of them."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import duckdb
import duckdb_extension_httpfs
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

MANY, LINKS, STEPS = 100_000, 700, 288
HTTPFS = next(Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))


@pytest.fixture
def duck():
    with duckdb.connect() as connection:
        connection.load_extension(str(HTTPFS))
        yield connection


def size(url: str) -> int:
    with urlopen(Request(url, method="HEAD")) as answer:
        return int(answer.headers["Content-Length"])


def test_duckdb_reads_the_two_columns_that_it_is_asked_for(duck, line):
    url = line.rows("facilities") + "/download.parquet"
    query = 'SELECT "종류", sum("수용인원") FROM read_parquet(?) GROUP BY 1 ORDER BY 1'
    found = dict(duck.execute(query, [url]).fetchall())
    assert sum(found.values()) == sum(n % 500 for n in range(MANY))
    assert {each.status for each in line.asked if each.method == "GET"} == {206}
    assert line.bytes < size(url) / 100


def test_duckdb_reads_the_rows_of_a_link_from_the_parts_that_hold_it(duck, line):
    url = line.rows("traffic") + "/download.parquet"
    query = 'SELECT count(*), max(speed) FROM read_parquet(?) WHERE "링크" = ?'
    assert duck.execute(query, [url, "L007"]).fetchone()[0] == STEPS
    assert {each.status for each in line.asked if each.method == "GET"} == {206}
    assert line.bytes < size(url) / 5


def test_duckdb_finds_a_box_by_the_covering_of_the_geometry(duck, line):
    url = line.rows("facilities") + "/download.parquet"
    query = (
        "SELECT count(*) FROM read_parquet(?) WHERE bbox.xmin BETWEEN ? AND ? AND bbox.ymin BETWEEN ? AND ?"
    )
    found = duck.execute(query, [url, 129.05, 129.06, 35.15, 35.16]).fetchone()[0]
    with urlopen(
        line.city.rows("facilities") + "/rows?bbox=129.05,35.15,129.06,35.16&limit=10000&format=csv"
    ) as csv:
        assert found == len(pd.read_csv(csv)) > 100
    assert line.bytes < size(url) / 3


def test_duckdb_sends_a_key_in_a_secret(duck, line):
    duck.execute(
        f"CREATE SECRET (TYPE http, EXTRA_HTTP_HEADERS MAP {{'Authorization': 'Bearer {line.city.key}'}})"
    )
    url = line.rows("traffic") + "/download.parquet"
    assert duck.execute("SELECT count(*) FROM read_parquet(?)", [url]).fetchone() == (LINKS * STEPS,)
    assert {each.headers["Authorization"] for each in line.asked} == {f"Bearer {line.city.key}"}


def test_polars_scans_what_a_filter_and_two_columns_need(line):
    url = line.rows("facilities") + "/download.parquet"
    lazy = pl.scan_parquet(url).filter(pl.col("종류") == "병원").select("관리번호", "종류")
    found = lazy.collect()
    assert (len(found), set(found["종류"])) == (MANY // 5, {"병원"})
    assert 206 in {each.status for each in line.asked}
    assert line.bytes < size(url) / 10


def test_polars_sends_a_key_in_the_address(line):
    url = line.rows("traffic") + f"/download.parquet?apikey={line.city.key}"
    found = pl.scan_parquet(url).select(pl.len()).collect().item()
    assert found == LINKS * STEPS
    assert all(f"apikey={line.city.key}" in each.path and each.status < 300 for each in line.asked)


def test_the_end_of_a_file_comes_by_a_suffix(line):
    """The last eight bytes tell how long the footer is; the footer tells the rest."""
    url = line.rows("facilities") + "/download.parquet"
    with urlopen(Request(url, headers={"Range": "bytes=-8"})) as answer:
        tail = answer.read()
        assert (answer.status, answer.headers["Content-Range"]) == (
            206,
            f"bytes {size(url) - 8}-{size(url) - 1}/{size(url)}",
        )
    length = int.from_bytes(tail[:4], "little")
    assert tail[4:] == b"PAR1"
    with urlopen(Request(url, headers={"Range": f"bytes=-{length + 8}"})) as answer:
        footer = answer.read()
    assert pq.read_metadata(io.BytesIO(footer)).num_rows == MANY
    assert line.bytes < size(url) / 100


def test_pandas_reads_parquet_csv_and_json_lines_from_an_address(city):
    whole = pd.read_parquet(city.rows("traffic") + "/download.parquet")
    assert (len(whole), str(whole["measured_at"].dtype)) == (LINKS * STEPS, "datetime64[us, UTC]")
    page = pd.read_csv(city.rows("traffic") + "/rows?format=csv&limit=500&order=-speed")
    assert page["speed"].is_monotonic_decreasing
    lines = pd.read_json(city.rows("traffic") + "/rows?format=ndjson&limit=500&order=-speed", lines=True)
    assert lines["speed"].tolist() == page["speed"].tolist()


def test_pandas_sends_a_key_in_a_header(line):
    headers = {"X-API-Key": line.city.key}
    page = pd.read_csv(line.rows("facilities") + "/rows?format=csv&limit=3", storage_options=headers)
    assert page["관리번호"].is_unique
    assert {name.lower(): value for name, value in line.asked[0].headers.items()}[
        "x-api-key"
    ] == line.city.key


def test_arrow_reads_a_page_as_a_stream_of_batches(city):
    with urlopen(city.rows("facilities") + "/rows?format=arrow&limit=10000") as answer:
        page = pa.ipc.open_stream(answer).read_all()
    assert (page.num_rows, page.schema.field("수용인원").type) == (10_000, pa.int64())
    with urlopen(city.rows("facilities") + "/download.arrow") as answer:
        assert pa.ipc.open_stream(answer).read_all().num_rows == MANY


def test_a_wrong_key_opens_nothing_for_any_client(duck, line):
    """DuckDB tells of no status where a HEAD is refused; the others do."""
    url = line.rows("traffic") + "/download.parquet?apikey=ek_live_wrong"
    with pytest.raises(duckdb.HTTPException, match="HTTP GET error"):
        duck.execute("SELECT count(*) FROM read_parquet(?)", [url])
    with pytest.raises(OSError, match="401"):
        pl.scan_parquet(url).collect()
    with pytest.raises(HTTPError, match="401"):
        pd.read_parquet(url)
    assert {each.status for each in line.asked} == {401}
