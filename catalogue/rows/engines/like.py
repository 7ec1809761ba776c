"""Patterns of texts: % stands for any letters, _ for one, and a backslash takes the next letter as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

LONGEST = 500
"""Letters of a pattern; longer ones would take an engine more memory than one query is given."""
_ANY = "\ud800"
"""No text holds half of a pair."""
Part = tuple[Literal["letter", "one", "many"], str]


def simplest(pattern: str) -> tuple[Literal["eq", "startswith", "contains", "like"], str]:
    """The cheapest test that says the same as a pattern; raises ValueError for what is none."""
    if len(pattern) > LONGEST:
        raise ValueError(f"a pattern has at most {LONGEST} letters")
    parts = list(_parts(pattern))
    if parts and parts[-1] == ("letter", "") and pattern.endswith("\\"):
        raise ValueError(r"a pattern does not end in \; write \\ for the letter itself")
    kinds = [kind for kind, _ in parts]
    inner = kinds[1:-1] if len(kinds) > 1 else []
    word = "".join(letter for _, letter in parts)
    if "one" in kinds or "many" in inner:
        return "like", pattern
    if "many" not in kinds:
        return "eq", word
    if kinds[0] == "many":
        return ("contains", word) if kinds[-1] == "many" else ("like", pattern)
    return "startswith", word


def _parts(pattern: str) -> Iterator[Part]:
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            yield "letter", next(letters, "")
        elif letter == "%":
            yield "many", ""
        elif letter == "_":
            yield "one", ""
        else:
            yield "letter", letter


def regex(pattern: str) -> str:
    """The same pattern as a regular expression of RE2, whose time grows with the text and no faster."""
    spelt = {"many": ".*", "one": "."}
    return "".join(spelt[kind] if kind in spelt else _plain(letter) for kind, letter in _parts(pattern))


def _plain(letter: str) -> str:
    return letter if letter.isalnum() else f"\\x{{{ord(letter):x}}}" if letter else ""


def literals(pattern: str) -> list[str]:
    """The letters that stand together in every text that is as a pattern says."""
    return "".join(letter if kind == "letter" else _ANY for kind, letter in _parts(pattern)).split(_ANY)


def matches(text: str | None, pattern: str) -> bool | None:
    """Whether a whole text is as a pattern says, in time that grows with the text and not with its powers."""
    if text is None:
        return None
    first, *others = _pieces(pattern)
    if not others:
        return first.fullmatch(text) is not None
    found = first.match(text)
    *between, last = others
    for piece in between:
        if found is None:
            return False
        found = piece.search(text, found.end())  # What comes soonest leaves most to the rest.
    width = _width(pattern)
    at = len(text) - width
    return found is not None and at >= found.end() and last.fullmatch(text, at) is not None


@lru_cache(maxsize=64)
def _pieces(pattern: str) -> tuple[re.Pattern[str], ...]:
    """What stands between the %s of a pattern, each of a fixed number of letters."""
    pieces = [""]
    for kind, letter in _parts(pattern):
        if kind == "many":
            pieces.append("")
        else:
            pieces[-1] += "." if kind == "one" else re.escape(letter)
    return tuple(re.compile(piece, re.DOTALL) for piece in pieces)


@lru_cache(maxsize=64)
def _width(pattern: str) -> int:
    """Letters behind the last % of a pattern."""
    kinds = [kind for kind, _ in _parts(pattern)]
    return kinds[::-1].index("many")


def small(text: str | None) -> str | None:
    """A text in small letters, letter by letter: none becomes two, none depends on those beside it."""
    if text is None:
        return None
    lowered = text.lower()
    if len(lowered) == len(text) and "Σ" not in text:
        return lowered
    return "".join(letter.lower()[0] for letter in text)
