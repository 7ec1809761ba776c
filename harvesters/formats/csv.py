"""Read CSV in any delimiter and line end, every cell as text; rows that do not fit are set aside."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, takewhile
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import PIECE, Parsed, Piece
from harvesters.reading.delimited import cutting
from harvesters.reading.delimited.dialect import SAMPLE, Layout, layout_of, respelled
from harvesters.reading.delimited.encoding import encoding_of, refuse_mojibake, utf8_chunks
from harvesters.reading.delimited.lines import unix_lines
from harvesters.reading.delimited.margins import Foot, above, joined, mended
from schemas.feed import FormatSpec
from schemas.run import REJECTS

OPTIONS = frozenset({"crs", "delimiter", "encoding", "header", "member", "x", "y"})

_AHEAD = 4
"""How many pieces may wait to be parsed; more would hold the whole text in memory."""


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    r"""One table of text columns; raises Unreadable when there is no header or the encoding does not hold.

    Line breaks within a cell become \n, empty cells null; blank lines are left out. What stands above the
    header or below the rows is set aside: all lines of the file are in the table or the rejects, each once.
    """
    if spec.delimiter and (not spec.delimiter.isascii() or spec.delimiter in '"\r\n'):
        raise FeedMisconfigured(
            f"[format] delimiter = {spec.delimiter!r} cannot part cells", "use a sign such as ',', ';' or '|'"
        )
    encoding = encoding_of(path, spec.encoding)
    layout = layout_of(_head(unix_lines(utf8_chunks(path, encoding))), spec)
    pieces = _pieces(path, encoding, layout)
    first = next(pieces)
    names = list(layout.names)
    if (blank := _blank_columns(first.table)) and (second := next(pieces, None)) is not None:
        # Whether a column is blank is known at its end, and its first rows are wanted before.
        blank = min(blank, *(_blank_columns(each.table) for each in _pieces(path, encoding, layout)))
        pieces = chain([second], pieces)
    kept = names[: len(names) - blank]
    yield Parsed(
        table=first.table.select(kept),
        lines=first.lines,
        kind="csv",
        encoding=encoding,
        rejects=pa.concat_tables([above(layout), first.rejects]),
        repairs=layout.repairs,
        units={name: unit for name, unit in layout.units.items() if name in kept},
        rest=(replace(piece, table=piece.table.select(kept)) for piece in pieces),
    )


def _head(text: Iterator[bytes]) -> str:
    """The first characters of the file, enough to see its layout."""
    head = ""
    for chunk in text:
        head += chunk.decode("utf-8", "surrogatepass")
        if len(head) >= SAMPLE:
            break
    return head


def _cut(path: Path, encoding: str, layout: Layout) -> Iterator[cutting.Piece]:
    """The rows below the header, cut out of the text."""
    cutter = cutting.Cutter(layout.delimiter, len(layout.names), layout.header_end + 1)
    skip = layout.header_end
    for text in respelled(unix_lines(utf8_chunks(path, encoding)), layout):
        refuse_mojibake(text)
        data = text
        if skip:
            lines = text.split(b"\n", skip)
            data, skip = (lines[skip], 0) if len(lines) > skip else (b"", skip - len(lines) + 1)
        yield cutter.feed(data)
    yield cutter.feed(b"", last=True)


def _pieces(path: Path, encoding: str, layout: Layout) -> Iterator[Piece]:
    """The rows in pieces, at least one; each stretch is parsed while the next is decoded."""
    waiting: deque[Future[Piece]] = deque()
    held: list[Piece] = []
    foot = Foot(layout)
    with ThreadPoolExecutor(1) as pool:
        for cut in _cut(path, encoding, layout):
            waiting.append(pool.submit(_parsed, layout, cut))
            if len(waiting) > _AHEAD:
                held.append(waiting.popleft().result())
            if sum(each.table.nbytes for each in held) >= PIECE:
                yield foot.held_back(joined(held))
                held = []
        yield foot.cropped(joined([*held, *(each.result() for each in waiting)]))


def _parsed(layout: Layout, cut: cutting.Piece) -> Piece:
    schema = pa.schema([(name, pa.string()) for name in layout.names])
    table = _parse(layout, cut) if cut.lines.size else schema.empty_table()
    return mended(Piece(table, pa.array(cut.lines, pa.int64()), _rejected(cut)), layout)


def _parse(layout: Layout, piece: cutting.Piece) -> pa.Table:
    """The rows of a piece as text, null where a cell is empty."""
    table = arrow_csv.read_csv(
        pa.BufferReader(piece.text),
        # One block: the rows are cut already, so there is nothing to look for at its edges.
        read_options=arrow_csv.ReadOptions(
            use_threads=True, block_size=len(piece.text) + 1, column_names=layout.names
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=layout.delimiter, newlines_in_values=b'"' in piece.text, ignore_empty_lines=False
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(layout.names, pa.string()),
            check_utf8=False,
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    if table.num_rows != piece.lines.size:
        raise Unreadable(f"{piece.lines.size} rows were cut out of the file and {table.num_rows} were parsed")
    return table


def _blank_columns(table: pa.Table) -> int:
    """How many of the last columns have neither name nor values, as delimiters at line ends make them."""
    places = range(table.num_columns - 1, 0, -1)
    blank = takewhile(lambda place: _is_blank(table, place), places)
    return sum(1 for _ in blank)


def _is_blank(table: pa.Table, place: int) -> bool:
    unnamed = table.column_names[place] == f"column_{place + 1}"
    return unnamed and bool(table.column(place).null_count == len(table))


def _rejected(piece: cutting.Piece) -> pa.Table:
    rows = [
        {"line": each.line, "scope": "row", "value": each.value, "reason": each.reason, "detail": each.detail}
        for each in piece.rejects
    ]
    return pa.Table.from_pylist(rows, schema=REJECTS)
