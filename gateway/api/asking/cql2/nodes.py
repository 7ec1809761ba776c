"""What stands on either side of a comparison in CQL2: columns, values, and what is made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from gateway.api.asking.typed import literal
from gateway.api.asking.values import parse_time
from schemas.conditions import Cell, Expression, Folding, Given, Made, Reckoning, Value
from schemas.dataset import Column
from schemas.problem import did_you_mean

DEPTH = 30
"""Expressions within one another."""
RECKONED: tuple[Reckoning, ...] = ("+", "-", "*", "/", "%", "^", "div")
FOLDED: tuple[Folding, ...] = ("casei", "accenti")


@dataclass(frozen=True)
class Columns:
    """The columns that a filter may name; times without an offset are in `zone`.

    Every method raises ValueError with a sentence.
    """

    known: Mapping[str, Column]
    zone: ZoneInfo

    def named(self, node: Any) -> Column:
        """The column that a node names."""
        if not is_column(node):
            raise ValueError(f"has {brief(node)} where a column should be; write its name")
        name = node["property"]
        if name not in self.known:
            raise ValueError(f"has no column {name!r}; {did_you_mean(name, self.known)}")
        return self.known[name]

    def value(self, column: Column, node: Any) -> Value:
        """A plain value to compare a column with."""
        match node:
            case {"timestamp": str(text)} | {"date": str(text)} if column.type in ("time", "date"):
                return literal(column, text, self.zone)
        return literal(column, node, self.zone)

    def expression(self, node: Any, depth: int = 0) -> Expression:
        """What is made of columns and values."""
        if depth > DEPTH:
            raise ValueError(f"is more than {DEPTH} expressions deep; write it flatter")
        match node:
            case str() | bool() | int() | float():
                return Given(node)
            case {"property": _}:
                return Cell(self.named(node).name)
            case {"op": str(op), "args": list(arguments)}:
                return self._made(op, arguments, depth)
        raise ValueError(
            f"has {brief(node)} where a column or a value should be; compare it with a column alone"
        )

    def plain(self, node: Any) -> Any:
        """A value that Python compares: of a time its instant, of any other itself."""
        match node:
            case {"timestamp": str(text)} | {"date": str(text)}:
                return parse_time(text, self.zone)
            case str() | bool() | int() | float():
                return node
        raise ValueError(f"has {brief(node)} where a value should be; write a text, a number or a time")

    def _made(self, op: str, arguments: list[Any], depth: int) -> Expression:
        for word in RECKONED:
            if word == op.lower():
                pair = so_many(op, arguments, 2)
                return Made(word, tuple(self.expression(each, depth + 1) for each in pair))
        for fold in FOLDED:
            if fold == op.lower():
                (one,) = so_many(op, arguments, 1)
                return Made(fold, (self.expression(one, depth + 1),))
        raise ValueError(f"has no function {op!r} of a value; {did_you_mean(op.lower(), FOLDED)}")


def computed(node: Any, depth: int = 0) -> Any:
    """The same node, with numbers where it reckons with numbers alone; raises ValueError."""
    match node:
        case {"op": str(op), "args": [first, second]} if op.lower() in RECKONED and depth <= DEPTH:
            pair = [computed(first, depth + 1), computed(second, depth + 1)]
            return reckoned(op.lower(), *pair) if all(map(is_number, pair)) else {"op": op, "args": pair}
    return node


def reckoned(op: str, a: float, b: float) -> float:
    """What two numbers make, exactly where a sum or a product of whole ones is; raises ValueError."""
    try:
        match op:
            case "+":
                found = a + b
            case "-":
                found = a - b
            case "*":
                found = a * b
            case "/":
                found = a / b
            case "%":
                found = math.fmod(a, b)
            case "div":
                found = math.trunc(a / b)
            case _:
                found = math.pow(a, b)
    except (ZeroDivisionError, OverflowError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"computes {a} {op} {b}, which is no number; mend it or leave it out")
    return found


def is_column(node: Any) -> bool:
    """Whether a node names a column."""
    return isinstance(node, dict) and isinstance(node.get("property"), str)


def is_number(node: Any) -> bool:
    """Whether a node is a number."""
    return isinstance(node, int | float) and not isinstance(node, bool)


def is_value(node: Any) -> bool:
    """Whether a node is a value as it stands."""
    return isinstance(node, str | bool | int | float) or (
        isinstance(node, dict) and bool({"timestamp", "date"} & set(node))
    )


def op_of(node: Any) -> str | None:
    """The operator of a node in small letters, None where it has none."""
    found = node.get("op") if isinstance(node, dict) else None
    return found.lower() if isinstance(found, str) else None


def inner(node: Any) -> Any:
    """What casei() is called with; any other node as it is."""
    match node:
        case {"op": str(op), "args": [found]} if op.lower() == "casei":
            return found
    return node


def so_many(op: str, arguments: Sequence[Any], count: int) -> Sequence[Any]:
    """The arguments; raises ValueError where they are not so many."""
    if len(arguments) != count:
        raise ValueError(f"gives {op} {len(arguments)} arguments; it takes {count}")
    return arguments


def brief(node: Any) -> str:
    """A node as a sentence has it."""
    return repr(node)[:60]
