"""Read numbers and truth values as cities write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

_WHOLE = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)$"
_DECIMAL = r"^[+-]?((\d+|\d{1,3}(,\d{3})+)(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_LARGEST = "9223372036854775807"

# Texts that a number would not give back: a leading zero, an exponent without point or sign (12E4), a
# whole number that a JSON reader rounds (beyond 2^53, RFC 7493 2.2), a month written 2005.10.
_ZERO_LED = r"^-?0[\dxX]"
_ID = r"^\d+[eE]\d|^[+-]?\d{16,}$"
_MONTH = r"^(19|20)\d\d\.(0[1-9]|1[0-2])$"


@dataclass(frozen=True)
class Figures:
    """How numbers are written in a column, as all of its values tell.

    `loose`: with full-width digits, △1.2 or (1.2) for what is below zero, and words for what is missing.
    `suffixes` are the spellings of the one unit that stands behind them, composed as NFKC has them.
    """

    loose: bool = False
    suffixes: tuple[str, ...] = ()


_STRICT = Figures()


def plain_figures(texts: pa.Array, figures: Figures) -> pa.Array:
    """The texts as strict readers take numbers; what is none may come out as anything."""
    if not figures.loose:
        return texts
    plain = pc.utf8_normalize(texts, "NFKC")
    for suffix in figures.suffixes:
        plain = pc.replace_substring_regex(plain, rf"\s*{re.escape(suffix)}$", "")
    plain = pc.replace_substring_regex(plain, r"^\(\s*([\d.,]+)\s*\)$", r"-\1")
    return pc.replace_substring_regex(plain, r"^[△▵−–-]\s*", "-")


def integers(texts: pa.Array, figures: Figures = _STRICT) -> pa.Array:
    """int64, null where a text is no whole number of that size; thousands commas may stand in it."""
    plain = pc.replace_substring(_only(plain_figures(texts, figures), _WHOLE), ",", "")
    digits = pc.utf8_ltrim(pc.utf8_ltrim(plain, "+-"), "0")
    length = pc.utf8_length(digits)
    small = pc.or_(
        pc.less(length, len(_LARGEST)),
        pc.and_(pc.equal(length, len(_LARGEST)), pc.less_equal(digits, _LARGEST)),
    )
    return _where(small, pc.utf8_ltrim(plain, "+")).cast(pa.int64())


def numbers(texts: pa.Array, figures: Figures = _STRICT) -> pa.Array:
    """float64, null where a text is no finite number; thousands commas may stand in it."""
    plain = pc.replace_substring(_only(plain_figures(texts, figures), _DECIMAL), ",", "")
    found = pc.utf8_ltrim(plain, "+").cast(pa.float64())
    return pc.if_else(pc.is_finite(found), found, pa.scalar(None, pa.float64()))


def truths(texts: pa.Array) -> pa.Array:
    """bool, null where a text is neither true nor false; Y, N, 1 and 0 are codes."""
    lower = pc.utf8_lower(texts)
    return _where(pc.is_in(lower, pa.array(["true", "false"])), lower).cast(pa.bool_())


def hold_codes(texts: pa.ChunkedArray) -> bool:
    """Whether any text that reads as a number is a code or an id, which a number would spoil."""
    return _any(pc.match_substring_regex(zero_led(texts), _ZERO_LED)) or _any(
        pc.match_substring_regex(_long(texts), _ID)
    )


def are_months(texts: pa.ChunkedArray) -> bool:
    """Whether all are months such as 2005.10, which as numbers would lose their zeros."""
    return bool(pc.all(pc.match_substring_regex(texts, _MONTH)).as_py())


def zero_led(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Those that start with a zero, which numbers seldom do."""
    return texts.filter(pc.or_(pc.starts_with(texts, "0"), pc.starts_with(texts, "-0")))


def _long(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    exponents = pc.or_(pc.match_substring(texts, "e"), pc.match_substring(texts, "E"))
    return texts.filter(pc.or_(exponents, pc.greater(pc.binary_length(texts), 15)))


def _any(condition: pa.ChunkedArray) -> bool:
    return bool(pc.any(condition).as_py())


def _only(texts: pa.Array, pattern: str) -> pa.Array:
    return _where(pc.match_substring_regex(texts, pattern), texts)


def _where(condition: pa.Array, texts: pa.Array) -> pa.Array:
    return pc.if_else(condition, texts, pa.scalar(None, pa.string()))
