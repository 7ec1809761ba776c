"""What a run has fetched is kept for whoever goes on with it, and for nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from harvesters.sources import Raw
from harvesters.steps import RunFolder, run_folder


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return run_folder(tmp_path / "work", "20260101T000000Z-1")


def fetched(folder: RunFolder, name: str = "a.csv", **more: object) -> Raw:
    path = folder.own / name
    path.write_bytes(b"id\n1\n")
    return Raw(path, name, 5, "f00d", **more)


def again(folder: RunFolder) -> RunFolder:
    """The folder as the next attempt finds it."""
    return run_folder(folder.path.parent, folder.path.name)


def test_another_attempt_finds_all_that_was_fetched_and_writes_elsewhere(folder: RunFolder):
    more = (fetched(folder, "b.csv"), fetched(folder, "c.csv", format="csv"))
    raw = fetched(folder, media_type="text/csv", expected=3, more=more, state={"etag": '"1"', "seen": [1, 2]})
    folder.keep(raw, "terms")
    other = again(folder)
    assert other.fetched("terms") == raw
    assert other.own != folder.own


def test_a_feed_that_changed_since_is_fetched_again(folder: RunFolder):
    folder.keep(fetched(folder), "terms")
    assert again(folder).fetched("other terms") is None


def test_a_file_that_lost_its_end_or_is_gone_is_fetched_again(folder: RunFolder):
    raw = fetched(folder, more=(fetched(folder, "b.csv"),))
    folder.keep(raw, "terms")
    (folder.own / "b.csv").write_bytes(b"id\n")
    assert again(folder).fetched("terms") is None
    (folder.own / "b.csv").unlink()
    assert again(folder).fetched("terms") is None


def test_what_lies_outside_the_folder_is_not_kept(folder: RunFolder, tmp_path: Path):
    (tmp_path / "steward.csv").write_text("id\n1\n")
    folder.keep(Raw(tmp_path / "steward.csv", "steward.csv", 5, "f00d"), "terms")
    assert again(folder).fetched("terms") is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"terms": "terms"}', '{"terms": "terms", "raw": {"path": "x"}}']
)
def test_a_journal_that_cannot_be_read_is_as_none(folder: RunFolder, text: str):
    (folder.path / "fetched.json").write_text(text)
    assert again(folder).fetched("terms") is None


def test_nothing_is_left_when_a_run_is_done(folder: RunFolder):
    folder.keep(fetched(folder), "terms")
    again(folder).remove()
    assert not folder.path.exists()
    folder.remove()
