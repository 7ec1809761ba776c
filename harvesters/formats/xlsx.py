"""Read the visible sheets of an Excel workbook (.xlsx) into typed columns."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from harvesters.formats import Parsed
from harvesters.reading.kinds.archives import Member, members, reading
from harvesters.reading.sheets.tables import refuse_far_cells, tables
from harvesters.reading.sheets.workbook import workbook_sheets
from schemas.feed import FormatSpec

OPTIONS = frozenset({"crs", "header", "member", "sheet", "x", "y"})

_CHUNK = 4 << 20
# A cell with something in it: its column and row.
_FILLED = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["'](?:[^>]*[^/>])?>""")


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table a sheet; raises Unreadable for a broken, encrypted or absurdly wide workbook."""
    for member in members(path):
        if member.name.startswith("xl/worksheets/") and member.suffix == ".xml":
            _measure(path, member)
    yield from tables(workbook_sheets(path), spec, "xlsx", "utf-8")


def _measure(path: Path, member: Member) -> None:
    """Raise Unreadable where a cell lies too far out."""
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
    refuse_far_cells(member.name, rows, columns)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
