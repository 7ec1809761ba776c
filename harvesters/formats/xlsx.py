"""Read the visible sheets of an Excel workbook (.xlsx) into typed columns."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import python_calamine as calamine

from harvesters.faults import Unreadable
from harvesters.formats import Parsed
from harvesters.reading.archives import Member, members, reading
from harvesters.reading.sheets import Merged, Sheet, named, tables
from schemas.feed import FormatSpec

OPTIONS = frozenset({"crs", "header", "member", "sheet", "x", "y"})

_MOST_CELLS = 20_000_000
_CHUNK = 4 << 20
# A cell with something in it: its column and row.
_FILLED = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["'](?:[^>]*[^/>])?>""")


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table a sheet; raises Unreadable for a broken, encrypted or absurdly wide workbook."""
    for member in members(path):
        if member.name.startswith("xl/worksheets/") and member.suffix == ".xml":
            _refuse_far_cells(path, member)
    try:
        found = list(tables(_sheets(path), spec.sheet, spec.header))
    except calamine.PasswordError as error:
        raise Unreadable("the workbook is encrypted", "publish it without a password") from error
    except (calamine.CalamineError, OSError) as error:
        raise Unreadable(
            f"the workbook cannot be read ({error})", "open and save it again in Excel"
        ) from error
    for each in named(found):
        yield Parsed(each.table, each.lines, "xlsx", each.name, "utf-8")


def _sheets(path: Path) -> Iterator[Sheet]:
    workbook = calamine.CalamineWorkbook.from_path(path)
    for about in workbook.sheets_metadata:
        if about.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        sheet = workbook.get_sheet_by_name(about.name)
        ranges = sheet.merged_cell_ranges or []
        yield Sheet(
            name=about.name,
            hidden=about.visible != calamine.SheetVisibleEnum.Visible,
            rows=sheet.to_python(skip_empty_area=False) if sheet.start else [],
            merged=tuple(Merged(*start, *end) for start, end in ranges),
        )


def _refuse_far_cells(path: Path, member: Member) -> None:
    """The reader makes room for all cells up to the farthest, and dies where there is not enough."""
    rows, columns, before = 0, 0, b""
    with (
        reading(f"{member.name!r} in the workbook"),
        zipfile.ZipFile(path) as archive,
        archive.open(archive.infolist()[member.place]) as sheet,
    ):
        while data := sheet.read(_CHUNK):
            cells = _FILLED.findall(before + data)
            rows = max([rows, *map(int, {row for _, row in cells})])
            columns = max([columns, *map(_column, {letters for letters, _ in cells})])
            before = data[-200:]
    if rows * columns > _MOST_CELLS:
        raise Unreadable(
            f"{member.name} has a cell in row {rows:,} and column {columns:,}, too far out to be a table",
            "delete stray cells far from the table",
        )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
