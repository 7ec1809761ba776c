"""Set aside the lines of a CSV that stand around its rows: titles, blank rows, totals and notes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from harvesters.formats import Piece
from harvesters.reading.around import BLANK, FOOTER, MOST_FOOTERS, TITLE, footers, is_footer, set_aside
from harvesters.reading.dialect import Layout, swapped
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


def without_footers(pieces: Iterable[Piece], layout: Layout) -> Iterator[Piece]:
    """The same, without totals and notes at the very end; there is at least one."""
    held: Piece | None = None
    for piece in pieces:
        if held is not None and len(piece.table) < MOST_FOOTERS:
            held = _joined(held, piece)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield _cropped(held, layout)


def _joined(one: Piece, other: Piece) -> Piece:
    return Piece(
        pa.concat_tables([one.table, other.table]),
        pa.concat_arrays([one.lines, other.lines]),
        pa.concat_tables([one.rejects, other.rejects]),
    )


def _cropped(piece: Piece, layout: Layout) -> Piece:
    """The last piece without its footers, those too that are narrower than a row."""
    rows = len(piece.table)
    start = max(0, rows - MOST_FOOTERS)
    tail = [
        ["" if cell is None else cell for cell in row.values()]
        for row in piece.table.slice(start).to_pylist()
    ]
    earlier = piece.table.slice(0, start)
    labels = {row[at] for row in tail for at in range(min(2, len(row)))}
    known = [label for label in labels if label and _comes(earlier, label)]
    count = footers(tail, known) if earlier.num_rows or len(tail) > 1 else 0
    lines = piece.lines.slice(rows - count).to_pylist()
    written = (layout.delimiter.join(row).rstrip(layout.delimiter) for row in tail[len(tail) - count :])
    rejects = [piece.rejects, set_aside(zip(lines, written, strict=True), *FOOTER)]
    last = piece.lines[rows - count - 1].as_py() if rows > count else 0
    return Piece(
        piece.table.slice(0, rows - count),
        piece.lines.slice(0, rows - count),
        _renamed(pa.concat_tables(rejects), last, layout),
    )


def _comes(table: pa.Table, label: str) -> bool:
    """Whether a text stands in one of the first two columns."""
    return any(pc.any(pc.equal(column, label)).as_py() for column in table.columns[:2])


def _renamed(rejects: pa.Table, last: int, layout: Layout) -> pa.Table:
    """The rejects, where those after the last row that are notes or totals say so."""
    late = pc.and_(pc.greater(rejects["line"], last), pc.equal(rejects["reason"], "column_count"))
    if not pc.any(late).as_py():
        return rejects
    rows = rejects.filter(late).to_pylist()
    for row in rows:
        cells = next(csv.reader([row["value"]], delimiter=layout.delimiter), [])
        if is_footer([*cells, *[""] * (len(layout.names) - len(cells))]):
            row["reason"], row["detail"] = FOOTER
    return pa.concat_tables([rejects.filter(pc.invert(late)), pa.Table.from_pylist(rows, schema=REJECTS)])
