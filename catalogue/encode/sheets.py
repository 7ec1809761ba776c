"""All rows of an answer as an XLSX workbook, handed on while it is written, at constant memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator

import pyarrow as pa

from catalogue.encode.columnar import Sink
from catalogue.encode.pieces import Piece
from catalogue.encode.sheet_cells import SHEET
from catalogue.encode.streams import NamedCells, rows_of
from catalogue.encode.workbook import frame, sheet_head
from schemas.dataset import Column
from schemas.problem import BadInput, InputError

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""Of a sheet, its head line counted (Excel specifications and limits)."""
_LEVEL = 1
"""Of deflate: at 6 a workbook is a third smaller and takes twice as long."""


def xlsx(
    columns: tuple[Column, ...], batches: Iterable[pa.RecordBatch], *, rows: int, name: str
) -> Iterator[bytes]:
    """A workbook of `rows` rows on as many sheets as they take, called `name`.

    Texts stay texts whatever they look like, days and instants (UTC, shown with Z) are dates, geometries
    are well-known text. What is longer than a cell takes is replaced by a remark that says so. Raises
    BadInput where the columns are more than a sheet has.
    """
    if len(columns) >= MOST_COLUMNS:
        raise BadInput([InputError("format", f"xlsx takes {MOST_COLUMNS} columns", "ask for csv")])
    sheets = max(1, -(-rows // (MOST_ROWS - 1)))
    sink, left = Sink(), _cut(batches, MOST_ROWS - 1)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as book:
        for path, text in frame(name, sheets):
            with book.open(path, "w") as file:
                file.write(text)
        for number in range(1, sheets + 1):
            with book.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as sheet:
                sheet.write(sheet_head(columns))
                for batch, last in left:
                    sheet.write(rows_of(batch, columns, SHEET, _row))
                    yield sink.taken()
                    if last:
                        break
                sheet.write(b"</sheetData></worksheet>")
    yield sink.taken()


def _cut(batches: Iterable[pa.RecordBatch], most: int) -> Iterator[tuple[pa.RecordBatch, bool]]:
    """Batches, none over the end of a sheet of `most` rows, and whether it ends there."""
    free = most
    for batch in batches:
        rest = batch
        while rest.num_rows >= free:
            yield rest.slice(0, free), True
            rest, free = rest.slice(free), most
        if rest.num_rows:
            yield rest, False
            free -= rest.num_rows


def _row(cells: NamedCells) -> list[Piece]:
    return [b"<row>", *(piece for _, cell in cells for piece in cell), b"</row>"]
