"""Read the attributes that a KML holds as a table of names and values in the description of each place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree, html

_COLUMN = "description"
_NAME = "name"
_MOST_NAMES = 200
"""Tables that name more columns between them are no attributes of one layer."""
_SHARE = 0.5
_LONGEST = 1 << 20
_MARK = "(?i)<(?:td|th|li)[ >]"
_PARSER = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)


@dataclass(frozen=True)
class Description:
    """What a description says: values by name, and all that stands beside them."""

    pairs: tuple[tuple[str, str], ...] = ()
    beside: str = ""


def described(table: pa.Table) -> tuple[str, ...]:
    """The names that the descriptions of a layer's places give to values, where most are tables of such."""
    place = _place(table, _COLUMN)
    if place is None or not pc.any(pc.match_substring_regex(table.column(place), _MARK)).as_py():
        return ()
    found = [read(text) for text in table.column(place).to_pylist() if text]
    names = Counter(name for each in found for name in dict(each.pairs))
    own = {name.casefold() for name in table.column_names}
    if len(names) > _MOST_NAMES or sum(bool(each.pairs) for each in found) < _SHARE * len(found):
        return ()
    return tuple(name for name in names if name.casefold() not in own)


def with_described(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """The table with a column for each of the names; a description that says no more is null."""
    place = _place(table, _COLUMN)
    if place is None or not names:
        return table
    titles = _titles(table)
    kept: list[str | None] = []
    values: dict[str, list[str | None]] = {name: [] for name in names}
    for text, title in zip(table.column(place).to_pylist(), titles, strict=True):
        found = read(text or "")
        held = dict(found.pairs)
        for name, column in values.items():
            column.append(held.get(name) or None)
        whole = held and held.keys() <= values.keys() and len(held) == len(found.pairs)
        kept.append(None if whole and found.beside in ("", title) else text)
    columns = [*table.columns, *(pa.array(column, pa.string()) for column in values.values())]
    columns[place] = pa.chunked_array([pa.array(kept, pa.string())])
    return pa.table(columns, names=[*table.column_names, *names])


def read(text: str) -> Description:
    """The rows of two cells of the innermost tables, or the items of a list with a name in bold."""
    if "<" not in text or len(text) > _LONGEST:
        return Description(beside=text)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), _PARSER)
    except (etree.ParserError, etree.XMLSyntaxError):
        return Description(beside=text)
    etree.strip_elements(root, "script", "style", "head", with_tail=False)
    pairs = []
    for element, pair in [*_rows(root), *_items(root)]:
        pairs.append(pair)
        element.drop_tree()
    return Description(tuple(pairs), _text(root))


def _rows(root: html.HtmlElement) -> Iterator[tuple[html.HtmlElement, tuple[str, str]]]:
    for row in root.iter("tr"):
        cells = [_text(cell) for cell in row.iterchildren("td", "th")]
        if len(cells) == 2 and cells[0] and next(row.iterdescendants("tr"), None) is None:
            yield row, (cells[0].rstrip(" :"), cells[1])


def _items(root: html.HtmlElement) -> Iterator[tuple[html.HtmlElement, tuple[str, str]]]:
    for item in root.iter("li"):
        bold = next(item.iterchildren("b", "strong"), None)
        if bold is not None and not (item.text or "").strip() and (name := _text(bold).rstrip(" :")):
            yield item, (name, _text(item).removeprefix(_text(bold)).lstrip(" :"))


def _titles(table: pa.Table) -> list[str]:
    place = _place(table, _NAME)
    if place is None:
        return [""] * len(table)
    return [" ".join((each or "").split()) for each in table.column(place).to_pylist()]


def _place(table: pa.Table, wanted: str) -> int | None:
    return next(
        (
            place
            for place, field in enumerate(table.schema)
            if field.name.casefold() == wanted and pa.types.is_string(field.type)
        ),
        None,
    )


def _text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())
