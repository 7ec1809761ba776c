"""A whole snapshot as a file: all of it, a range of it, or the news that nothing changed."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
import zstandard
from werkzeug.test import Client

from gateway.app import create_app
from gateway.gate import Gate, Identify
from gateway.services import Handover

FILE = "/api/v1/datasets/parks/download"


@pytest.mark.parametrize(
    ("extension", "media_type"),
    [
        ("parquet", "application/vnd.apache.parquet"),
        ("csv", "text/csv"),
        ("geojson", "application/geo+json"),
        ("ndjson", "application/x-ndjson"),
        ("arrows", "application/vnd.apache.arrow.stream"),
        ("geojsons", "application/geo+json-seq"),
        ("fgb", "application/vnd.flatgeobuf"),
        ("gpkg", "application/geopackage+sqlite3"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("csv.gz", "application/gzip"),
        ("geojson.zst", "application/zstd"),
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


def test_another_version_than_that_of_if_match_is_412_and_sends_nothing_of_the_file(still):
    tag = still.get(f"{FILE}.csv").headers["ETag"]
    assert still.get(f"{FILE}.csv", headers={"If-Match": tag}).status_code == 200
    answer = still.get(f"{FILE}.csv", headers={"If-Match": '"another"', "Range": "bytes=5-9"})
    assert (answer.status_code, answer.json["type"]) == (412, "/problems/not-that-file")


def test_the_charset_of_a_text_is_said_once(still):
    assert still.get(f"{FILE}.csv").content_type == "text/csv; charset=utf-8"


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
        ("parks/download.csv.bz", 400, "bad-input", "did you mean 'csv.gz'"),
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


def test_a_file_tells_its_rows_its_snapshot_and_the_digest_of_its_bytes(still):
    answer = still.get(f"{FILE}.csv")
    digest = base64.b64encode(hashlib.sha256(answer.data).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert answer.headers["X-Rows"] == str(answer.data.count(b"\r\n") - 1)
    assert answer.headers["X-Snapshot"] == still.get("/api/v1/datasets/parks/rows").json["snapshot"]
    part = still.get(f"{FILE}.csv", headers={"Range": "bytes=0-9"})
    assert part.headers["Repr-Digest"] == answer.headers["Repr-Digest"]


def test_packed_files_hold_the_plain_ones(still):
    plain = still.get(f"{FILE}.csv").data
    assert gzip.decompress(still.get(f"{FILE}.csv.gz").data) == plain
    unpacked = zstandard.ZstdDecompressor().decompressobj().decompress(still.get(f"{FILE}.csv.zst").data)
    assert unpacked == plain


def test_a_client_that_has_the_file_is_told_so_before_it_is_read(still):
    tag = still.get(f"{FILE}.gpkg").headers["ETag"]
    answer = still.get(f"{FILE}.gpkg", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")


def test_a_proxy_in_front_is_told_which_file_to_send(house):
    services = replace(house.services, handover=Handover("/files", house.folder))
    app = create_app(services, session_key=b"for this test", version="1")
    identify = Identify(house.clients.find, services.plans, "anonymous")
    client = Client(Gate(app.wsgi_app, identify=identify, limiter=services.limiter, meter=house.meter))
    answer = client.get(f"{FILE}.csv")
    inside = answer.headers["X-Accel-Redirect"].removeprefix("/files/")
    assert (answer.status_code, answer.data) == (200, b"")
    assert (house.folder / inside).read_bytes().count(b"\r\n") == 26
    assert answer.headers["Content-Disposition"] == "attachment; filename=parks.csv"
    parquet = client.get(f"{FILE}.parquet").headers["X-Accel-Redirect"]
    assert pq.read_table(house.folder / parquet.removeprefix("/files/")).num_rows == 25
