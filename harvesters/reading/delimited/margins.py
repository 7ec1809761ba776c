"""Set aside the lines of a CSV that stand around its rows: titles, blank rows, totals and notes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from harvesters.formats import Piece
from harvesters.reading.around import (
    BLANK,
    FOOTER,
    MOST_FOOTERS,
    TITLE,
    TOTAL_LABELS,
    footers,
    is_footer,
    set_aside,
)
from harvesters.reading.delimited.dialect import Layout, swapped
from schemas.run import REJECTS


def above(layout: Layout) -> pa.Table:
    """Rejects for the lines above the names of the columns."""
    blank = layout.delimiter + '" \t\n'
    titles = ((line, text) for line, text in layout.above if text.strip(blank))
    empty = ((line, text) for line, text in layout.above if text.strip() and not text.strip(blank))
    return pa.concat_tables([set_aside(titles, *TITLE), set_aside(empty, *BLANK)])


def mended(piece: Piece, layout: Layout) -> Piece:
    """The piece with quotes as they were written, and without rows that hold nothing."""
    table, rejects = piece.table, piece.rejects
    if layout.apostrophes:
        columns = [swapped(column) for column in table.columns]
        table = pa.table(columns, names=table.column_names)
        rejects = rejects.set_column(REJECTS.get_field_index("value"), "value", swapped(rejects["value"]))
    empty = _empty_rows(table)
    if empty is None:
        return Piece(table, piece.lines, rejects)
    places = piece.lines.filter(empty).to_pylist()
    blank = set_aside(((line, layout.delimiter * (table.num_columns - 1)) for line in places), *BLANK)
    kept = pc.invert(empty)
    return Piece(table.filter(kept), piece.lines.filter(kept), pa.concat_tables([rejects, blank]))


def _empty_rows(table: pa.Table) -> pa.Array | None:
    """Which rows hold nothing; None where none of them does."""
    empty: pa.Array | None = None
    for column in table.columns:
        if not column.null_count:
            return None
        missing = pc.is_null(column.combine_chunks())
        empty = missing if empty is None else pc.and_(empty, missing)
    return empty if empty is not None and pc.any(empty).as_py() else None


class Foot:
    """Takes the totals and notes off the end of a table whose pieces come one by one.

    The last rows of each piece are held back until the next one comes, or none does.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._held: Piece | None = None
        self._labels: set[str] = set()

    def held_back(self, piece: Piece) -> Piece:
        """A piece that others follow, with what was held back before and without its own last rows."""
        whole = self._whole(piece)
        rows = max(0, len(whole.table) - MOST_FOOTERS)
        self._held = Piece(whole.table.slice(rows), whole.lines.slice(rows))
        self._labels |= _totals(whole.table.slice(0, rows))
        return Piece(whole.table.slice(0, rows), whole.lines.slice(0, rows), whole.rejects)

    def cropped(self, piece: Piece) -> Piece:
        """The last piece without its footers, those too that are narrower than a row."""
        whole = self._whole(piece)
        start = max(0, len(whole.table) - MOST_FOOTERS)
        rows = whole.table.slice(start).to_pylist()
        tail = [["" if cell is None else cell for cell in row.values()] for row in rows]
        labels = self._labels | _totals(whole.table.slice(0, start))
        end = len(whole.table) - footers(tail, tuple(labels))
        lines = whole.lines.slice(end).to_pylist()
        written = (_written(row, self._layout.delimiter) for row in tail[end - start :])
        aside = set_aside(zip(lines, written, strict=True), *FOOTER)
        last = whole.lines[end - 1].as_py() if end else 0
        rejects = _renamed(pa.concat_tables([whole.rejects, aside]), last, self._layout)
        return Piece(whole.table.slice(0, end), whole.lines.slice(0, end), rejects)

    def _whole(self, piece: Piece) -> Piece:
        return joined([self._held, piece]) if self._held else piece


def joined(pieces: Sequence[Piece]) -> Piece:
    """The pieces as one."""
    return Piece(
        pa.concat_tables([each.table for each in pieces]),
        pa.concat_arrays([each.lines for each in pieces]),
        pa.concat_tables([each.rejects for each in pieces]),
    )


def _totals(table: pa.Table) -> set[str]:
    """The words for totals in the first two columns."""
    words = pa.array(sorted(TOTAL_LABELS))
    found = (column.filter(pc.is_in(column, words)) for column in table.columns[:2])
    return {label for column in found for label in pc.unique(column).to_pylist()}


def _written(row: list[str], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(row)
    return text.getvalue().rstrip(delimiter)


def _renamed(rejects: pa.Table, last: int, layout: Layout) -> pa.Table:
    """The rejects, where those after the last row that are notes or totals say so."""
    late = pc.and_(pc.greater(rejects["line"], last), pc.equal(rejects["reason"], "column_count"))
    if not pc.any(late).as_py():
        return rejects.sort_by("line")
    rows = rejects.filter(late).to_pylist()
    for row in rows:
        cells = next(csv.reader([row["value"]], delimiter=layout.delimiter), [])
        if is_footer([*cells, *[""] * (len(layout.names) - len(cells))]):
            row["reason"], row["detail"] = FOOTER
    renamed = pa.Table.from_pylist(rows, schema=REJECTS)
    return pa.concat_tables([rejects.filter(pc.invert(late)), renamed]).sort_by("line")
