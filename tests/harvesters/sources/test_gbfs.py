"""The feeds that a gbfs.json announces are tables, in all versions, and read no sooner than they are new."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harvesters.faults import FeedMisconfigured, HarvestFault, SourceUnavailable
from harvesters.run import parse
from harvesters.secrets import Secret
from harvesters.sources import Raw, Unmodified, Visit, gbfs
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec

Read = Callable[..., Any]
STATIONS = {"stations": [{"station_id": "001", "name": "시청", "lat": 35.1, "lon": 129.0}]}
STATUS = {"stations": [{"station_id": "001", "num_bikes_available": 3, "last_reported": 1709251200}]}


def file(data: Any, ttl: int = 60, updated: Any = None) -> dict[str, Any]:
    now = int(datetime.now(UTC).timestamp())
    return {"last_updated": now if updated is None else updated, "ttl": ttl, "version": "2.3", "data": data}


@pytest.fixture
def publish(site) -> Callable[..., None]:
    """Put a system on the site; `form` says how its gbfs.json lists the feeds."""

    def put(form: str = "2", ttl: int = 60, updated: Any = None) -> None:
        held = {"station_information": STATIONS, "station_status": STATUS, "gbfs_versions": {"versions": []}}
        feeds = [{"name": name, "url": site.url(f"/{name}.json")} for name in held]
        data = {"feeds": feeds} if form == "3" else {"fr": {"feeds": []}, "ko": {"feeds": feeds}}
        site.body("/gbfs.json", json.dumps(file(data)).encode())
        for name, each in held.items():
            site.body(f"/{name}.json", json.dumps(file(each, ttl, updated)).encode())

    return put


@pytest.fixture
def read(site, tmp_path: Path) -> Read:
    def reader(known: dict[str, Any] | None = None, **options: Any) -> Any:
        feed = feed_of({"url": site.url("/gbfs.json"), **options})
        return gbfs.read(Visit(feed, site.fetch(), tmp_path, known or {}))

    return reader


def feed_of(options: dict[str, Any]) -> Feed:
    return Feed("bikes", Text("자전거"), "부산", "KOGL-1", SourceSpec("gbfs", options))


def names(raw: Raw) -> list[str]:
    with zipfile.ZipFile(raw.path) as archive:
        return archive.namelist()


@pytest.mark.parametrize("form", ["2", "3"])
def test_every_feed_of_data_is_a_table(publish, read: Read, tmp_path: Path, form: str) -> None:
    publish(form)
    raw = read()
    assert names(raw) == ["station_information.json", "station_status.json"]
    tables = parse(feed_of({}), raw, tmp_path)
    assert [(each.name, each.kind, len(each.table)) for each in tables] == [
        ("station_information", "gbfs", 1),
        ("station_status", "gbfs", 1),
    ]
    assert tables[0].table.column("station_id").to_pylist() == ["001"]


def test_chosen_feeds_alone_are_fetched(publish, read: Read, site) -> None:
    publish()
    assert names(read(feeds=["station_status"])) == ["station_status.json"]
    assert not [path for path in site.seen if "information" in path]


def test_a_feed_that_is_not_announced_is_named(publish, read: Read) -> None:
    publish()
    with pytest.raises(FeedMisconfigured, match="station_status"):
        read(feeds=["station_stats"])
    with pytest.raises(FeedMisconfigured, match="language 'de'"):
        read(language="de")


@pytest.mark.parametrize("stamp", [int, lambda seconds: datetime.fromtimestamp(seconds, UTC).isoformat()])
def test_a_visit_before_the_ttl_is_over_asks_nothing(publish, read: Read, site, stamp: Any) -> None:
    publish(ttl=600, updated=stamp(datetime.now(UTC).timestamp()))
    state = read().state
    site.seen.clear()
    again = read(state)
    assert isinstance(again, Unmodified)
    assert "ttl" in again.evidence
    assert site.seen == []


@pytest.mark.parametrize(
    ("ttl", "updated"), [(0, None), (60, 1709251200), (60, "yesterday"), (-5, None), (60, 10**30), (60, True)]
)
def test_what_is_over_or_makes_no_sense_is_not_waited_for(
    publish, read: Read, ttl: int, updated: Any
) -> None:
    publish(ttl=ttl, updated=updated)
    assert read().state == {}


def test_no_ttl_is_believed_for_longer_than_a_day(publish, read: Read) -> None:
    publish(ttl=10**9)
    until = datetime.fromisoformat(read().state["until"])
    assert until <= datetime.now(UTC) + timedelta(days=1)
    assert isinstance(read({"until": "2999-01-01T00:00:00Z"}), Raw)


def test_the_same_files_have_the_same_digest(publish, read: Read) -> None:
    publish(updated=1709251200)
    first = read().sha256
    assert read().sha256 == first
    publish(updated=1709251260)
    assert read().sha256 != first


def test_a_key_stays_with_the_host_of_the_feed(publish, read: Read, site) -> None:
    publish()
    sent: list[str | None] = []
    inner = site.routes["/station_status.json"]

    def answer(request: Any) -> None:
        sent.append(request.headers["X-API-Key"])
        inner(request)

    site.routes["/station_status.json"] = answer
    read(headers={"X-API-Key": Secret("s3cret")}, feeds=["station_status"])
    assert sent == ["s3cret"]


LIES: dict[str, tuple[str, Any, type[HarvestFault], str]] = {
    "a page": ("/gbfs.json", b"<html>down", SourceUnavailable, "not JSON"),
    "no data": ("/gbfs.json", b'{"a": 1}', SourceUnavailable, "announces no feeds"),
    "no feeds": (
        "/gbfs.json",
        b'{"data": {"feeds": []}}',
        SourceUnavailable,
        "no feeds with their addresses",
    ),
    "a file as address": (
        "/gbfs.json",
        b'{"data": {"feeds": [{"name": "a", "url": "file:///etc/passwd"}]}}',
        SourceUnavailable,
        "no feeds with their addresses",
    ),
    "a variable as address": (
        "/gbfs.json",
        b'{"data": {"feeds": [{"name": "a", "url": "env:HOME"}]}}',
        SourceUnavailable,
        "no feeds with their addresses",
    ),
    "a feed without data": (
        "/station_status.json",
        b'{"error": "down"}',
        SourceUnavailable,
        "no data: .*down",
    ),
    "a feed that is a page": ("/station_status.json", b"<html>down", SourceUnavailable, "not JSON"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_fault_with_its_evidence(publish, read: Read, site, lie: str) -> None:
    publish()
    path, body, kind, evidence = LIES[lie]
    site.body(path, body)
    with pytest.raises(kind, match=evidence):
        read()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"url": "ftp://a"}, "url"),
        ({"url": "http://a.example", "feeds": "station_status"}, "feeds"),
        ({"url": "http://a.example", "feeds": []}, "feeds"),
        ({"url": "http://a.example", "language": 3}, "language"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], name: str) -> None:
    assert [found for found, _ in gbfs.check(options)] == [name]
