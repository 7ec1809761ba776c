"""Read the visible sheets of an OpenDocument spreadsheet (.ods, or flat .fods) into typed columns."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from lxml import etree

from harvesters.faults import Unreadable
from harvesters.formats import Parsed
from harvesters.reading.kinds.archives import members, reading
from harvesters.reading.sheets.tables import Merged, refuse_far_cells, tables
from harvesters.reading.sheets.workbook import workbook_sheets
from schemas.feed import FormatSpec

OPTIONS = frozenset({"crs", "header", "member", "sheet", "x", "y"})

_MANIFEST = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_SHEET, _ROW = f"{_TABLE}table", f"{_TABLE}table-row"
_CELL, _COVERED = f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"
_ROWS, _COLUMNS = f"{_TABLE}number-rows-repeated", f"{_TABLE}number-columns-repeated"
_DOWN, _ACROSS = f"{_TABLE}number-rows-spanned", f"{_TABLE}number-columns-spanned"


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table a sheet; raises Unreadable for a broken, encrypted or absurdly wide workbook."""
    with TemporaryDirectory(prefix="entrepot-ods-") as folder:
        packed = path if zipfile.is_zipfile(path) else _packed(path, Path(folder, "flat.ods"))
        merged = dict(_extents(packed))
        sheets = workbook_sheets(packed, merged)
        yield from tables(sheets, spec, "ods", "utf-8")


def _packed(flat: Path, to: Path) -> Path:
    """A workbook that is one XML document, packed as others are."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
        archive.write(flat, "content.xml")
    return to


def _extents(path: Path) -> Iterator[tuple[str, tuple[Merged, ...]]]:
    """The merged cells of each sheet, once its size is known to be that of a table.

    A few bytes can say that a row is there a million times, and the reader makes room for all of them.
    """
    found = next((each for each in members(path) if each.name == "content.xml"), None)
    if found is None:
        raise Unreadable("the file holds no spreadsheet", "open and save it again as ODS")
    name, row, columns, merged = "", 0, 0, list[Merged]()
    with (
        reading("the workbook"),
        zipfile.ZipFile(path) as archive,
        archive.open(archive.infolist()[found.place]) as content,
    ):
        try:
            for event, element in etree.iterparse(
                content, ("start", "end"), tag=(_SHEET, _ROW), resolve_entities=False, no_network=True
            ):
                if event == "start" and element.tag == _SHEET:
                    name, row, columns, merged = element.get(f"{_TABLE}name", ""), 0, 0, []
                elif event == "end" and element.tag == _SHEET:
                    yield name, tuple(merged)
                elif event == "end":
                    wide, spans = _row(element, row)
                    merged += spans
                    if wide:
                        columns = max(columns, wide)
                        refuse_far_cells(name, row + _count(element, _ROWS), columns)
                    row += _count(element, _ROWS)
                    element.clear()
        except etree.XMLSyntaxError as error:
            raise Unreadable(
                f"the workbook cannot be read ({error})", "open and save it again as ODS"
            ) from error


def _row(row: etree._Element, number: int) -> tuple[int, list[Merged]]:
    """How many columns the row fills, and the merged cells that start in it."""
    at, wide, merged = 0, 0, []
    for cell in row.iter(_CELL, _COVERED):
        count = _count(cell, _COLUMNS)
        down, across = _count(cell, _DOWN), _count(cell, _ACROSS)
        if down > 1 or across > 1:
            merged.append(Merged(number, at, number + down - 1, at + across - 1))
        at += count
        wide = at if len(cell) else wide
    return wide, merged


def _count(element: etree._Element, name: str) -> int:
    written = element.get(name, "1")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else 1
