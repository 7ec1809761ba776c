"""Cut the text of a CSV file into rows: the sound ones together, the others set aside with a reason."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harvesters.reading.delimited.bits import Bits, between, bits_of, next_to, places_of

Positions = npt.NDArray[np.int64]
LONGEST_ROW = 16 << 20

_NEWLINE, _QUOTE = 10, 34
_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Reject:
    """A row that is not one: its line in the file, its text and why."""

    line: int
    value: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Piece:
    """Sound rows in UTF-8, each ended by a newline and of one width, and what was set aside among them.

    `lines` is the line of the file on which each row starts (from 1).
    """

    text: bytes
    lines: Positions
    rejects: list[Reject]


class Cutter:
    """Takes UTF-8 text with \\n line ends, in chunks; gives back whole rows of `width` cells.

    Quotes mean something at the start of a cell only, as in RFC 4180; elsewhere they are text. A quote
    that is never closed costs its own line, not the rest of the file.
    """

    def __init__(self, delimiter: str, width: int, line: int, longest: int = LONGEST_ROW) -> None:
        self._delimiter = delimiter.encode()
        self._width = width
        self._line = line
        self._longest = longest
        self._rest = b""
        self._cell, self._row, self._unfinished = _patterns(self._delimiter)

    def feed(self, chunk: bytes, *, last: bool = False) -> Piece:
        """The rows that end in what was fed so far; with `last`, all that are left."""
        buffer = self._rest + chunk
        if last and buffer and not buffer.endswith(b"\n"):
            buffer += b"\n"
        breaks, marks, newlines, sound = self._structure(buffer)
        end = int(breaks[-1]) + 1 if breaks.size else 0
        unfinished = len(buffer) - end
        if not sound or unfinished > self._longest or (last and unfinished):
            return self._walk(buffer, last)
        self._rest = buffer[end:]
        return self._sort(buffer[:end], breaks, marks, newlines[newlines < end])

    def _structure(self, buffer: bytes) -> tuple[Positions, Positions, Positions, bool]:
        """Row ends, cell ends, every newline, and whether all quotes stand where quotes may."""
        view = np.frombuffer(buffer, dtype=np.uint8)
        if b'"' not in buffer:
            newlines = np.flatnonzero(view == _NEWLINE)
            return newlines, np.flatnonzero(view == self._delimiter[0]), newlines, True
        ends, marks, quotes = (bits_of(view == sign) for sign in (_NEWLINE, self._delimiter[0], _QUOTE))
        inside = between(quotes)
        size = len(buffer)
        breaks, outside = places_of(ends & ~inside, size), places_of(marks & ~inside, size)
        return breaks, outside, places_of(ends, size), _well_placed(quotes, inside, ends | marks, size)

    def _sort(self, text: bytes, breaks: Positions, marks: Positions, newlines: Positions) -> Piece:
        """Part the sound rows of whole rows from the rest."""
        starts = np.concatenate(([0], breaks[:-1] + 1)) if breaks.size else _NONE
        lines = self._line + np.searchsorted(newlines, starts)
        self._line += int(newlines.size)
        cells = np.diff(np.searchsorted(marks, breaks), prepend=0) + 1
        sizes = breaks - starts
        good = (cells == self._width) & (sizes > 0)
        if b"\0" in text:
            nul = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 0)
            good[np.searchsorted(breaks, nul)] = False
        rejects = []
        for row in np.flatnonzero(~good):
            raw = text[starts[row] : breaks[row]]
            if raw.strip():
                rejects.append(self._reject(int(lines[row]), raw, int(cells[row])))
        return Piece(_joined(text, starts, breaks, good), lines[good], rejects)

    def _reject(self, line: int, raw: bytes, cells: int) -> Reject:
        value = raw.decode("utf-8", "surrogatepass")
        if b"\0" in raw:
            return Reject(
                line, value.replace("\0", "\\0"), "nul_byte", "the row holds a NUL byte, shown as \\0"
            )
        return Reject(line, value, "column_count", f"the row has {cells} cells, the header {self._width}")

    def _walk(self, buffer: bytes, last: bool) -> Piece:
        """Cut row by row where quotes are astray, rewriting sound rows so that their quotes are plain."""
        rows: list[bytes] = []
        strays: list[Reject] = []
        newlines: list[int] = []
        lines: list[int] = []
        at, line = 0, self._line
        while at < len(buffer):
            match = self._row.match(buffer, at)
            if match is None and not last and self._may_go_on(buffer, at):
                break
            if match is None:
                end = buffer.find(b"\n", at)
                end = len(buffer) - 1 if end < 0 else end
                value = buffer[at:end].decode("utf-8", "surrogatepass")
                strays.append(
                    Reject(line, value, "quotes", "a quoted cell is not closed, or text follows its end")
                )
            else:
                end = match.end() - 1
                rows.append(self._plain(match[0]))
                lines.append(line)
            newlines.append(buffer.count(b"\n", at, end + 1))
            at, line = end + 1, line + newlines[-1]
        self._rest = buffer[at:]
        return self._sorted_rows(rows, lines, strays, line)

    def _sorted_rows(self, rows: list[bytes], lines: list[int], strays: list[Reject], line: int) -> Piece:
        text = b"".join(rows)
        breaks, marks, _, _ = self._structure(text)
        self._line = 0
        piece = self._sort(text, breaks, marks, breaks)
        self._line = line
        starts = np.array(lines, dtype=np.int64)
        rejects = [Reject(lines[r.line], r.value, r.reason, r.detail) for r in piece.rejects]
        merged = sorted([*rejects, *strays], key=lambda reject: reject.line)
        return Piece(piece.text, starts[piece.lines], merged)

    def _may_go_on(self, buffer: bytes, at: int) -> bool:
        """Whether the row that starts here may yet be completed by what has not been read."""
        if len(buffer) - at > self._longest:
            return False
        return self._unfinished.match(buffer, at) is not None

    def _plain(self, row: bytes) -> bytes:
        if b'"' not in row:
            return row
        cells = self._cells(row[:-1])
        return self._delimiter.join(_quoted(cell) for cell in cells) + b"\n"

    def _cells(self, row: bytes) -> list[bytes]:
        """The cells of a row as they are written, quotes and all."""
        cells, at = [], 0
        while True:
            match = self._cell.match(row, at)
            assert match is not None  # the row pattern is made of this one
            cells.append(match[0])
            at = match.end() + 1
            if match.end() >= len(row):
                return cells


def _well_placed(quotes: Bits, inside: Bits, signs: Bits, size: int) -> bool:
    """Whether each quote opens behind the start of the text, a sign or a quote, and closes before the like.

    A doubled quote is a closing and an opening one side by side, which holds on both sides.
    """
    allowed = signs | quotes
    stray = quotes & inside & ~next_to(allowed, first=True)
    behind = next_to(quotes & ~inside) & ~allowed
    if size % 64:
        behind[-1] &= (np.uint64(1) << np.uint64(size % 64)) - np.uint64(1)  # The end of the text is allowed.
    return not (stray.any() or behind.any())


def _quoted(cell: bytes) -> bytes:
    if cell.startswith(b'"'):
        return cell.rstrip(b" \t")
    return b'"' + cell.replace(b'"', b'""') + b'"' if b'"' in cell else cell


def _patterns(delimiter: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes], re.Pattern[bytes]]:
    """What a cell is, what a row is, and what a row is whose end has not been read yet."""
    mark = re.escape(delimiter)
    quoted, bare = rb'"[^"]*+(?:""[^"]*+)*+', rb'(?!")[^\n' + mark + rb"]*+"
    cell = rb"(?:" + quoted + rb'"[ \t]*+(?=[\n' + mark + rb"]|\Z)|" + bare + rb")"
    row = cell + rb"(?:" + mark + cell + rb")*+\n"
    unfinished = rb"(?:" + cell + mark + rb")*+(?:" + quoted + rb'(?:"[ \t]*+)?\Z|' + bare + rb"\Z)"
    return re.compile(cell), re.compile(row), re.compile(unfinished)


def _joined(text: bytes, starts: Positions, breaks: Positions, good: npt.NDArray[np.bool_]) -> bytes:
    """The good rows alone; runs of them are copied at once."""
    if good.all():
        return text
    edges = np.flatnonzero(np.diff(good, prepend=False, append=False))
    return b"".join(
        text[starts[a] : breaks[b - 1] + 1] for a, b in zip(edges[0::2], edges[1::2], strict=True)
    )
