"""See how a CSV is laid out: what parts its cells, how they are quoted, and which line names its columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from harvesters.faults import Unreadable
from harvesters.reading.around import JOINED_HEADER, NO_HEADER, continued, has_no_header, units_in
from harvesters.reading.headers import column_names, header_row, usual_width
from schemas.feed import FormatSpec

SAMPLE = 256 << 10
"""How many characters of a file show its layout."""

_DELIMITERS = ",;\t|"
_ROWS = 200
# What Excel takes as the first line: it names the delimiter and is no row.
_SEP = re.compile(r"\ufeff?\"?sep=(.)\"?[ ,;]*\n", re.IGNORECASE)
# A quote within a quoted cell that is escaped as in C, and does not end the cell.
_ESCAPED = re.compile(r'(?<!\\)\\"(?=[^,;\t|\n])')
_SWAPPED = str.maketrans({"'": '"', '"': "'"})
_SWAPPED_BYTES = bytes.maketrans(b"'\"", b"\"'")


@dataclass(frozen=True)
class Layout:
    """How a CSV is laid out; the rows start after line `header_end` (from 1).

    `above` are the lines above the names, with their numbers, `units` what a line below them says of
    columns, `repairs` counts what a steward should know of the names. `apostrophes` says that cells are
    quoted by them, `escapes` that `\\"` is a quote in a cell.
    """

    delimiter: str
    names: tuple[str, ...]
    header_end: int
    above: tuple[tuple[int, str], ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    repairs: Mapping[str, int] = field(default_factory=dict)
    apostrophes: bool = False
    escapes: bool = False


@dataclass(frozen=True)
class _Sample:
    """The first rows that are not blank, and the lines on which each starts and ends."""

    rows: list[list[str]]
    starts: list[int]
    ends: list[int]


def layout_of(head: str, spec: FormatSpec) -> Layout:
    r"""The layout of a text by its first characters, its lines ended by \n.

    Raises Unreadable where it holds no row that could name columns.
    """
    if head.count("\0") * 4 > len(head):
        raise Unreadable(
            "the file is full of NUL bytes", 'if it is UTF-16 say [format] encoding = "utf-16-le"'
        )
    if not head.strip("\ufeff \t\r\n"):
        raise Unreadable("the file is empty")
    sep = _SEP.match(head)
    marks = spec.delimiter or (sep[1] if sep else _DELIMITERS)
    escapes = '\\"' in head and bool(_ESCAPED.search(head)) and '"' in head.replace('\\"', "")
    plain = head.replace('\\"', '""') if escapes else head
    found = [_try(plain, mark, spec.header, skip=1 if sep else 0) for mark in marks]
    layouts = [each for each in found if each is not None]
    if not layouts:
        where = f"line {spec.header}" if spec.header else "the first lines"
        raise Unreadable(f"{where} hold no header row", "name its line with [format] header = N")
    layout = max(layouts, key=lambda each: each[0])[1]
    if "'" in head and not spec.header and layout.names and all(map(_is_apostrophed, layout.names)):
        swapped = layout_of(head.translate(_SWAPPED), spec)
        return Layout(**{**vars(swapped), "apostrophes": True})
    return Layout(**{**vars(layout), "escapes": escapes})


def respelled(text: Iterator[bytes], layout: Layout) -> Iterator[bytes]:
    """The text (UTF-8) as RFC 4180 quotes cells; with apostrophes, those that are text and quotes change
    places."""
    held = b""
    for chunk in text:
        whole = held + chunk if held else chunk
        held = b"\\" if layout.escapes and whole.endswith(b"\\") else b""
        whole = whole[:-1] if held else whole
        if layout.escapes:
            whole = whole.replace(b'\\"', b'""')
        yield whole.translate(_SWAPPED_BYTES) if layout.apostrophes else whole
    if held:
        yield held


def swapped(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts with apostrophes for quotes and quotes for apostrophes."""
    for old, new in (("'", "\0"), ('"', "'"), ("\0", '"')):
        texts = pc.replace_substring(texts, old, new)
    return texts


def _is_apostrophed(name: str) -> bool:
    return len(name) > 1 and name.startswith("'") and name.endswith("'")


def _try(
    head: str, delimiter: str, header: int | None, skip: int
) -> tuple[tuple[bool, float, int], Layout] | None:
    """The layout if `delimiter` is the right one, and how likely that is."""
    sample = _sample(head, delimiter, skip)
    rows = sample.rows
    if header is None:
        place = header_row(rows)
    else:
        place = next((index for index, end in enumerate(sample.ends) if end >= header), None)
    if place is None:
        return None
    width, share = usual_width(rows)
    likely = (width > 1, share, width) if width > 1 else (False, 0.0, -_DELIMITERS.find(delimiter))
    cells = _fitted([cell.strip("\ufeff") for cell in rows[place]], rows[place + 1 :])
    above = tuple(_between(head, sample.starts[at], sample.ends[at]) for at in range(place))
    if header is None and width == len(rows[place]) and has_no_header(rows[place:]):
        nameless = column_names([""] * width)
        return likely, Layout(delimiter, nameless, sample.starts[place] - 1, above, repairs={NO_HEADER: 1})
    more = None
    if header is None and place + 2 < len(rows):
        more = continued(cells, rows[place + 1], rows[place + 2 :])
    names, place = column_names(more or cells), place + (1 if more else 0)
    units = units_in(rows[place + 1], names, rows[place + 2 :]) if place + 2 < len(rows) else None
    end = sample.ends[place + 1 if units else place]
    return likely, Layout(delimiter, names, end, above, units or {}, {JOINED_HEADER: 1} if more else {})


def _sample(head: str, delimiter: str, skip: int) -> _Sample:
    found = _Sample([], [], [])
    reader = csv.reader(io.StringIO(head), delimiter=delimiter)
    before = 0
    try:
        for row in reader:
            if row and reader.line_num > skip:
                found.rows.append(row)
                found.starts.append(before + 1)
                found.ends.append(reader.line_num)
            before = reader.line_num
            if len(found.rows) == _ROWS:
                break
    except csv.Error:  # a cell of more than 128 KiB: what came before it is sample enough
        pass
    if len(head) >= SAMPLE and 1 < len(found.rows) < _ROWS:
        for each in (found.rows, found.starts, found.ends):
            del each[-1]  # cut off by the end of the sample
    return found


def _between(head: str, start: int, end: int) -> tuple[int, str]:
    """A row as it is written, with the line on which it starts."""
    return start, "\n".join(head.split("\n", end)[start - 1 : end])


def _fitted(header: list[str], rows: list[list[str]]) -> list[str]:
    """The header made as wide as most rows: by columns without a name, or without names that are blank."""
    width, share = usual_width(rows)
    if share <= 0.5 or width == len(header):
        return header
    if width > len(header):
        return header + [""] * (width - len(header))
    return header[:width] if not any(cell.strip() for cell in header[width:]) else header
