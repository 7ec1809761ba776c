"""Read the sheets of a workbook that Excel wrote as one XML document (2003), often under the name .xls."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lxml import etree

from harvesters.faults import Unreadable
from harvesters.reading.sheets.tables import Merged, Sheet, refuse_far_cells

_NS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_HIDDEN = ".//{urn:schemas-microsoft-com:office:excel}Visible"


def office_sheets(content: bytes) -> Iterator[Sheet]:
    """The sheets in order; raises Unreadable where the XML is broken or its cells lie too far out."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.parse(io.BytesIO(content), parser).getroot()
    except (etree.XMLSyntaxError, LookupError) as error:
        raise Unreadable(f"the workbook cannot be read ({error})", "save it again as XLSX") from error
    for sheet in root.iter(f"{_NS}Worksheet"):
        yield _sheet(sheet)


def _sheet(sheet: etree._Element) -> Sheet:
    name, hidden = sheet.get(f"{_NS}Name", ""), sheet.find(_HIDDEN) is not None
    cells: dict[tuple[int, int], Any] = {}
    merged: list[Merged] = []
    top, bottom, right = -1, -1, -1
    for row in sheet.iter(f"{_NS}Row"):
        top = _place(row, top + 1)
        left = -1
        for cell in row.iter(f"{_NS}Cell"):
            left = _place(cell, left + 1)
            across, down = _number(cell, "MergeAcross"), _number(cell, "MergeDown")
            if across or down:
                merged.append(Merged(top, left, top + down, left + across))
            value = _value(cell.find(f"{_NS}Data"))
            if value is not None:
                cells[top, left] = value
                bottom, right = max(bottom, top), max(right, left)
                refuse_far_cells(name, bottom + 1, right + 1)
            left += across
    rows = [[cells.get((y, x)) for x in range(right + 1)] for y in range(bottom + 1)]
    return Sheet(name, hidden, rows, tuple(merged))


def _place(element: etree._Element, usual: int) -> int:
    """Where a row or cell is, from 0: the next place, or the one it names."""
    return max(usual, _number(element, "Index") - 1)


def _number(element: etree._Element, name: str) -> int:
    written = element.get(f"{_NS}{name}", "0")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 8 else 0


def _value(data: etree._Element | None) -> Any:
    text = "" if data is None else "".join(map(str, data.itertext()))
    kind = None if data is None else data.get(f"{_NS}Type")
    if not text.strip():
        return None
    try:
        if kind == "Number":
            return float(text)
        if kind == "DateTime":
            return datetime.fromisoformat(text)
    except ValueError:
        return text
    return text == "1" if kind == "Boolean" else text
