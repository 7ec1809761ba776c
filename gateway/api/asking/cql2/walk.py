"""Turn the tree that CQL2 JSON writes (OGC 21-065r2) into conditions on the columns of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.api.asking.cql2 import shapes, times
from gateway.api.asking.cql2.comparisons import ALWAYS, NEVER, PREDICATES, SIGNS, Comparisons, Sign
from gateway.api.asking.cql2.nodes import FOLDED, RECKONED, Columns, brief, is_column, op_of, so_many
from schemas.conditions import All, Condition, Filter, Not, Relation, Shape, Some
from schemas.dataset import Column
from schemas.problem import did_you_mean

DEPTH = 30
"""Conditions within one another."""
_SPATIAL: dict[str, Relation] = {
    "s_intersects": "intersects",
    "s_within": "within",
    "s_contains": "contains",
    "s_disjoint": "disjoint",
    "s_equals": "equals",
    "s_touches": "touches",
    "s_crosses": "crosses",
    "s_overlaps": "overlaps",
}
_INSIDE_OUT = {"s_within": "s_contains", "s_contains": "s_within"}
_JOINED = ("and", "or", "not")
_CONDITIONS = (*_JOINED, *SIGNS, *PREDICATES, *_SPATIAL, *times.OPERATORS)
_ARRAYS = ("a_contains", "a_containedby", "a_equals", "a_overlaps")


@dataclass(frozen=True)
class Walk:
    """One reading; every method raises ValueError with a sentence."""

    columns: Columns
    move: shapes.Move | None = None

    def condition(self, node: Any, depth: int = 0) -> Condition:
        """What a node of the tree asks."""
        if depth > DEPTH:
            raise ValueError(f"is more than {DEPTH} conditions deep; write it flatter")
        match node:
            case bool():
                return ALWAYS if node else NEVER
            case {"property": str()}:
                column = self.columns.named(node)
                return Filter(column.name, "eq", self.columns.value(column, True))
            case {"op": str(op), "args": list(arguments)}:
                return self._operation(op, arguments, depth)
        raise ValueError(f"has {brief(node)} where a condition should be; write it as a comparison")

    def _operation(self, op: str, arguments: list[Any], depth: int) -> Condition:
        low = op.lower()
        if low in _JOINED:
            return self._joined(low, arguments, depth)
        if low in SIGNS:
            return self._compared(SIGNS[low], so_many(op, arguments, 2), depth)
        if low in PREDICATES:
            return Comparisons(self.columns).predicate(low, op, arguments)
        if low in _SPATIAL:
            return self._spatial(low, *so_many(op, arguments, 2))
        if low in times.OPERATORS:
            first, second = so_many(op, arguments, 2)
            return times.condition(low, first, second, self.columns)
        raise ValueError(_unknown(op, low))

    def _joined(self, op: str, arguments: list[Any], depth: int) -> Condition:
        if op == "not":
            (part,) = so_many(op, arguments, 1)
            return Not(self.condition(part, depth + 1))
        parts = tuple(self.condition(part, depth + 1) for part in arguments)
        return All(parts) if op == "and" else Some(parts)

    def _compared(self, sign: Sign, sides: Sequence[Any], depth: int) -> Condition:
        """A comparison; one of a condition with a truth is that condition, or what is not so."""
        left, right = sides
        for asked, truth in ((left, right), (right, left)):
            if sign in ("eq", "ne") and isinstance(truth, bool) and op_of(asked) in _CONDITIONS:
                found = self.condition(asked, depth + 1)
                return found if truth == (sign == "eq") else Not(found)
        return Comparisons(self.columns).compared(sign, left, right)

    def _spatial(self, op: str, left: Any, right: Any) -> Condition:
        if not is_column(left):
            op, left, right = _INSIDE_OUT.get(op, op), right, left
        if not is_column(left):
            lies = shapes.lies(_SPATIAL[op], shapes.read(left, self.move), shapes.read(right, self.move))
            return ALWAYS if lies else NEVER
        column = self._place(left)
        if is_column(right) and self._place(right) == column:
            same = op in ("s_intersects", "s_within", "s_contains", "s_equals")
            return Filter(column.name, "isnull", False) if same else NEVER
        return Shape(_SPATIAL[op], shapes.read(right, self.move))

    def _place(self, node: Any) -> Column:
        """The column of places, of which only the first can be asked."""
        column = self.columns.named(node)
        places = [each.name for each in self.columns.known.values() if each.type == "geometry"]
        if column.name not in places[:1]:
            named = f"it is {places[0]!r}" if places else "these rows have none"
            raise ValueError(f"asks where {column.name!r} is; name the geometry, {named}")
        return column


def _unknown(op: str, low: str) -> str:
    if low in _ARRAYS:
        return f"asks {op} of lists, and no column here holds one; ask with IN ('a', 'b')"
    if low in (*FOLDED, *RECKONED):
        return f"has {op} where a condition should be; compare it, as in casei(name) = casei('ABC')"
    if low in ("s_dwithin", "s_beyond"):
        return f"asks {op}, which is not of CQL2; ask with near=longitude,latitude,metres"
    return f"has no function {op!r}; {did_you_mean(low, (*_CONDITIONS, *FOLDED))}"
