"""Cutting CSV text into rows: every line is in a row or in a reject, however the text arrives."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.reading.delimited.cutting import Cutter, Piece

CELL = st.text(st.sampled_from('ab,;"\n 가나0.'), max_size=6)
ROUGH = st.text(st.sampled_from('ab,"\n '), max_size=60)


def cut(text: str, width: int, sizes: list[int]) -> list[Piece]:
    """The pieces of a text that arrives in chunks of these sizes, in turn."""
    data = text.encode()
    cutter = Cutter(",", width, 1)
    pieces, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        pieces.append(cutter.feed(data[at : at + size]))
        at, turn = at + size, turn + 1
    return [*pieces, cutter.feed(b"", last=True)]


def rows_of(pieces: list[Piece]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(piece.text for piece in pieces).decode(), newline="")))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(CELL, CELL, CELL), max_size=12), st.lists(st.integers(1, 9), min_size=1, max_size=4)
)
def test_rows_that_a_csv_writer_wrote_come_out_as_they_went_in(
    rows: list[tuple[str, str, str]], sizes: list[int]
) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    text = written.getvalue()

    pieces = cut(text, 3, sizes)

    assert [tuple(row) for row in rows_of(pieces)] == rows
    assert not [reject for piece in pieces for reject in piece.rejects]
    starts = [line for piece in pieces for line in piece.lines.tolist()]
    expected, line = [], 1
    for row in rows:
        expected.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)
    assert starts == expected


@settings(max_examples=150, deadline=None)
@given(ROUGH, st.lists(st.integers(1, 20), min_size=1, max_size=3))
def test_no_line_of_a_broken_file_is_lost(text: str, sizes: list[int]) -> None:
    pieces = cut(text, 2, sizes)

    assert all(len(row) == 2 for row in rows_of(pieces))
    covered: set[int] = set()
    for piece in pieces:
        kept = piece.lines.tolist()
        for line, row in zip(kept, rows_of([piece]), strict=True):
            covered.update(range(line, line + 1 + sum(cell.count("\n") for cell in row)))
        for reject in piece.rejects:
            covered.update(range(reject.line, reject.line + 1 + reject.value.count("\n")))
    filled = {number for number, line in enumerate(text.split("\n"), start=1) if line.strip()}
    assert filled <= covered


def test_a_quote_that_is_never_closed_costs_its_own_line_only() -> None:
    pieces = cut('1,"open\n2,b\n3,c\n', 2, [100])

    assert rows_of(pieces) == [["2", "b"], ["3", "c"]]
    (reject,) = [reject for piece in pieces for reject in piece.rejects]
    assert (reject.line, reject.value, reject.reason) == (1, '1,"open', "quotes")


def test_a_quote_inside_a_cell_is_text() -> None:
    assert rows_of(cut('pipe 5",b\n', 2, [100])) == [['pipe 5"', "b"]]


def test_a_long_cell_that_is_never_closed_does_not_swallow_the_file() -> None:
    rows = "1,b\n" * 1000
    cutter = Cutter(",", 2, 1, longest=1000)

    first = cutter.feed(('1,"open\n' + rows).encode())
    last = cutter.feed(rows.encode(), last=True)

    assert first.lines.size == 1000
    assert [reject.line for reject in (*first.rejects, *last.rejects)] == [1]
    assert last.lines.tolist() == list(range(1002, 2002))
