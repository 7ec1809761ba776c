"""Read the visible sheets of an old Excel workbook (.xls) into typed columns."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any

import xlrd
from xlrd.compdoc import CompDocError

from harvesters.faults import Unreadable
from harvesters.formats import Parsed
from harvesters.reading.delimited.encoding import codec
from harvesters.reading.sheets.office_xml import office_sheets
from harvesters.reading.sheets.tables import Merged, Sheet, tables
from schemas.feed import FormatSpec

OPTIONS = frozenset({"crs", "encoding", "header", "member", "sheet", "x", "y"})

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# What xlrd runs into where a file is cut short or not what it says.
_BROKEN = (
    xlrd.XLRDError, CompDocError, zipfile.BadZipFile, struct.error, AssertionError, AttributeError,
    LookupError, TypeError, ValueError, OverflowError, MemoryError, OSError,
)  # fmt: skip


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table a sheet; raises Unreadable for a broken or encrypted workbook."""
    content = path.read_bytes()
    if _ENCRYPTED in content:
        raise Unreadable("the workbook is encrypted", "publish it without a password")
    is_xml = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"
    sheets = office_sheets(content) if is_xml else _sheets(content, spec.encoding)
    yield from tables(sheets, spec, "xls", spec.encoding)


def _sheets(content: bytes, encoding: str | None) -> Iterator[Sheet]:
    override = codec(encoding) if encoding else None
    try:
        # Only with formatting does xlrd tell which cells are merged.
        book = xlrd.open_workbook(
            file_contents=content,
            formatting_info=True,
            ragged_rows=True,
            logfile=io.StringIO(),
            encoding_override=override,
        )
        for sheet in book.sheets():
            rows = [[_value(cell, book.datemode) for cell in sheet.row(at)] for at in range(sheet.nrows)]
            merged = tuple(
                Merged(top, left, end - 1, right - 1) for top, end, left, right in sheet.merged_cells
            )
            yield Sheet(sheet.name, sheet.visibility != 0, rows, merged)
    except _BROKEN as error:
        if "encrypted" in str(error):
            raise Unreadable("the workbook is encrypted", "publish it without a password") from error
        raise Unreadable(
            f"the workbook cannot be read ({error})", "open and save it again as XLSX"
        ) from error


def _value(cell: Any, datemode: int) -> Any:
    if cell.ctype == xlrd.XL_CELL_DATE:
        return _moment(cell.value, datemode)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "#ERROR")
    return None if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) else cell.value


def _moment(value: float, datemode: int) -> datetime | time | float:
    """A date and time, a time of day below 1, or the number where it is no date that Excel knows."""
    try:
        moment: datetime = xlrd.xldate_as_datetime(value, datemode)
    except (xlrd.xldate.XLDateError, OverflowError, ValueError):
        return value
    return moment.time() if value < 1 else moment
