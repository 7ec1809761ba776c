"""Turn the tree that CQL2 JSON writes (OGC 21-065r2) into conditions on the columns of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from gateway.api.asking.cql2 import shapes, times
from gateway.api.asking.typed import as_pattern, literal
from schemas.conditions import All, Condition, Filter, Not, Operator, Relation, Shape, Some
from schemas.dataset import Column
from schemas.problem import did_you_mean

DEPTH = 30
"""Conditions within one another."""
_COMPARE: dict[str, Operator] = {"=": "eq", "<>": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SPATIAL: dict[str, Relation] = {
    "s_intersects": "intersects",
    "s_within": "within",
    "s_contains": "contains",
    "s_disjoint": "disjoint",
}
_INSIDE_OUT = {"s_within": "s_contains", "s_contains": "s_within"}
_OTHERS = ("and", "or", "not", "between", "in", "like", "isNull", "casei")
_NOT_SPATIAL = ("s_crosses", "s_equals", "s_overlaps", "s_touches")


@dataclass(frozen=True)
class Walk:
    """One reading; every method raises ValueError with a sentence."""

    columns: dict[str, Column]
    zone: ZoneInfo
    move: shapes.Move | None = None

    def condition(self, node: Any, depth: int = 0) -> Condition:
        """What a node of the tree asks."""
        if depth > DEPTH:
            raise ValueError(f"is more than {DEPTH} conditions deep; write it flatter")
        match node:
            case bool():
                return All(()) if node else Some(())
            case {"property": str()}:
                return Filter(self._column(node).name, "eq", literal(self._column(node), True, self.zone))
            case {"op": str(op), "args": list(arguments)}:
                return self._operation(op, arguments, depth)
        raise ValueError(f"has {_brief(node)} where a condition should be; write it as a comparison")

    def _operation(self, op: str, arguments: list[Any], depth: int) -> Condition:
        low = op.lower()
        if low in ("and", "or", "not"):
            return self._joined(low, arguments, depth)
        if low in _COMPARE:
            return self._comparison(low, *_so_many(op, arguments, 2))
        if low in ("between", "in", "like", "isnull"):
            return self._predicate(low, op, arguments)
        if low in _SPATIAL:
            return self._spatial(low, *_so_many(op, arguments, 2))
        if low in times.TURNED:
            return self._temporal(low, *_so_many(op, arguments, 2))
        if low in (*_NOT_SPATIAL, "s_dwithin"):
            raise ValueError(
                f"asks {op}, which is not answered here; known: {', '.join(_SPATIAL)}, and near="
            )
        if low == "casei":
            raise ValueError("has casei() where a condition should be; write casei(name) = casei('ABC')")
        known = [*_OTHERS, *_COMPARE, *_SPATIAL, *times.TURNED]
        raise ValueError(f"has no function {op!r}; {did_you_mean(low, known)}")

    def _joined(self, op: str, arguments: list[Any], depth: int) -> Condition:
        if op == "not":
            (part,) = _so_many(op, arguments, 1)
            return Not(self.condition(part, depth + 1))
        parts = tuple(self.condition(part, depth + 1) for part in arguments)
        return All(parts) if op == "and" else Some(parts)

    def _comparison(self, op: str, left: Any, right: Any) -> Condition:
        if not _is_column(left) and _is_column(right):
            op, left, right = _TURNED.get(op, op), right, left
        if _op(left) == "casei":
            return self._in_any_case(op, left, right)
        column = self._column(left)
        return Filter(column.name, _COMPARE[op], self._value(column, right))

    def _in_any_case(self, op: str, left: Any, right: Any) -> Condition:
        if op not in ("=", "<>"):
            raise ValueError(f"has casei() before {op!r}; it goes with =, <>, in and like")
        column = self._column(_inner(left))
        text = self._text(column, _inner(right))
        same = Filter(column.name, "ilike", as_pattern(text))
        return same if op == "=" else Not(same)

    def _predicate(self, op: str, written: str, arguments: list[Any]) -> Condition:
        if op == "isnull":
            (asked,) = _so_many(written, arguments, 1)
            return Filter(self._column(asked).name, "isnull", True)
        if op == "between":
            asked, low, high = _so_many(written, arguments, 3)
            return All((self._comparison(">=", asked, low), self._comparison("<=", asked, high)))
        asked, given = _so_many(written, arguments, 2)
        folded = _op(asked) == "casei"
        column = self._column(_inner(asked))
        if op == "like":
            return Filter(column.name, "ilike" if folded else "like", self._text(column, _inner(given)))
        if not isinstance(given, list):
            raise ValueError("asks `in` of no list; write IN ('a', 'b')")
        if folded:
            return Some(tuple(self._comparison("=", asked, each) for each in given))
        return Filter(column.name, "in", tuple(self._value(column, each) for each in given))

    def _spatial(self, op: str, left: Any, right: Any) -> Condition:
        if not _is_column(left):
            op, left, right = _INSIDE_OUT.get(op, op), right, left
        column = self._column(left)
        places = [each.name for each in self.columns.values() if each.type == "geometry"]
        if column.name not in places[:1]:
            named = f"it is {places[0]!r}" if places else "these rows have none"
            raise ValueError(f"asks where {column.name!r} is; name the geometry, {named}")
        return Shape(_SPATIAL[op], shapes.read(right, self.move))

    def _temporal(self, op: str, left: Any, right: Any) -> Condition:
        if not _is_column(left):
            op, left, right = times.TURNED[op], right, left
        column = self._column(left)
        if column.type not in ("time", "date"):
            raise ValueError(f"asks when {column.name!r} is, of type {column.type}; name a column of times")
        return times.condition(op, column, right, self.zone)

    def _column(self, node: Any) -> Column:
        if isinstance(node, dict) and isinstance(name := node.get("property"), str):
            if name not in self.columns:
                raise ValueError(f"has no column {name!r}; {did_you_mean(name, self.columns)}")
            return self.columns[name]
        if isinstance(op := _op(node), str):
            known = ("casei", *_SPATIAL, *times.TURNED)
            raise ValueError(f"has no function {op!r} of a column; {did_you_mean(op.lower(), known)}")
        raise ValueError(f"has {_brief(node)} where a column should be; compare a column with a value")

    def _value(self, column: Column, node: Any) -> Any:
        match node:
            case {"property": _}:
                raise ValueError("compares two columns; compare a column with a value")
            case {"timestamp": str(text)} | {"date": str(text)} if column.type in ("time", "date"):
                return literal(column, text, self.zone)
            case {"op": str(op)}:
                raise ValueError(f"computes with {op!r}; compare a column with a plain value")
        return literal(column, node, self.zone)

    def _text(self, column: Column, node: Any) -> str:
        if column.type != "text" or not isinstance(node, str):
            raise ValueError(
                f"asks of texts, but has {column.name!r}, of type {column.type}, and {_brief(node)}; "
                "write name LIKE '중앙%'"
            )
        return node


def _is_column(node: Any) -> bool:
    inner = _inner(node)
    return isinstance(inner, dict) and "property" in inner


def _op(node: Any) -> Any:
    return node.get("op") if isinstance(node, dict) else None


def _inner(node: Any) -> Any:
    """What casei() is called with; any other node as it is."""
    match node:
        case {"op": str(op), "args": [inner]} if op.lower() == "casei":
            return inner
    return node


def _so_many(op: str, arguments: Sequence[Any], count: int) -> Sequence[Any]:
    if len(arguments) != count:
        raise ValueError(f"gives {op} {len(arguments)} arguments; it takes {count}")
    return arguments


def _brief(node: Any) -> str:
    return repr(node)[:60]
