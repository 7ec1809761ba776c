"""A whole snapshot as a file: all of it, a range of it, or the news that nothing changed."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest

FILE = "/api/v1/datasets/parks/download"


@pytest.mark.parametrize(
    ("extension", "media_type"),
    [
        ("parquet", "application/vnd.apache.parquet"),
        ("csv", "text/csv"),
        ("geojson", "application/geo+json"),
        ("ndjson", "application/x-ndjson"),
        ("arrows", "application/vnd.apache.arrow.stream"),
    ],
)
def test_a_snapshot_is_a_file_with_a_name_a_strong_tag_and_ranges(still, extension, media_type):
    answer = still.get(f"{FILE}.{extension}")
    assert (answer.status_code, answer.mimetype) == (200, media_type)
    assert answer.headers["Content-Disposition"] == f"attachment; filename=parks.{extension}"
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert (
        "Content-Encoding"
        not in still.get(f"{FILE}.{extension}", headers={"Accept-Encoding": "gzip"}).headers
    )


def test_the_parquet_of_a_download_holds_every_row(still):
    assert pq.read_table(io.BytesIO(still.get(f"{FILE}.parquet").data)).num_rows == 25


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, None),
        ("bytes=-100", -100, None),
        ("bytes=0-0", 0, 1),
        ("bytes=10-99999999", 10, None),
        ("bytes=-99999999", 0, None),
    ],
)
def test_a_range_is_a_part_of_the_file(still, asked, start, stop):
    whole = still.get(f"{FILE}.parquet").data
    part = still.get(f"{FILE}.parquet", headers={"Range": asked})
    wanted = whole[start:stop]
    assert (part.status_code, part.data) == (206, wanted)
    first = len(whole) + start if start < 0 else start
    assert part.headers["Content-Range"] == f"bytes {first}-{first + len(wanted) - 1}/{len(whole)}"
    assert int(part.headers["Content-Length"]) == len(wanted)


def test_ranges_one_after_the_other_make_the_file(still):
    whole, parts = still.get(f"{FILE}.csv").data, b""
    for start in range(0, len(whole), 700):
        parts += still.get(f"{FILE}.csv", headers={"Range": f"bytes={start}-{start + 699}"}).data
    assert parts == whole


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=99999999-999999999", "bytes=-0"])
def test_a_range_beyond_the_end_is_416_and_tells_the_length(still, asked):
    size = len(still.get(f"{FILE}.parquet").data)
    answer = still.get(f"{FILE}.parquet", headers={"Range": asked})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert answer.json["type"] == "/problems/no-such-range"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "lines=0-5", "bytes=5-1", "bytes=a-b", "bytes", "bytes=-"]
)
def test_ranges_that_are_several_foreign_or_none_are_answered_with_the_whole(still, asked):
    answer = still.get(f"{FILE}.parquet", headers={"Range": asked})
    assert (answer.status_code, len(answer.data)) == (200, int(answer.headers["Content-Length"]))


def test_a_range_is_given_only_of_the_file_that_the_client_began(still):
    tag = still.get(f"{FILE}.parquet").headers["ETag"]
    for condition, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200)):
        answer = still.get(f"{FILE}.parquet", headers={"Range": "bytes=0-9", "If-Range": condition})
        assert answer.status_code == status, condition


def test_an_earlier_snapshot_is_downloaded_by_its_name(house, places):
    before = house.get("/api/v1/datasets/parks/rows").json["snapshot"]
    first = house.get(f"{FILE}.csv")
    house.publish(places(2, prefix="N"), "r-new")
    assert b"N001" in house.get(f"{FILE}.csv").data
    old = house.get(f"{FILE}.csv?snapshot={before}")
    assert (old.data, old.headers["ETag"]) == (first.data, first.headers["ETag"])
    assert "immutable" in old.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "status", "kind", "said"),
    [
        ("parks/download.xml", 400, "bad-input", "known: "),
        ("parks/download.parqet", 400, "bad-input", "did you mean 'parquet'"),
        ("parks/download.csv.gz", 400, "bad-input", "did you mean 'csv'"),
        ("parks/download.csv?snapshot=never", 404, "unknown-snapshot", ""),
        ("parks/download.csv?snapsht=x", 400, "bad-input", "did you mean 'snapshot'"),
        ("parks/download.csv?limit=5", 400, "bad-input", "known: snapshot"),
        ("air/download.geojson", 400, "bad-input", "no geometry"),
        ("list-1/download.csv", 404, "no-rows", ""),
        ("nothing/download.csv", 404, "unknown-dataset", ""),
        ("parks/download", 404, "no-such-address", ""),
        ("parks/download.", 404, "no-such-address", ""),
    ],
)
def test_a_file_that_is_none_is_refused_with_what_there_is(still, path, status, kind, said):
    answer = still.get(f"/api/v1/datasets/{path}")
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{kind}")
    assert said in answer.text
