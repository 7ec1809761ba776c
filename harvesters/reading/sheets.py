"""Make a table of a worksheet: the header found and flattened, the cells typed as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.reading.columnar import column_of
from harvesters.reading.headers import column_names, header_row
from schemas.problem import did_you_mean

Row = Sequence[Any]
_SAMPLE_ROWS = 200
_MOST_HEADER_ROWS = 8


@dataclass(frozen=True)
class Merged:
    """Merged cells, both ends included, from 0."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """A worksheet from its first row and column on; an empty cell is None or ""."""

    name: str
    hidden: bool
    rows: Sequence[Row]
    merged: tuple[Merged, ...] = ()


@dataclass(frozen=True)
class Table:
    """The rows below the header; `lines` are their sheet rows, from 1."""

    name: str
    table: pa.Table
    lines: pa.Array


def tables(sheets: Iterator[Sheet], wanted: str | None, header: int | None) -> Iterator[Table]:
    """The sheet that is wanted, or each visible one that holds data; the first header where none does."""
    known: list[str] = []
    empty: Table | None = None
    found = 0
    for sheet in sheets:
        known.append(sheet.name)
        if sheet.name != wanted if wanted else sheet.hidden:
            continue
        made = _table(sheet, header)
        if made and (made.lines or wanted):
            found += 1
            yield made
        empty = empty or made
    if wanted and wanted not in known:
        raise FeedMisconfigured(
            f"[format] sheet = {wanted!r} is not in the workbook", did_you_mean(wanted, known)
        )
    if not found and empty is None:
        raise Unreadable("no visible sheet of the workbook holds data", "[format] sheet names a hidden one")
    if not found and empty is not None:
        yield empty


def named(found: list[Table]) -> Iterator[Table]:
    """The tables under their sheets' names, or under none where there is one."""
    for each in found:
        yield each if len(found) > 1 else Table("", each.table, each.lines)


def _table(sheet: Sheet, header: int | None) -> Table | None:
    rows = [[_value(cell) for cell in row] for row in sheet.rows]
    top = header - 1 if header else header_row([[_text(cell) for cell in row] for row in rows[:_SAMPLE_ROWS]])
    if top is None or top >= len(rows):
        return None
    width = max(len(row) for row in rows)
    rows = [row + [None] * (width - len(row)) for row in rows]
    first, last = (top, top) if header else _header_span(rows, top, sheet.merged)
    if not header and not any(isinstance(cell, str) for row in rows[first : last + 1] for cell in row):
        names, first_row = column_names([""] * width), first  # numbers only: there is no header
    else:
        names, first_row = column_names(_flattened(rows, first, last, sheet.merged)), last + 1
    kept = [
        (at + 1, row) for at, row in enumerate(rows) if at >= first_row and any(c is not None for c in row)
    ]
    columns = {name: column_of(name, [row[at] for _, row in kept]) for at, name in enumerate(names)}
    blank = [name for at, name in enumerate(names) if name == f"column_{at + 1}" and _is_blank(columns[name])]
    table = pa.table(columns).drop_columns(blank)
    return Table(sheet.name, table, pa.array([line for line, _ in kept], pa.int64()))


def _header_span(rows: list[list[Any]], top: int, merged: tuple[Merged, ...]) -> tuple[int, int]:
    """The first and last row of the header that has `top` in it."""
    first = last = top
    while first > 0 and any(_is_group(each, rows) and each.top == first - 1 for each in merged):
        first -= 1
    for row in range(first, min(len(rows), first + _MOST_HEADER_ROWS)):
        if row > last and not _goes_on(rows[row - 1], rows[row]):
            break
        last = max(last, row)
        for each in merged:
            if each.top == row and (each.bottom > row or _is_group(each, rows)):
                below = each.bottom + (1 if _is_group(each, rows) else 0)
                last = max(last, min(below, len(rows) - 1))
    return first, last


def _is_group(merged: Merged, rows: list[list[Any]]) -> bool:
    """Whether merged cells head several columns, but not all of them as a title does."""
    width = merged.right - merged.left + 1
    return 1 < width < len(rows[0]) and bool(_text(rows[merged.top][merged.left]))


def _goes_on(above: list[Any], row: list[Any]) -> bool:
    """Whether a row repeats part of the header above it, as exports that cannot merge cells do."""
    if not all(isinstance(cell, str) for cell in row if cell is not None):
        return False
    same = [cell == upper for cell, upper in zip(row, above, strict=True) if cell is not None]
    return any(same) and not all(same)


def _flattened(rows: list[list[Any]], first: int, last: int, merged: tuple[Merged, ...]) -> list[str]:
    """One name a column: what stands above it, from top to bottom, each part once."""
    header = [list(row) for row in rows[first : last + 1]]
    for each in merged:
        if first <= each.top <= last:
            for row in range(each.top, min(each.bottom, last) + 1):
                for column in range(each.left, min(each.right, len(rows[0]) - 1) + 1):
                    header[row - first][column] = rows[each.top][each.left]
    names = []
    for cells in zip(*header, strict=True):
        parts = dict.fromkeys(" ".join(_text(cell).split()) for cell in cells)
        names.append("_".join(filter(None, parts)))
    return names


def _value(cell: Any) -> Any:
    """The cell without what its format adds: no blank text, no `.0`, no midnight."""
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date()
    return str(cell) if isinstance(cell, timedelta) else cell


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _is_blank(column: pa.Array) -> bool:
    return bool(column.null_count == len(column))
