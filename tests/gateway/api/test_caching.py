"""What a client has already is not sent again, and what is sent may be packed."""

from __future__ import annotations

import gzip

import pytest
import zstandard

PARKS = "/api/v1/datasets/parks/rows"
PUBLIC = [
    PARKS,
    f"{PARKS}?format=csv",
    f"{PARKS}?format=parquet",
    "/api/v1/datasets",
    "/api/v1/datasets?q=%EA%B3%B5%EC%9B%90",
    "/api/v1/datasets/parks",
    "/api/v1/datasets/parks/schema",
    "/api/v1/datasets/parks/snapshots",
    "/api/v1/datasets/parks/runs",
    "/api/v1/datasets/parks/rejects",
    "/api/v1/datasets/autocomplete?q=%EA%B3%B5",
    "/api/v1/feeds",
    "/api/v1/openapi.json",
    "/api/v1/datasets/parks/download.parquet",
    "/api/v1/datasets/parks/download.csv",
]


@pytest.mark.parametrize("path", PUBLIC)
def test_what_a_client_has_is_answered_with_304_and_no_body(still, path):
    first = still.get(path)
    assert first.status_code == 200
    assert "public" in first.headers["Cache-Control"]
    etag = first.headers["ETag"]
    assert etag.startswith('"')
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = still.get(path, headers={"If-None-Match": known})
        if known == "*" and again.status_code == 200:
            continue
        assert (again.status_code, again.data) == (304, b""), known
        assert again.headers["ETag"] == etag
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert again.headers["RateLimit"]
    assert still.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", PUBLIC)
def test_another_version_than_that_of_if_match_is_412(still, path):
    etag = still.get(path).headers["ETag"]
    for known in (etag, f'"other", {etag}', "*"):
        assert still.get(path, headers={"If-Match": known}).status_code == 200, known
    for known in ('"other"', f"W/{etag}"):
        for more in ({}, {"If-None-Match": etag}):
            answer = still.get(path, headers={"If-Match": known, **more})
            assert (answer.status_code, answer.json["type"]) == (412, "/problems/not-that-file"), known


def test_what_is_remembered_is_not_given_to_who_asks_for_another_version(house, places):
    etag = house.get(PARKS).headers["ETag"]
    assert house.get(PARKS, headers={"If-Match": etag}).status_code == 200
    house.publish(places(3, prefix="N"), "r-new")
    assert house.get(PARKS).status_code == 200
    assert house.get(PARKS, headers={"If-Match": etag}).status_code == 412


@pytest.mark.parametrize("path", PUBLIC)
def test_head_is_get_without_the_body(still, path):
    got, head = still.get(path), still.ask(path, method="HEAD")
    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control", "Link"):
        assert head.headers.get(name) == got.headers.get(name), name


def test_head_of_what_is_wrong_is_wrong_without_a_body(still):
    head = still.ask(f"{PARKS}?limit=0", method="HEAD")
    assert (head.status_code, head.data, head.mimetype) == (400, b"", "application/problem+json")


def test_an_etag_is_of_one_question_one_format_and_one_snapshot(house, places):
    asked = [
        (PARKS, {}),
        (f"{PARKS}?limit=2", {}),
        (f"{PARKS}?format=csv", {}),
        (PARKS, {"Accept": "text/csv"}),
    ]
    tags = [house.get(path, headers=headers).headers["ETag"] for path, headers in asked]
    assert len(set(tags)) == len(tags)
    house.publish(places(3, prefix="N"), "r-new")
    assert house.get(PARKS, headers={"If-None-Match": tags[0]}).status_code == 200


def test_a_304_needs_no_row_to_be_read(house):
    tag = house.get(PARKS).headers["ETag"]
    for part in (house.folder / "parts").rglob("*.parquet"):
        part.unlink()
    for index in (house.folder / "derived").rglob("*.sqlite"):
        index.unlink()
    assert house.get(PARKS, headers={"If-None-Match": tag}).status_code == 304


def test_a_question_to_a_named_snapshot_never_changes(still):
    snapshot = still.get(PARKS).json["snapshot"]
    assert "immutable" in still.get(f"{PARKS}?snapshot={snapshot}").headers["Cache-Control"]
    assert "must-revalidate" in still.get(PARKS).headers["Cache-Control"]


@pytest.mark.parametrize(
    ("encoding", "unpack"),
    [("gzip", gzip.decompress), ("zstd", zstandard.decompress), ("GZIP;q=0.5", gzip.decompress)],
)
def test_answers_are_packed_for_those_who_ask(still, encoding, unpack):
    plain = still.get(PARKS)
    packed = still.get(PARKS, headers={"Accept-Encoding": encoding})
    assert packed.headers["Content-Encoding"] == encoding.partition(";")[0].lower()
    assert unpack(packed.data) == plain.data
    assert len(packed.data) == int(packed.headers["Content-Length"]) < len(plain.data)
    assert "Accept-Encoding" in packed.headers["Vary"]
    again = still.get(PARKS, headers={"Accept-Encoding": encoding, "If-None-Match": packed.headers["ETag"]})
    assert again.status_code == 304


def test_answers_go_as_they_are_to_those_who_do_not_ask(still):
    for header in (
        {},
        {"Accept-Encoding": "identity"},
        {"Accept-Encoding": "br"},
        {"Accept-Encoding": "gzip;q=0"},
    ):
        answer = still.get(PARKS, headers=header)
        assert "Content-Encoding" not in answer.headers
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_pages_in_parquet_are_not_packed_twice(still):
    answer = still.get(f"{PARKS}?format=parquet", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers


def test_what_is_private_is_kept_by_nobody(house, session):
    answer = house.get("/api/v1/people/me", key=session)
    assert answer.headers["Cache-Control"] == "no-store"


def test_pages_of_other_origins_may_read_everything_they_need(still):
    preflight = still.ask(PARKS, method="OPTIONS", headers={"Origin": "https://app.example"})
    assert preflight.status_code == 204
    assert {"Authorization", "X-API-Key", "Range", "If-None-Match", "Last-Event-ID", "*"} <= set(
        preflight.headers["Access-Control-Allow-Headers"].split(", ")
    )
    for path in (PARKS, f"{PARKS}?limit=0", "/api/v1/nothing"):
        answer = still.get(path, headers={"Origin": "https://app.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"Link", "RateLimit", "Retry-After", "ETag", "Content-Range", "X-Snapshot"} <= set(exposed)


def left(answer):
    return [int(part.split("r=")[1].split(";")[0]) for part in answer.headers["RateLimit"].split(",")]


def test_what_a_client_has_already_costs_it_nothing(house):
    first = house.get(PARKS)
    for path in (PARKS, "/api/v1/datasets"):
        tag = house.get(path).headers["ETag"]
        before = left(house.get(path, headers={"If-None-Match": tag}))
        for _ in range(3):
            again = house.get(path, headers={"If-None-Match": tag})
            assert again.status_code == 304
            assert left(again) == before
    assert left(house.get(PARKS))[0] < left(first)[0]


def test_a_page_is_given_again_until_a_new_snapshot_stands(house, places):
    first, again = house.get(PARKS), house.get(PARKS)
    assert (first.data, first.headers["ETag"]) == (again.data, again.headers["ETag"])
    house.publish(places(count=3), "r77")
    fresh = house.get(PARKS)
    assert fresh.json["snapshot"] != first.json["snapshot"]
    assert fresh.headers["ETag"] != first.headers["ETag"]
