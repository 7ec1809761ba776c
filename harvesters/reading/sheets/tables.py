"""Make a table of a worksheet: the header found and flattened, the cells typed as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import Parsed
from harvesters.reading.around import (
    FOOTER,
    JOINED_HEADER,
    NO_HEADER,
    TITLE_ROWS,
    footers,
    has_no_header,
    set_aside,
    units_in,
)
from harvesters.reading.columnar import column_of
from harvesters.reading.headers import column_names, header_row
from schemas.feed import FormatSpec
from schemas.problem import did_you_mean

Row = Sequence[Any]
_SAMPLE_ROWS = 200
_MOST_HEADER_ROWS = 8
_MOST_CELLS = 20_000_000


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
class _Layout:
    """Where the header is; the rows start at `below`. All rows count from 0."""

    first: int
    below: int
    names: tuple[str, ...]
    units: dict[str, str]
    repairs: dict[str, int]


def tables(sheets: Iterator[Sheet], spec: FormatSpec, kind: str, encoding: str | None) -> Iterator[Parsed]:
    """The sheet that is wanted, or each visible one that holds rows, under their names where there are
    several; the first that holds a header where none holds more.

    Raises Unreadable where there is none, FeedMisconfigured where the wanted one is missing.
    """
    made: list[Parsed] = []
    known: list[str] = []
    hidden = 0
    for sheet in sheets:
        hidden += bool(sheet.hidden and sheet.rows and not spec.sheet)
        known.append(sheet.name)
        if sheet.name == spec.sheet if spec.sheet else not sheet.hidden:
            table = _table(sheet, spec.header)
            made += [replace(table, kind=kind, encoding=encoding)] if table else []
    if spec.sheet and spec.sheet not in known:
        raise FeedMisconfigured(
            f"[format] sheet = {spec.sheet!r} is not in the workbook", did_you_mean(spec.sheet, known)
        )
    if not made:
        raise Unreadable("no visible sheet of the workbook holds data", "[format] sheet names a hidden one")
    filled = [each for each in made if each.table.num_rows] or made[:1]
    for place, each in enumerate(filled):
        # Said once: a steward who wants such a sheet names it.
        said = {"hidden_sheet": hidden} if hidden and not place else {}
        name = each.name if len(filled) > 1 else ""
        yield replace(each, name=name, repairs={**each.repairs, **said})


def refuse_far_cells(where: str, rows: int, columns: int) -> None:
    """Raise Unreadable where the farthest cell lies too far out: readers make room for all up to it."""
    if rows * columns > _MOST_CELLS:
        raise Unreadable(
            f"{where} has a cell in row {rows:,} and column {columns:,}, too far out to be a table",
            "delete stray cells far from the table",
        )


def _table(sheet: Sheet, header: int | None) -> Parsed | None:
    width = max((len(row) for row in sheet.rows), default=0)
    rows = [[_value(cell) for cell in row] + [None] * (width - len(row)) for row in sheet.rows]
    found = _layout(rows, header, sheet.merged)
    if found is None:
        return None
    filled = [at for at, row in enumerate(rows) if any(cell is not None for cell in row)]
    places = [at for at in filled if at >= found.below]
    tail = [_texts(rows[at]) for at in places]
    last = len(places) - footers(tail)
    above = sum(at < found.first for at in filled)
    kept = [rows[at] for at in places[:last]]
    columns = {name: column_of(name, [row[at] for row in kept]) for at, name in enumerate(found.names)}
    blank = [n for at, n in enumerate(found.names) if n == f"column_{at + 1}" and _is_blank(columns[n])]
    return Parsed(
        table=pa.table(columns).drop_columns(blank),
        lines=pa.array([at + 1 for at in places[:last]], pa.int64()),
        kind="",
        name=sheet.name,
        rejects=set_aside(_written(rows, places[last:]), *FOOTER),
        units=found.units,
        # What stands above a sheet's header is its layout, and no row that was left out.
        repairs={**found.repairs, **({TITLE_ROWS: above} if above else {})},
    )


def _layout(rows: list[list[Any]], header: int | None, merged: tuple[Merged, ...]) -> _Layout | None:
    """What names the columns; None where the sheet is empty or ends before its header."""
    sample = [_texts(row) for row in rows[:_SAMPLE_ROWS]]
    top = header - 1 if header else header_row(sample)
    if top is None or top >= len(rows):
        return None
    first, last = (top, top) if header else _header_span(rows, top, merged)
    wordless = not any(isinstance(cell, str) for row in rows[first : last + 1] for cell in row)
    if not header and (wordless or (first == last and has_no_header(sample[first:]))):
        return _Layout(first, first, column_names([""] * len(rows[0])), {}, {NO_HEADER: 1})
    names = column_names(_flattened(rows, first, last, merged))
    units = units_in(sample[last + 1], names, sample[last + 2 :]) if last + 1 < len(sample) else None
    repairs = {JOINED_HEADER: 1} if last > first else {}
    return _Layout(first, last + (2 if units else 1), names, units or {}, repairs)


def _written(rows: list[list[Any]], places: list[int]) -> Iterator[tuple[int, str]]:
    """The rows at these places, each with its number in the sheet and its cells as one text."""
    return ((at + 1, " | ".join(filter(None, _texts(rows[at])))) for at in places)


def _texts(row: Row) -> list[str]:
    return [_text(cell) for cell in row]


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
