"""Note what of a column was not taken to the letter: words for missing values, other figures, short dates."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.rejects import Mask, Sieve, mask_of
from harvesters.normalise.repairs import Rule
from harvesters.normalise.values.cast import Reading, missing_marks
from harvesters.normalise.values.cells import is_text
from schemas.dataset import Column

_PLAIN = r"^[+-]?[\d,]*\.?\d*(?:[eE][+-]?\d+)?$"
_MONTH = r"^['’]?(?:\d{4}|\d{2})\s*[-./년]\s*\d{1,2}\s*월?$|^(?:19|20)\d{4}$"
_SERIAL = r"^[2-7]\d{4}(?:\.\d+)?$"
_EPOCH = r"^\d{9,10}(?:\.\d+)?$|^\d{12,13}$"
_SHORT = r"^['’]?\d{2}\s*[-./년]\s*\d{1,2}\s*[-./월]"


def note_reading(
    column: Column, given: pa.ChunkedArray, found: pa.ChunkedArray, reading: Reading, sieve: Sieve
) -> None:
    """Note the values of a column that were read by a rule; `found` are those that are published."""
    if column.type == "text" or not is_text(given.type):
        return
    if given.null_count < found.null_count:
        marks = mask_of(missing_marks(given, reading)) & mask_of(pc.is_null(found))
        detail = "what stands for a missing value was left out"
        sieve.mend(Rule("missing_mark", detail, column.name), marks, given, found)
    for rule, chosen in _rules(column, given, reading):
        sieve.mend(rule, chosen & mask_of(pc.is_valid(found)), given, found)


def _rules(column: Column, given: pa.ChunkedArray, reading: Reading) -> Iterator[tuple[Rule, Mask]]:
    name, written = column.name, reading.written
    if reading.figures.loose and column.type in ("integer", "number"):
        detail = "full-width digits, other signs below zero or a unit behind the number were made plain"
        yield Rule("figure_plain", detail, name), ~_match(given, _PLAIN)
    if column.type not in ("date", "time"):
        return
    if written.asked:
        yield Rule("month_first_day", "a month stands for its first day", name), _match(given, _MONTH)
        yield Rule("day_number", "a number counts days as spreadsheets do", name), _match(given, _SERIAL)
    if written.asked or written.epoch:
        yield Rule("epoch", "a number counts seconds or milliseconds since 1970", name), _match(given, _EPOCH)
    if written.asked or written.short:
        detail = "a year of two digits is of 1969 to 2068"
        yield Rule("short_year", detail, name), _match(given, _SHORT)


def _match(given: pa.ChunkedArray, pattern: str) -> Mask:
    return mask_of(pc.match_substring_regex(given, pattern))
