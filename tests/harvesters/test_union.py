"""Files of one table are read as one, or the file that does not belong is named."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import Parsed, Piece, format_reader
from harvesters.reading.union import File, united
from schemas.feed import FormatSpec


@pytest.fixture
def written(tmp_path: Path):
    """Files of these texts, read as CSV."""

    def write(*texts: str) -> list[File]:
        files = []
        for place, text in enumerate(texts):
            path = tmp_path / f"{place}.csv"
            path.write_text(text, encoding="utf-8")
            files.append(File(path.name, partial(read_csv, path)))
        return files

    return write


def read_csv(path: Path) -> list[Parsed]:
    return list(format_reader("csv").read(path, FormatSpec()))


def whole(parsed: Parsed) -> tuple[list[dict[str, object]], list[int], pa.Table]:
    pieces = [Piece(parsed.table, parsed.lines, parsed.rejects), *parsed.rest]
    rows = [row for piece in pieces for row in piece.table.to_pylist()]
    lines = [line for piece in pieces for line in piece.lines.to_pylist()]
    return rows, lines, pa.concat_tables([piece.rejects for piece in pieces])


def test_rows_follow_each_other_whatever_the_order_of_columns(written) -> None:
    files = written("name,n\nA,1\nB,2\n", "n,name\n3,C\n", "name,n\nD,4\nE,5\n")
    rows, lines, rejects = whole(united(files))
    assert [(row["name"], row["n"]) for row in rows] == [*zip("ABCDE", "12345", strict=True)]
    assert lines == sorted(set(lines))
    assert not len(rejects)


def test_a_row_set_aside_says_in_which_file(written) -> None:
    files = written("name,n\nA,1\n", "name,n\nB,2\nC,3,4,5\nD,6\n")
    rows, _, rejects = whole(united(files))
    assert len(rows) + len(rejects) == 4
    assert all("in 1.csv" in each for each in rejects["detail"].to_pylist())


@pytest.mark.parametrize(
    ("other", "words"), [("name\nB\n", "lacks n"), ("name,n,size\nB,2,3\n", "has size more")]
)
def test_a_file_with_other_columns_is_named(written, other: str, words: str) -> None:
    with pytest.raises(Unreadable, match=rf"1\.csv is no part of the same table as 0\.csv: it {words}"):
        united(written("name,n\nA,1\n", other))


def test_a_file_of_several_tables_is_no_part_of_one(written) -> None:
    (file,) = written("name\nA\n")
    with pytest.raises(FeedMisconfigured, match="holds 2 tables"):
        united([file, File("both.xlsx", lambda: [*file.read(), *file.read()])])
