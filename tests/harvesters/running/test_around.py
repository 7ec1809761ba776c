"""What stands around the rows of a table is told, and held against no feed."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from harvesters.run import Harvester
from harvesters.tryout import Bench, try_source

ABOVE = "부산광역시 공원 현황,\n2026년 1월 기준,\n,\n"
ROWS = "구,면적\n해운대구,10\n수영구,20\n동래구,30\n"
BELOW = "합계,60\n※ 출처: 공원여가정책과,\n"


@pytest.fixture
def bench(harvester: Harvester) -> Bench:
    return Bench(harvester.fetch, harvester.work, harvester.extent, harvester.zone)


def test_titles_and_totals_do_not_count_against_the_limit_of_rejects(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "parks.csv").write_text(ABOVE + ROWS + BELOW, "utf-8")
    (tmp_path / "short.csv").write_text(ABOVE + ROWS + "금정구\n" + BELOW, "utf-8")

    (tried,) = try_source(str(tmp_path / "parks.csv"), bench)
    (short,) = try_source(str(tmp_path / "short.csv"), bench)

    assert (tried.read, tried.accepted, tried.rejected) == (8, 3, 5)
    assert tried.reasons == {"title": 2, "blank_row": 1, "footer": 2}
    assert tried.hold is None
    assert short.hold is not None
    assert "1 of 4 rows" in short.hold.detail
    assert "cells" in short.hold.detail


def test_a_feed_with_titles_publishes_its_rows_and_lists_the_rest(desk: Any) -> None:
    run = desk.harvest(ABOVE + ROWS + BELOW)

    assert (run.status, run.read, run.published, run.rejected) == ("published", 8, 3, 5)
    assert [row["면적"] for row in desk.rows()] == [10, 20, 30]


def test_every_file_of_a_zip_is_a_table_by_its_name(bench: Bench, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "parks.zip", "w") as archive:
        archive.writestr("중구.csv", ROWS)
        archive.writestr("서구.csv", ROWS + "금정구,5\n")

    tried = try_source(str(tmp_path / "parks.zip"), bench)

    assert [(each.table, each.read) for each in tried] == [("중구", 3), ("서구", 4)]
