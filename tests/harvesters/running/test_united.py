"""Files of one table are published as one, and are read again only when one of them changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from schemas.feed import SourceSpec


@pytest.fixture
def months(desk) -> Path:
    """A folder whose files are one table, for the desk's feed."""
    folder = desk.folder / "months"
    folder.mkdir()
    desk.harvest_all = lambda **changed: desk.harvest(
        source=SourceSpec("folder", {"path": "months", "glob": "*", "take": "all"}), **changed
    )
    return folder


def put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    past = time.time() - 60
    os.utime(path, (past, past))


def test_monthly_files_are_one_dataset(desk, months: Path) -> None:
    put(months / "2026-01.csv", "번호,이름,수\n1,가,10\n2,나,20\n")
    put(months / "2026-02.csv", "이름,번호,수\n다,3,30\n라,4,\n")
    run = desk.harvest_all()
    assert (run.status, run.read, run.published) == ("published", 4, 4)
    rows = sorted(desk.rows(), key=lambda row: row["번호"])
    assert [(row["번호"], row["이름"], row["수"]) for row in rows] == [
        (1, "가", 10),
        (2, "나", 20),
        (3, "다", 30),
        (4, "라", None),
    ]
    assert len({row["_id"] for row in rows}) == 4


def test_a_type_is_found_over_all_files(desk, months: Path) -> None:
    put(months / "2026-01.csv", "번호,수\n1,10\n2,20\n")
    put(months / "2026-02.csv", "번호,수\n3,많음\n4,적음\n")
    desk.harvest_all()
    assert sorted(row["수"] for row in desk.rows()) == ["10", "20", "많음", "적음"]


def test_files_of_items_may_differ_in_what_is_empty(desk, months: Path) -> None:
    put(months / "2026-01.json", '[{"n": 1, "size": null}, {"n": 2, "size": null}]')
    put(months / "2026-02.json", '[{"n": 3, "size": 7}, {"n": 4, "size": 8.5}]')
    assert desk.harvest_all().published == 4
    assert [row["size"] for row in sorted(desk.rows(), key=lambda row: row["n"])] == [None, None, 7, 8.5]


def test_a_new_month_is_added_and_an_old_one_as_it_was_is_no_change(desk, months: Path) -> None:
    put(months / "2026-01.csv", "번호,이름\n1,가\n")
    assert desk.harvest_all(key=("번호",)).published == 1
    assert desk.harvest_all().status == "unchanged"
    put(months / "2026-02.csv", "번호,이름\n2,나\n")
    assert desk.harvest_all().published == 2


def test_a_file_that_does_not_belong_holds_all_back(desk, months: Path) -> None:
    put(months / "2026-01.csv", "번호,이름\n1,가\n")
    desk.harvest_all()
    put(months / "2026-02.csv", "번호,주소\n2,나\n")
    run = desk.harvest_all()
    assert run.status == "failed"
    assert (
        "2026-02.csv is no part of the same table as 2026-01.csv: it lacks 이름 and has 주소 more"
        in run.error
    )
    assert len(desk.rows()) == 1
