"""Read `column__operator=value` into a condition on a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args
from zoneinfo import ZoneInfo

from gateway.api.asking.typed import as_pattern, read_truth, read_value
from schemas.conditions import All, Condition, Filter, Operator
from schemas.dataset import Column
from schemas.problem import did_you_mean

OPERATORS: tuple[str, ...] = (*get_args(Operator), "between", "icontains")
_OF_TEXT = ("contains", "startswith", "like", "ilike", "icontains")


def read_filter(name: str, value: str, columns: Mapping[str, Column], zone: ZoneInfo) -> Condition:
    """What a parameter that ends in one of OPERATORS, or in none for equality, asks of its column.

    Raises ValueError with a sentence.
    """
    column, operator = _split(name, columns)
    if operator == "isnull":
        return Filter(column.name, "isnull", read_truth(value))
    if column.type == "geometry":
        raise ValueError("is a geometry; ask with bbox, near, within or filter, or with __isnull")
    if operator in _OF_TEXT and column.type != "text":
        raise ValueError(f"{operator} asks of text, but this column is {column.type}; use __eq or a range")
    if value == "" and not (column.type == "text" and operator == "eq"):
        raise ValueError("is empty; give it a value, or ask __isnull=true for what is missing")
    match operator:
        case "in":
            return Filter(column.name, "in", tuple(read_value(column, part, zone) for part in parts(value)))
        case "between":
            return _between(column, value, zone)
        case "icontains":
            return Filter(column.name, "ilike", f"%{as_pattern(value)}%")
    return Filter(column.name, operator, read_value(column, value, zone))  # type: ignore[arg-type] # of Operator


def _split(name: str, columns: Mapping[str, Column]) -> tuple[Column, str]:
    if name in columns:
        return columns[name], "eq"
    base, _, ending = name.rpartition("__")
    if ending not in OPERATORS:
        raise ValueError(f"has no operator {ending!r}; {did_you_mean(ending, OPERATORS)}")
    return columns[base], ending


def _between(column: Column, value: str, zone: ZoneInfo) -> Condition:
    """Both ends belong to it, as in SQL and CQL2."""
    ends = parts(value)
    if len(ends) != 2:
        raise ValueError(f"takes two values and a comma, not {value!r}; such as {column.name}__between=1,5")
    low, high = (read_value(column, end, zone) for end in ends)
    return All((Filter(column.name, "gte", low), Filter(column.name, "lte", high)))


def parts(text: str) -> Sequence[str]:
    """Values between commas, none of them empty; raises ValueError with a sentence."""
    found = text.split(",")
    if not all(found):
        raise ValueError("has an empty value between its commas; leave out the comma")
    return found
