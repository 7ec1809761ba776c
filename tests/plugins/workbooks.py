"""Write small workbooks as office programs do, one sheet or several."""

from __future__ import annotations

import datetime as dt
from typing import Any
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><fonts><font/></fonts><fills><fill/></fills><borders><border/></borders>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
)


def workbook(sheets: dict[str, str], hidden: tuple[str, ...] = ()) -> dict[str, bytes]:
    """The files of an .xlsx with these sheets, each given as the XML of its rows."""
    listed, related, files = "", _relation("s", "styles", "styles.xml"), {"xl/styles.xml": STYLES}
    for number, (name, rows) in enumerate(sheets.items(), start=1):
        state = ' state="hidden"' if name in hidden else ""
        listed += f'<sheet name="{name}" sheetId="{number}"{state} r:id="r{number}"/>'
        related += _relation(f"r{number}", "worksheet", f"worksheets/s{number}.xml")
        files[f"xl/worksheets/s{number}.xml"] = f'<worksheet xmlns="{MAIN}">{rows}</worksheet>'
    start, end = f'<Relationships xmlns="{PACKAGE}/relationships">', "</Relationships>"
    book = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>'
    files["[Content_Types].xml"] = f'<Types xmlns="{PACKAGE}/content-types"/>'
    files["_rels/.rels"] = start + _relation("a", "officeDocument", "xl/workbook.xml") + end
    files["xl/workbook.xml"] = book
    files["xl/_rels/workbook.xml.rels"] = start + related + end
    return {name: content.encode() for name, content in files.items()}


def _relation(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"/>'


def data(*rows: list[Any], merge: str = "") -> str:
    """The XML of rows of cells; a date is written as Excel counts days, `merge` names areas with blanks."""
    written = ""
    for at, row in enumerate(rows, start=1):
        cells = "".join(_cell(f"{chr(65 + column)}{at}", value) for column, value in enumerate(row))
        written += f'<row r="{at}">{cells}</row>'
    areas = "".join(f'<mergeCell ref="{area}"/>' for area in merge.split())
    merged = f"<mergeCells>{areas}</mergeCells>" if areas else ""
    return f"<sheetData>{written}</sheetData>{merged}"


def _cell(place: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    if isinstance(value, dt.date):
        return f'<c r="{place}" s="1"><v>{(value - dt.date(1899, 12, 30)).days}</v></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


ODF = "urn:oasis:names:tc:opendocument:xmlns"
NAMES = " ".join(f'xmlns:{each}="{ODF}:{each}:1.0"' for each in ("office", "table", "text"))


def ods(sheets: dict[str, str]) -> dict[str, bytes]:
    """The files of an .ods with these sheets, each given as the XML of its rows."""
    tables = "".join(
        f'<table:table table:name="{name}">{rows}</table:table>' for name, rows in sheets.items()
    )
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    entry = f'<m:file-entry m:full-path="/" m:media-type="{kind}"/>'
    files = {
        "mimetype": kind,
        "META-INF/manifest.xml": f'<m:manifest xmlns:m="{ODF}:manifest:1.0">{entry}</m:manifest>',
        "content.xml": f"<office:document-content {NAMES}>{body}</office:document-content>",
    }
    return {name: content.encode() for name, content in files.items()}


def ods_row(*cells: Any, **attributes: int) -> str:
    """The XML of a row; a tuple is a text that spans so many columns and rows, None an empty cell."""
    said = "".join(f' table:number-{name.replace("_", "-")}="{count}"' for name, count in attributes.items())
    return f"<table:table-row{said}>{''.join(map(_ods_cell, cells))}</table:table-row>"


def _ods_cell(value: Any) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, tuple):
        text, across, down = value
        spans = f'table:number-columns-spanned="{across}" table:number-rows-spanned="{down}"'
        return (
            f'<table:table-cell office:value-type="string" {spans}><text:p>{text}</text:p></table:table-cell>'
        )
    if isinstance(value, dt.date):
        said = f'office:value-type="date" office:date-value="{value.isoformat()}"'
    elif isinstance(value, str):
        said = 'office:value-type="string"'
    else:
        said = f'office:value-type="float" office:value="{value}"'
    return f"<table:table-cell {said}><text:p>{escape(str(value))}</text:p></table:table-cell>"
