"""The SQL of comparisons between columns and what is made of them; values stay parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from catalogue.rows.engines import accents, like
from catalogue.rows.question.expressions import Known, Read, Term, Weighed, Worked
from schemas.dataset import Column

Fragment = tuple[str, list[str | int | float | bool | None]]
_SIGNS = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_PLAIN = {
    "+": "({} + {})",
    "-": "({} - {})",
    "*": "({} * {})",
}


@dataclass(frozen=True)
class Writer:
    """How an engine writes what the engines do not write alike.

    `made` spells words that make one value of others, `finite` turns what is no finite number into null,
    `like` tests for a pattern, and `pattern` says one as `like` takes it.
    """

    made: Mapping[str, str]
    finite: str
    like: str
    pattern: Callable[[str], str]

    def compared(self, asked: Weighed, name: Callable[[Column], str]) -> Fragment:
        """TRUE, FALSE or NULL of each row, its columns called by `name`."""
        left, values = self._side(asked.left, name, asked.exactly)
        if asked.operator == "isnull":
            return f"({left}) IS NULL", values
        if asked.operator == "like" and isinstance(asked.right, Known):
            return self.like.format(left), [*values, self.pattern(str(asked.right.value))]
        right, more = self._side(asked.right, name, asked.exactly)
        return f"{left} {_SIGNS[asked.operator]} {right}", [*values, *more]

    def _side(self, term: Term, name: Callable[[Column], str], exactly: bool) -> Fragment:
        text, values = self._term(term, name, exactly)
        made = isinstance(term, Worked) and term.type == "number"
        return (self.finite.format(text) if made else text), values

    def _term(self, term: Term, name: Callable[[Column], str], exactly: bool) -> Fragment:
        match term:
            case Read(column):
                number = column.type in ("integer", "number") and not exactly
                return (f"CAST({name(column)} AS DOUBLE)" if number else name(column)), []
            case Known(value, kind):
                number = kind in ("integer", "number") and not exactly
                return "?", [float(value) if number else value]
            case Worked(word, of):
                found = [self._term(part, name, exactly=False) for part in of]
                text = (self.made.get(word) or _PLAIN[word]).format(*(text for text, _ in found))
                return text, [value for _, values in found for value in values]


def remainder(a: float | None, b: float | None) -> float | None:
    """What is left of a division, with the sign of `a`; None of nothing, by nothing and of no number."""
    return None if a is None or not b or not math.isfinite(a) else math.fmod(a, b)


def whole(a: float | None) -> float | None:
    """The whole part of a number."""
    return a if a is None or not math.isfinite(a) else float(math.trunc(a))


def power(a: float | None, b: float | None) -> float | None:
    """A number to a power as C has it: without end where it is too great, None where it is no number."""
    if a is None or b is None:
        return None
    try:
        found = a**b
    except (ZeroDivisionError, OverflowError):
        return -math.inf if math.copysign(1, a) < 0 and b % 2 == 1 else math.inf
    return found if isinstance(found, float) else None


def bare_all(texts: Any) -> Any:
    """Texts (n,) of Arrow without their accents, as DuckDB asks for it."""
    return pa.array([accents.bare(text) for text in texts.to_pylist()], pa.string())


SQLITE = Writer(
    made={
        "casei": "small({})",
        "accenti": "bare({})",
        "/": "({} / NULLIF({}, 0))",
        "%": "remainder({}, {})",
        "^": "power({}, {})",
        "div": "whole({} / NULLIF({}, 0))",
    },
    finite="NULLIF(NULLIF({}, 9e999), -9e999)",
    like="matches({}, ?)",
    pattern=str,
)
FUNCTIONS: tuple[tuple[str, int, Callable[..., Any]], ...] = (
    ("small", 1, like.small),
    ("matches", 2, like.matches),
    ("bare", 1, accents.bare),
    ("remainder", 2, remainder),
    ("whole", 1, whole),
    ("power", 2, power),
)
"""What SQLite is to know by name, with the number of arguments."""
_NUMBER = "list_filter([{}], lambda each: NOT isnan(each))[1]"
"""Null of what is no number, said once: DuckDB says twice what NULLIF looks at, and again in each step."""
# By 0 it divides to null, as it is set up.
DUCKDB = Writer(
    made={
        "casei": "lower({})",
        "accenti": "bare({})",
        "/": "({} / {})",
        "%": "({} % {})",
        "^": f"pow({_NUMBER}, {_NUMBER})",
        "div": "trunc({} / {})",
    },
    finite="finite({})",
    like="regexp_full_match({}, ?, 's')",
    pattern=like.regex,
)
