"""All rows of an answer as an XLSX workbook, handed on while it is written, at constant memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

import numpy as np
import pyarrow as pa

from catalogue.encode.columnar import Sink
from catalogue.encode.pieces import TEXT, Piece
from catalogue.encode.sheet_cells import SHEET
from catalogue.encode.streams import NamedCells, rows_of
from catalogue.encode.workbook import closing, letters, opening, sheet_head
from catalogue.rows.question.plan import ID_COLUMN
from schemas.dataset import Column
from schemas.problem import BadInput, InputError

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""Of a sheet, its head line counted (Excel specifications and limits)."""
MOST_BYTES = 1 << 30
"""Of a sheet's text, after which the next one begins: at 2 GiB a ZIP takes another form, which Excel wants to
repair and others read as empty."""
_LEVEL = 1
"""Of deflate: at 6 a workbook is a third smaller and takes twice as long."""


def xlsx(columns: tuple[Column, ...], batches: Iterable[pa.RecordBatch], *, name: str) -> Iterator[bytes]:
    """A workbook of all rows on as many sheets as they take, called `name`.

    Texts stay texts whatever they look like, days and instants (UTC, shown with Z) are dates, geometries
    are well-known text. What is longer than a cell takes is replaced by a remark that says so. Raises
    BadInput where the columns are more than a sheet has.
    """
    if len(columns) >= MOST_COLUMNS:
        raise BadInput([InputError("format", f"xlsx takes {MOST_COLUMNS} columns", "ask for csv")])
    sink, number = Sink(), 0
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as book:
        for path, text in opening():
            _put(book, path, text)
        for number, texts in groupby(_texts(columns, batches), itemgetter(0)):
            with book.open(f"xl/worksheets/sheet{number}.xml", "w") as sheet:
                sheet.write(sheet_head(columns) + _names(columns))
                for _, text in texts:
                    sheet.write(text)
                    yield sink.taken()
                sheet.write(b"</sheetData></worksheet>")
        for path, text in closing(name, number):
            _put(book, path, text)
    yield sink.taken()


def _put(book: zipfile.ZipFile, path: str, text: bytes) -> None:
    with book.open(path, "w") as file:  # Not dated, as what is put in by writestr.
        file.write(text)


def _texts(columns: tuple[Column, ...], batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, bytes]]:
    """The rows as text, each with the number of its sheet, the first of which is there without rows too."""
    number, row, size = 1, 2, 0
    yield number, b""
    for batch in batches:
        left = batch
        while left.num_rows:
            if row > MOST_ROWS or size > MOST_BYTES:
                number, row, size = number + 1, 2, 0
            some = left.slice(0, MOST_ROWS + 1 - row)
            text = _rows(some, columns, row)
            yield number, text
            left, row, size = left.slice(some.num_rows), row + some.num_rows, size + len(text)


def _names(columns: tuple[Column, ...]) -> bytes:
    """The first row of each sheet."""
    names = [ID_COLUMN.name, *(column.name for column in columns)]
    batch = pa.RecordBatch.from_arrays([pa.array([name]) for name in names], names)
    return _rows(batch, tuple(Column(name, "text") for name in names[1:]), 1)


def _rows(batch: pa.RecordBatch, columns: tuple[Column, ...], first: int) -> bytes:
    """Rows of a sheet from its line `first` on, each cell with the place where it stands.

    Without it Excel counts for itself, as it may (ECMA-376, 18.3.1.4), but not every program does.
    """
    lines = pa.array(np.arange(first, first + batch.num_rows)).cast(TEXT)

    def row(cells: NamedCells) -> list[Piece]:
        found: list[Piece] = [b'<row r="', lines, b'">']
        for i, (_, cell) in enumerate(cells):
            found += [b'<c r="' + letters(i), lines, b'"', *cell]
        return [*found, b"</row>"]

    return rows_of(batch, columns, SHEET, row)
