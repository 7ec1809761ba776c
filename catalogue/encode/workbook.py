"""What a workbook is besides its rows: the list of its sheets, the styles of dates, the head lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import quoteattr

from catalogue.rows.question.plan import ID_COLUMN
from schemas.dataset import Column

_DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WIDTHS = {"time": 27, "date": 12}
_FORMATS = ("yyyy-mm-dd", 'yyyy-mm-dd"T"hh:mm:ss"Z"', 'yyyy-mm-dd"T"hh:mm:ss.000"Z"')
_FIRST_FORMAT = 164  # lower ones are built in (18.8.30)
_LONGEST_TITLE = 31


def opening() -> Iterator[tuple[str, bytes]]:
    """The paths and texts of the files before the sheets; by their names a file is known for a workbook."""
    yield "_rels/.rels", _text(_relations([("xl/workbook.xml", "officeDocument")]))
    yield "xl/styles.xml", _text(_styles())


def closing(name: str, sheets: int) -> Iterator[tuple[str, bytes]]:
    """The paths and texts of the files behind so many sheets, which tell of them."""
    numbers = range(1, sheets + 1)
    relations = [(f"worksheets/sheet{n}.xml", "worksheet") for n in numbers] + [("styles.xml", "styles")]
    listed = "".join(
        f'<sheet name={quoteattr(_title(name, n))} sheetId="{n}" r:id="rId{n}"/>' for n in numbers
    )
    book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
    yield "xl/workbook.xml", _text(book)
    yield "xl/_rels/workbook.xml.rels", _text(_relations(relations))
    yield "[Content_Types].xml", _text(_types(sheets))


def letters(index: int) -> bytes:
    """What a sheet calls a column by its place from 0 on: A, B, ... Z, AA, AB ..."""
    before, last = divmod(index, 26)
    return (letters(before - 1) if before else b"") + bytes([ord("A") + last])


def sheet_head(columns: Sequence[Column]) -> bytes:
    """A sheet up to its first row, the names of the columns, which stays in sight."""
    described = (ID_COLUMN, *columns)
    widths = "".join(
        f'<col min="{i}" max="{i}" width="{_WIDTHS[c.type]}" customWidth="1"/>'
        for i, c in enumerate(described, 1)
        if c.type in _WIDTHS
    )
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    view = f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
    wide = f"<cols>{widths}</cols>" if widths else ""
    return _text(f'<worksheet xmlns="{_MAIN}">{view}{wide}<sheetData>')


def _text(xml: str) -> bytes:
    return f"{_DECLARED}{xml}".encode()


def _title(name: str, number: int) -> str:
    """What a sheet may be called: 31 letters without those that references are made of."""
    ending = f" {number}" if number > 1 else ""
    plain = re.sub(r"[\[\]:*?/\\']", "_", name) or "rows"
    return plain[: _LONGEST_TITLE - len(ending)] + ending


def _types(sheets: int) -> str:
    parts = [("/xl/workbook.xml", "sheet.main"), ("/xl/styles.xml", "styles")]
    parts += [(f"/xl/worksheets/sheet{n}.xml", "worksheet") for n in range(1, sheets + 1)]
    listed = "".join(
        f'<Override PartName="{path}" ContentType="{_KIND}.{kind}+xml"/>' for path, kind in parts
    )
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    defaults = f'<Default Extension="rels" ContentType="{relations}"/>'
    defaults += '<Default Extension="xml" ContentType="application/xml"/>'
    return f'<Types xmlns="{_PACKAGE}/content-types">{defaults}{listed}</Types>'


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (target, kind) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _styles() -> str:
    """The first style is that of all other cells; those of dates follow in the order of `_FORMATS`."""
    numbered = list(enumerate(_FORMATS, _FIRST_FORMAT))
    formats = "".join(f'<numFmt numFmtId="{n}" formatCode={quoteattr(code)}/>' for n, code in numbered)
    plain = 'fontId="0" fillId="0" borderId="0"'
    styles = "".join(
        f'<xf numFmtId="{n}" {plain} xfId="0" applyNumberFormat="1"/>' for n, _ in [(0, ""), *numbered]
    )
    fills = '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    return (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="{len(numbered)}">{formats}</numFmts>'
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        f'<fills count="2">{fills}</fills><borders count="1"><border/></borders>'
        f'<cellStyleXfs count="1"><xf numFmtId="0" {plain}/></cellStyleXfs>'
        f'<cellXfs count="{len(numbered) + 1}">{styles}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )
