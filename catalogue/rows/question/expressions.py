"""Expressions checked against the columns of a snapshot: what they are made of, and of which type it is."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from catalogue.rows.engines import accents, like
from schemas.conditions import Cell, Compared, Expression, Folding, Given, Made, Reckoning
from schemas.dataset import Column, ColumnType
from schemas.problem import did_you_mean

DEPTH = 30
"""Expressions within one another."""
NUMBERS = ("integer", "number")
_ORDERED = ("eq", "ne", "gt", "gte", "lt", "lte")
_FOLDS = {"casei": like.small, "accenti": accents.bare}


@dataclass(frozen=True)
class Read:
    """A column's value."""

    column: Column

    @property
    def type(self) -> ColumnType:
        return self.column.type


@dataclass(frozen=True)
class Known:
    """A value that is given."""

    value: str | float | bool
    type: ColumnType


@dataclass(frozen=True)
class Worked:
    """What is made of others: a number of numbers, a text of a text."""

    word: Reckoning | Folding
    of: tuple[Term, ...]
    type: ColumnType


Term = Read | Known | Worked


@dataclass(frozen=True)
class Weighed:
    """Two terms compared; numbers `exactly` where both are whole ones of columns, else as floating point."""

    left: Term
    operator: Literal["eq", "ne", "gt", "gte", "lt", "lte", "like", "isnull"]
    right: Term
    exactly: bool


def cells(asked: Weighed) -> Iterator[Column]:
    """The columns that a comparison looks at, some more than once."""
    yield from _cells(asked.left)
    yield from _cells(asked.right)


def parts(expression: Expression) -> int:
    """Of how many expressions one is made."""
    return 1 + sum(map(parts, expression.of)) if isinstance(expression, Made) else 1


def weighed(asked: Compared, columns: Mapping[str, Column]) -> Weighed:
    """A comparison as engines make it; raises ValueError with a sentence."""
    left, right = _term(asked.left, columns), _term(asked.right, columns)
    numbers = left.type in NUMBERS and right.type in NUMBERS
    if asked.operator == "like":
        right = _pattern(left, right)
    elif asked.operator in _ORDERED and not numbers and left.type != right.type:
        raise ValueError(f"compares {_a(left)} with {_a(right)}; compare what is of one type")
    whole = left.type == right.type == "integer" or not numbers
    return Weighed(left, asked.operator, right, exactly=whole)


def _cells(term: Term) -> Iterator[Column]:
    if isinstance(term, Read):
        yield term.column
    elif isinstance(term, Worked):
        for part in term.of:
            yield from _cells(part)


def _term(expression: Expression, columns: Mapping[str, Column], depth: int = 0) -> Term:
    if depth > DEPTH:
        raise ValueError(f"is more than {DEPTH} expressions deep; write it flatter")
    match expression:
        case Cell(name):
            return _read(name, columns)
        case Given(value):
            return _known(value)
        case Made(word, of):
            return _worked(word, tuple(_term(part, columns, depth + 1) for part in of))


def _read(name: str, columns: Mapping[str, Column]) -> Read:
    if name not in columns:
        raise ValueError(f"has no column {name!r}; {did_you_mean(name, columns)}")
    if columns[name].type == "geometry":
        raise ValueError(f"compares the geometry {name!r}; ask where it is with s_intersects and its like")
    return Read(columns[name])


def _known(value: str | float | bool) -> Known:
    match value:
        case bool():
            return Known(value, "boolean")
        case int() if -(2**63) <= value < 2**63:
            return Known(value, "integer")
        case float() if math.isfinite(value):
            return Known(value, "number")
        case str() if not any("\ud800" <= letter <= "\udfff" for letter in value):
            return Known(unicodedata.normalize("NFC", value), "text")
    raise ValueError(f"has {value!r}, which no column holds; give a text or a number of 64 bits")


def _worked(word: Reckoning | Folding, of: tuple[Term, ...]) -> Term:
    if word in _FOLDS:
        (one,) = of
        if one.type != "text":
            raise ValueError(f"asks {word} of {_a(one)}; it takes a text")
        return (
            Known(_FOLDS[word](str(one.value)) or "", "text")
            if isinstance(one, Known)
            else Worked(word, of, "text")
        )
    for each in of:
        if each.type not in NUMBERS:
            raise ValueError(f"computes {word!r} with {_a(each)}; it takes numbers")
    return Worked(word, of, "number")


def _pattern(left: Term, right: Term) -> Known:
    if left.type != "text" or not isinstance(right, Known) or right.type != "text":
        raise ValueError(f"asks {_a(left)} to be like {_a(right)}; write name LIKE '중앙%'")
    like.simplest(str(right.value))
    return right


def _a(term: Term) -> str:
    match term:
        case Read(column):
            return f"{column.name!r}, of type {column.type},"
        case Known(value):
            return repr(value)
    return f"a {term.type}"
