"""Read the table of a web page that is a table: what many portals send as their .xls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lxml import etree, html

from harvesters.formats import Parsed
from harvesters.reading.delimited.encoding import read_text
from harvesters.reading.kinds.signs import page
from harvesters.reading.sheets.tables import Merged, Sheet, refuse_far_cells, tables
from schemas.feed import FormatSpec

OPTIONS = frozenset({"crs", "encoding", "header", "member", "sheet", "x", "y"})

_WIDEST = 1000
"""How many columns a cell may span; browsers end there too."""
_SPANS = ("colspan", "rowspan")
_BROKEN_SPAN = "broken_span"
"""The word for cells whose span is no number: they are taken to fill one cell, as browsers do."""
_SILENT = ("script", "style", "head", "noscript", "template")


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table a table of the page, under its caption where there are several.

    Raises Unreadable for a page that says more beside its tables than in them: that is no data.
    """
    text, encoding = read_text(path, spec.encoding)
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        root = html.document_fromstring(text.encode("utf-8", "surrogatepass"), parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise page("the file") from error
    etree.strip_elements(root, *_SILENT, with_tail=False)
    found = [each for each in root.iter("table") if next(each.iterdescendants("table"), None) is None]
    sheets = [_sheet(each, number) for number, each in enumerate(found, start=1)]
    data = [each for each in sheets if len(each.rows) > 1 and any(len(row) > 1 for row in each.rows)]
    inside = sum(len(_text(each)) for each in found)
    if not data or inside * 2 < len(_text(root)):
        raise page("the file")
    broken = sum(
        _is_broken(cell, name) for each in found for cell in each.iter("td", "th") for name in _SPANS
    )
    said = {_BROKEN_SPAN: broken} if broken else {}
    for parsed in tables(iter(data), spec, "html", encoding):
        yield replace(parsed, repairs={**parsed.repairs, **said})
        said = {}


def _sheet(table: html.HtmlElement, number: int) -> Sheet:
    """The cells of a table in rows, those that span others as merged ones."""
    rows: list[dict[int, str]] = []
    taken: set[tuple[int, int]] = set()
    merged: list[Merged] = []
    lines = list(table.iter("tr"))
    for top, row in enumerate(lines):
        cells: dict[int, str] = {}
        left = 0
        for cell in row.iterchildren("td", "th"):
            while (top, left) in taken:
                left += 1
            across = min(_span(cell, "colspan"), _WIDEST)
            down = min(_span(cell, "rowspan"), len(lines) - top)
            refuse_far_cells("the table", top + down, left + across)
            taken |= {(top + y, left + x) for y in range(down) for x in range(across)} if down > 1 else set()
            if down > 1 or across > 1:
                merged.append(Merged(top, left, top + down - 1, left + across - 1))
            cells[left] = _text(cell)
            left += across
        rows.append(cells)
    return Sheet(_title(table, number), False, _grid(rows), tuple(merged))


def _grid(rows: list[dict[int, str]]) -> list[list[str]]:
    width = max((left + 1 for row in rows for left in row), default=0)
    refuse_far_cells("the table", len(rows), width)
    return [[row.get(left, "") for left in range(width)] for row in rows]


def _span(cell: html.HtmlElement, name: str) -> int:
    written = cell.get(name, "1").strip()
    return max(1, int(written)) if _is_count(written) else 1


def _is_broken(cell: html.HtmlElement, name: str) -> bool:
    return not _is_count(cell.get(name, "1").strip())


def _is_count(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) < 6


def _title(table: html.HtmlElement, number: int) -> str:
    caption = table.find("caption")
    return (_text(caption) if caption is not None else "")[:80] or f"table {number}"


def _text(element: html.HtmlElement) -> str:
    for line_break in element.iter("br"):
        line_break.tail = " " + (line_break.tail or "")
    return " ".join(element.text_content().split())
