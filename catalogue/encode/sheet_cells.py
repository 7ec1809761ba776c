"""How the cells of a spreadsheet are spelt in SpreadsheetML (ECMA-376), a column at a time."""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalogue.encode import texts
from catalogue.encode.cells import by_distinct, holding, replaced
from catalogue.encode.pieces import TEXT, Coded, Piece, joined, letters, offsets
from schemas.dataset import Column

DAY, INSTANT, EXACT = 1, 2, 3
"""The styles of days, instants and instants with a fraction, by their place in the workbook's list."""
LONGEST = 32_767
"""UTF-16 units of a cell's text."""
_EPOCH = 25_569  # 1970-01-01 counted from 1899-12-30, as sheets count days
_FIRST = 61 - _EPOCH  # 1900-03-01: before it sheets count a day that never was
_SECONDS, _MICROSECONDS = 86_400, 86_400_000_000
_EXACT_WHOLE = 10**15  # larger whole numbers lose digits in a cell
# What XML cannot hold is written as _xHHHH_, and what looks like that is kept from being read so (22.9.2.19).
_BARRED = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class SheetSpelling:
    """Cells by their type: numbers, truths, dates and inline texts, which no program takes for formulas."""

    null = b"/>"

    def cell(self, values: Any, column: Column) -> list[Piece]:
        """The pieces of a column's cells but their beginning, which says where they stand."""
        return [self._cell(values, column)]

    def _cell(self, values: Any, column: Column) -> Piece:
        spelt: Piece
        match column.type:
            case "integer":
                spelt = _whole(values)
            case "number":
                spelt = joined(b"><v>", texts.numbers(values), b"</v></c>")
            case "boolean":
                truths = pa.array([' t="b"><v>0</v></c>', ' t="b"><v>1</v></c>'], TEXT)
                spelt = Coded(truths, values.cast(pa.int8()))
            case "date":
                spelt = by_distinct(values.dictionary_encode(), _days)
            case "time":
                spelt = _instants(values)
            case "geometry":
                spelt = _texts(texts.wkt(values))
            case _:
                spelt = by_distinct(values, _texts)
        return spelt


def _texts(values: Any) -> Any:
    """Inline texts (n,), null where null."""
    values = values.cast(TEXT)
    data, ends = letters(values), offsets(values)
    # Of letters beyond ASCII only U+FFFE and U+FFFF are barred, and they begin with this byte.
    special = (data < ord(" ")) | (data == ord("&")) | (data == ord("<")) | (data == ord(">"))
    odd = holding(ends, special | (data == ord("_")) | (data == 0xEF))
    odd = np.union1d(odd, np.flatnonzero(np.diff(ends) > LONGEST))
    if len(odd):
        mended = [_mended(text) for text in values.take(pa.array(odd)).to_pylist()]
        values = replaced(values, odd, pa.array(mended, TEXT))
    return joined(b' t="inlineStr"><is><t xml:space="preserve">', values, b"</t></is></c>")


def _mended(text: str | None) -> str | None:
    if text is None:
        return None
    units = len(text.encode("utf-16-le")) // 2
    if units > LONGEST:
        text = f"[{units:,} letters, more than a cell takes: ask for another format]"
    return escape(_BARRED.sub(lambda found: f"_x{ord(found[0]):04X}_", text))


def _whole(values: Any) -> Any:
    plain = joined(b"><v>", values.cast(TEXT), b"</v></c>")
    large = pc.or_(pc.greater_equal(values, _EXACT_WHOLE), pc.less_equal(values, -_EXACT_WHOLE))
    if not pc.any(large).as_py():
        return plain
    return pc.if_else(large, _texts(values), plain)


def _days(values: Any) -> Any:
    numbers = values.cast(pa.int32())
    cells = joined(f' s="{DAY}"><v>'.encode(), pc.add(numbers, _EPOCH).cast(TEXT), b"</v></c>")
    return pc.if_else(pc.less(numbers, _FIRST), _texts(values), cells)


def _instants(values: Any) -> Any:
    moments = values.cast(pa.timestamp("us")).cast(pa.int64())
    days = pc.add(pc.divide(moments.cast(pa.float64(), safe=False), float(_MICROSECONDS)), float(_EPOCH))
    figures = texts.numbers(days)
    whole = joined(f' s="{INSTANT}"><v>'.encode(), figures, b"</v></c>")
    seconds = values.cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.timestamp("us", "UTC"))
    fractions = pc.not_equal(seconds, values.cast(pa.timestamp("us", "UTC")))
    if pc.any(fractions).as_py():
        exact = joined(f' s="{EXACT}"><v>'.encode(), figures, b"</v></c>")
        whole = pc.if_else(fractions, exact, whole)
    early = pc.less(moments, _FIRST * _MICROSECONDS)
    if not pc.any(early).as_py():
        return whole
    return pc.if_else(early, _texts(texts.instants(values)), whole)


SHEET = SheetSpelling()
