"""The newest file of a folder, or all of them, and nothing beyond the folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harvesters.faults import FeedMisconfigured, SourceUnavailable
from harvesters.fetch import HttpFetch
from harvesters.fetch.guard import Guard
from harvesters.sources import Raw, Unmodified, Visit, folder
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with files of 1, 2 and 3 January, the second written last."""
    for day, age in ((1, 300), (2, 100), (3, 200)):
        put(tmp_path / "data" / f"2026-01-0{day}.csv", f"day\n{day}\n", age)
    return tmp_path / "data"


def put(path: Path, text: str, age: float) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    written = path.stat().st_mtime - age
    os.utime(path, (written, written))


def read(home: Path, known: dict[str, Any] | None = None, **options: object) -> Any:
    work = home.parent / "work"
    work.mkdir(exist_ok=True)
    source = SourceSpec("folder", {"path": "data"} | options)
    feed = Feed("days", Text("날"), "부산", "KOGL-1", source, folder=home.parent)
    return folder.read(Visit(feed, HttpFetch(Guard()), work, known or {}))


def texts(raw: Raw) -> list[str]:
    return [each.path.read_text() for each in (raw, *raw.more)]


def test_the_file_written_last_is_read(home: Path) -> None:
    assert texts(read(home)) == ["day\n2\n"]


def test_all_files_are_one_table_in_the_order_of_their_names(home: Path) -> None:
    raw = read(home, take="all")
    assert texts(raw) == ["day\n1\n", "day\n2\n", "day\n3\n"]
    assert [each.name for each in (raw, *raw.more)] == [f"2026-01-0{day}.csv" for day in (1, 2, 3)]
    assert raw.bytes == 18


def test_a_pattern_chooses_among_them(home: Path) -> None:
    put(home / "old" / "a.csv", "day\n0\n", 9)
    put(home / "notes.txt", "no data", 9)
    assert texts(read(home, glob="*-03.csv")) == ["day\n3\n"]
    assert texts(read(home, glob="**/*.csv", take="all"))[-1] == "day\n0\n"


@pytest.mark.parametrize("take", ["newest", "all"])
def test_files_that_are_as_they_were_are_not_read_again(home: Path, take: str) -> None:
    first = read(home, take=take)
    assert isinstance(read(home, first.state, take=take), Unmodified)
    put(home / "2026-01-02.csv", "day\n9\n", 50)
    assert "day\n9\n" in texts(read(home, first.state, take=take))


def test_a_file_just_written_is_not_trusted_to_keep_its_date(home: Path) -> None:
    put(home / "now.csv", "day\n4\n", 0)
    assert read(home).state == {}


def test_hidden_files_and_folders_are_no_data(home: Path) -> None:
    put(home / ".uploading.csv", "half", 1)
    (home / "later.csv").mkdir()
    assert texts(read(home)) == ["day\n2\n"]


def test_a_link_out_of_the_folder_is_refused(home: Path) -> None:
    put(home.parent / "secret.csv", "key\nswordfish\n", 9)
    (home / "zz.csv").symlink_to(home.parent / "secret.csv")
    with pytest.raises(FeedMisconfigured, match="leads out of"):
        read(home)


@pytest.mark.parametrize("options", [{"path": "gone"}, {"glob": "*.xlsx"}])
def test_what_is_not_there_is_named(home: Path, options: dict[str, object]) -> None:
    with pytest.raises(SourceUnavailable, match=str(*options.values()).replace("*", r"\*")):
        read(home, **options)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"path": "data", "glob": "**/*.csv", "take": "all"}, []),
        ({"path": ""}, ["path"]),
        ({"glob": "../*"}, ["glob"]),
        ({"glob": "/etc/*"}, ["glob"]),
        ({"take": "oldest"}, ["take"]),
    ],
)
def test_an_option_that_cannot_be_taken_is_named(options: dict[str, object], wrong: list[str]) -> None:
    assert [name for name, _ in folder.check(options)] == wrong
