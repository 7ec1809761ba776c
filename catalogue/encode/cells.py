"""How each format spells a cell: JSON with its quotes, CSV safe for spreadsheets; a column at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from catalogue.encode import texts
from catalogue.encode.pieces import TEXT, Coded, Piece, joined, letters, offsets
from catalogue.encode.textual import FORMULA
from schemas.dataset import Column

_FORMULA = np.array([ord(letter) for letter in FORMULA], np.uint8)


class Spells(Protocol):
    """Spells the cells of a column; `null` is what stands for nothing."""

    @property
    def null(self) -> bytes: ...

    def cell(self, values: Any, column: Column) -> list[Piece]: ...


@dataclass(frozen=True)
class Spelling:
    """A way to spell cells.

    `escape` makes texts (n,) fit to stand between `quote`s; `place` spells geometries (WKB); `null` is what
    stands for nothing.
    """

    escape: Callable[[Any], Any]
    quote: bytes
    null: bytes
    place: Callable[[Any], list[Piece]]

    def cell(self, values: Any, column: Column) -> list[Piece]:
        """The pieces of a column's cells."""
        match column.type:
            case "integer" | "number":
                return [texts.figures(values)]
            case "boolean":
                return [Coded(pa.array(["false", "true"], TEXT), values.cast(pa.int8()))]
            case "geometry":
                return self.place(values)
            case "time":
                days, times = texts.moments(values)
                before = joined(self.quote, days.texts, b"T")
                behind = joined(times.texts, b"Z", self.quote)
                return [Coded(before, days.indices), Coded(behind, times.indices, null=b"")]
            case "date":
                spelt = by_distinct(values.dictionary_encode(), lambda days: days.cast(TEXT))
            case _:
                spelt = by_distinct(values, lambda words: self.escape(words.cast(TEXT)))
        return self._quoted(spelt)

    def _quoted(self, cells: Any) -> list[Piece]:
        if not self.quote:
            return [cells]
        if isinstance(cells, Coded):
            return [Coded(joined(self.quote, cells.texts, self.quote), cells.indices)]
        if cells.null_count:
            return [joined(self.quote, cells, self.quote)]
        return [self.quote, cells, self.quote]


def by_distinct(values: Any, spell: Callable[[Any], Any]) -> Any:
    """What `spell` makes of values, of each different one once where they are a dictionary of few."""
    if not pa.types.is_dictionary(values.type):
        return spell(values)
    if len(values.dictionary) < len(values):
        return Coded(spell(values.dictionary), values.indices)
    return spell(values.dictionary_decode())


def json_text(values: Any) -> Any:
    """Texts as they stand between quotes in JSON (RFC 8259)."""
    data, ends = letters(values), offsets(values)
    odd = holding(ends, (data < ord(" ")) | (data == ord('"')) | (data == ord("\\")))
    if not len(odd):
        return values
    new = [orjson.dumps(text)[1:-1].decode() for text in values.take(pa.array(odd)).to_pylist()]
    return replaced(values, odd, pa.array(new, TEXT))


def csv_text(values: Any) -> Any:
    """Texts as cells of CSV, as a spreadsheet may open them: what it would run as a formula begins with '."""
    data, ends = letters(values), offsets(values)
    first = (
        data[np.minimum(ends[:-1], max(len(data) - 1, 0))] if len(data) else np.zeros(len(values), np.uint8)
    )
    risky = np.flatnonzero(np.isin(first, _FORMULA) & (np.diff(ends) > 0))
    if len(risky):
        values = replaced(values, risky, joined(b"'", values.take(pa.array(risky))))
    return raw_csv_text(values)


def raw_csv_text(values: Any) -> Any:
    """Texts as cells of CSV (RFC 4180)."""
    data, ends = letters(values), offsets(values)
    special = (data == ord(",")) | (data == ord('"')) | (data == ord("\n")) | (data == ord("\r"))
    odd = holding(ends, special)
    if not len(odd):
        return values
    doubled = pc.replace_substring(values.take(pa.array(odd)), '"', '""')
    return replaced(values, odd, joined(b'"', doubled, b'"'))


def holding(ends: npt.NDArray[np.int64], special: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The texts in which a special byte is, ascending; `ends` are their offsets."""
    found = np.flatnonzero(special[ends[0] : ends[-1]]) + ends[0]
    return np.unique(np.searchsorted(ends, found, "right") - 1) if len(found) else found


def replaced(values: Any, rows: npt.NDArray[np.int64], new: Any) -> Any:
    """Texts with those at `rows` (m,) replaced by `new` (m,)."""
    mask = np.zeros(len(values), bool)
    mask[rows] = True
    return pc.replace_with_mask(values, pa.array(mask), new)


JSON = Spelling(json_text, b'"', b"null", texts.geojson)
CSV = Spelling(csv_text, b"", b"", lambda wkb: [raw_csv_text(texts.wkt(wkb))])
RAW_CSV = Spelling(raw_csv_text, b"", b"", CSV.place)
