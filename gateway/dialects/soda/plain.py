"""Formulas that are conditions the row index knows: columns compared with values, and places."""

from __future__ import annotations

import math
from collections.abc import Callable

from gateway.dialects.soda.functions import escaped
from schemas.conditions import All, Condition, Filter, Near, Not, Operator, Some, Value
from schemas.formula import Call, Constant, Formula, Holds, Of

Parts = tuple[Formula, ...]
_MIRRORED = {"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte", "eq": "eq", "ne": "ne"}
_CASES = {"lower": str.lower, "upper": str.upper}
_OPERATORS: dict[str, Operator] = {
    "eq": "eq", "ne": "ne", "lt": "lt", "lte": "lte", "gt": "gt", "gte": "gte",
}  # fmt: skip
_TEXTS: dict[str, Operator] = {
    "like": "like", "ilike": "ilike", "contains": "contains", "starts_with": "startswith",
}  # fmt: skip


def parted(where: Formula | None) -> tuple[list[Condition], Formula | None]:
    """What a formula asks as conditions, and what remains to be worked out of each row."""
    if where is None:
        return [], None
    parts = where.parts if isinstance(where, Call) and where.function == "and" else (where,)
    told = [(plain(part), part) for part in parts]
    rest = tuple(part for condition, part in told if condition is None)
    remaining = None if not rest else rest[0] if len(rest) == 1 else Call("and", rest, "boolean")
    return [condition for condition, _ in told if condition is not None], remaining


def plain(formula: Formula) -> Condition | None:
    """The same as a condition, None where it is none."""
    match formula:
        case Holds(condition):
            return condition
        case Of(column, "boolean"):
            return Filter(column, "eq", True)
        case Call(name, parts):
            return _READERS.get(name, _compared)(name, parts)
    return None


def _joined(name: str, parts: Parts) -> Condition | None:
    found = tuple(condition for part in parts if (condition := plain(part)) is not None)
    if len(found) < len(parts):
        return None
    return All(found) if name == "and" else Some(found)


def _negated(_name: str, parts: Parts) -> Condition | None:
    inner = plain(parts[0])
    if isinstance(inner, Filter) and inner.operator == "isnull":
        return Filter(inner.column, "isnull", not inner.value)
    return None if inner is None else Not(inner)


def _missing(_name: str, parts: Parts) -> Condition | None:
    return Filter(parts[0].column, "isnull", True) if isinstance(parts[0], Of) else None


def _among(_name: str, parts: Parts) -> Condition | None:
    column, *values = parts
    if not isinstance(column, Of):
        return None
    known = [_value(column, each) for each in values if isinstance(each, Constant)]
    if len(known) < len(values) or None in known:
        return None
    return Filter(column.column, "in", tuple(known))


def _spelt(name: str, parts: Parts) -> Condition | None:
    match parts:
        case (Of(column, "text"), Constant(str() as text, "text")):
            return Filter(column, _TEXTS[name], text)
        case (Call(("lower" | "upper") as case, (Of(column),)), Constant(str() as text)) if name == "like":
            return Filter(column, "ilike", text) if text == _CASES[case](text) else None
    return None


def _compared(name: str, parts: Parts) -> Condition | None:
    if name not in _MIRRORED:
        return None
    left, right = parts
    if isinstance(left, Constant):
        left, right, name = right, left, _MIRRORED[name]
    match name, left, right:
        case (
            ("lt" | "lte"),
            Call("metres", (_, Constant(float() as lon), Constant(float() as lat))),
            Constant(int() | float() as far),
        ) if far > 0:
            return Near(lon, lat, float(far) if name == "lte" else math.nextafter(far, 0))
        case "eq", Call(("lower" | "upper") as case, (Of(column),)), Constant(str() as text):
            return Filter(column, "ilike", escaped(text, "\\%_")) if text == _CASES[case](text) else None
        case _, Of() as column, Constant() as constant:
            value = _value(column, constant)
            return None if value is None else Filter(column.column, _OPERATORS[name], value)
    return None


def _value(column: Of, constant: Constant) -> Value:
    """A constant as a value of the column; None where it is none, as 1.5 is no whole number."""
    value = constant.value
    if column.type == "integer" and isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**63 else None
    same = column.type == constant.type or (column.type == "number" and constant.type == "integer")
    return value if same else None


_READERS: dict[str, Callable[[str, Parts], Condition | None]] = {
    "and": _joined, "or": _joined, "not": _negated, "isnull": _missing, "in": _among,
    **dict.fromkeys(_TEXTS, _spelt),
}  # fmt: skip
