"""Stream a table of comma-separated values whose first line names the columns, as its standard demands."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv

from harvesters.faults import Unreadable
from harvesters.formats import PIECE, Piece
from harvesters.reading.delimited import cutting
from harvesters.reading.delimited.encoding import encoding_of, refuse_mojibake, utf8_chunks
from harvesters.reading.delimited.lines import unix_lines
from harvesters.reading.headers import column_names
from schemas.run import REJECTS


@dataclass(frozen=True)
class Delimited:
    """The columns of a table, how its text is encoded, and its rows, every cell as text or null.

    `pieces` come once and in order; there is at least one.
    """

    names: tuple[str, ...]
    encoding: str
    pieces: Iterator[Piece]


def delimited(path: Path, declared: str | None = None) -> Delimited:
    """The table of a file; raises Unreadable where it is empty or is not of the encoding it seems to be."""
    encoding = encoding_of(path, declared)
    text = unix_lines(utf8_chunks(path, encoding))
    head = next((chunk for chunk in text if chunk.strip()), b"")
    skipped = len(head) - len(head.lstrip(b"\n"))
    first, _, rest = head.lstrip(b"\n").partition(b"\n")
    header = first.decode("utf-8", "surrogatepass")
    if not header.strip():
        raise Unreadable("the file is empty")
    names = column_names(next(csv.reader([header]), []))
    pieces = _pieces(chain([rest], text), names, skipped + 2)
    return Delimited(names, encoding, pieces)


def _pieces(text: Iterator[bytes], names: tuple[str, ...], line: int) -> Iterator[Piece]:
    held: list[Piece] = []
    for piece in _cut(text, names, line):
        held.append(piece)
        if sum(each.table.nbytes for each in held) > PIECE:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _cut(text: Iterator[bytes], names: tuple[str, ...], line: int) -> Iterator[Piece]:
    cutter = cutting.Cutter(",", len(names), line)
    for data in text:
        refuse_mojibake(data)
        yield _parsed(cutter.feed(data), names)
    yield _parsed(cutter.feed(b"", last=True), names)


def _parsed(cut: cutting.Piece, names: tuple[str, ...]) -> Piece:
    rejects = [
        {"line": each.line, "scope": "row", "value": each.value, "reason": each.reason, "detail": each.detail}
        for each in cut.rejects
    ]
    table = _table(cut, names) if cut.lines.size else _schema(names).empty_table()
    return Piece(table, pa.array(cut.lines, pa.int64()), pa.Table.from_pylist(rejects, schema=REJECTS))


def _table(cut: cutting.Piece, names: tuple[str, ...]) -> pa.Table:
    options = arrow_csv.ConvertOptions(
        column_types=_schema(names), check_utf8=False, null_values=[""], strings_can_be_null=True
    )
    # One block: the rows are cut already, so there is nothing to look for at its edges.
    whole = arrow_csv.ReadOptions(use_threads=True, block_size=len(cut.text) + 1, column_names=names)
    rows = arrow_csv.ParseOptions(newlines_in_values=b'"' in cut.text, ignore_empty_lines=False)
    return arrow_csv.read_csv(pa.BufferReader(cut.text), whole, rows, options)


def _joined(pieces: list[Piece]) -> Piece:
    return Piece(
        pa.concat_tables([each.table for each in pieces]),
        pa.concat_arrays([each.lines for each in pieces]),
        pa.concat_tables([each.rejects for each in pieces]),
    )


def _schema(names: tuple[str, ...]) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in names])
