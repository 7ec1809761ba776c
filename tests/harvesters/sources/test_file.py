"""A file on this machine is read from where the feed lies, as it stood when the run began."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harvesters.faults import FeedMisconfigured, SourceUnavailable
from harvesters.fetch import HttpFetch
from harvesters.fetch.guard import Guard
from harvesters.sources import Raw, Visit, file
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec


def read(path: str, home: Path, work: Path) -> Raw:
    source = SourceSpec("file", {"path": path})
    feed = Feed(
        id="parks", title=Text("공원"), publisher="부산", licence="KOGL-1", source=source, folder=home
    )
    return file.read(Visit(feed, HttpFetch(Guard()), work))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "data").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    (tmp_path / "home" / "data" / "공원.csv").write_bytes(b"name\nA\n")
    return tmp_path / "home"


@pytest.mark.parametrize("path", ["data/공원.csv", "../home/data/공원.csv", "{home}/data/공원.csv"])
def test_a_path_starts_at_the_feeds_folder(home: Path, tmp_path: Path, path: str) -> None:
    raw = read(path.format(home=home), home, tmp_path / "work")
    assert raw.path.read_bytes() == b"name\nA\n"
    assert raw.name == "공원.csv"
    assert (raw.bytes, raw.sha256) == (7, hashlib.sha256(b"name\nA\n").hexdigest())


def test_what_is_written_later_does_not_reach_the_run(home: Path, tmp_path: Path) -> None:
    raw = read("data/공원.csv", home, tmp_path / "work")
    (home / "data" / "공원.csv").write_bytes(b"half")
    assert raw.path.read_bytes() == b"name\nA\n"


def test_a_missing_file_is_named(home: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"gone\.csv"):
        read("gone.csv", home, tmp_path / "work")


@pytest.mark.parametrize("path", ["data", "/dev/zero"])
def test_what_is_no_regular_file_is_not_read(home: Path, tmp_path: Path, path: str) -> None:
    with pytest.raises(FeedMisconfigured, match="regular file"):
        read(path, home, tmp_path / "work")
