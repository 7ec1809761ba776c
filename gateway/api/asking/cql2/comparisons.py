"""The comparisons of CQL2: with values along the indexes where one side is a column, else of expressions."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gateway.api.asking.cql2.nodes import (
    Columns,
    brief,
    computed,
    inner,
    is_column,
    is_number,
    is_value,
    op_of,
    so_many,
)
from gateway.api.asking.typed import as_pattern
from schemas.conditions import All, Compared, Condition, Filter, Given, Not, Some
from schemas.dataset import Column

Sign = Literal["eq", "ne", "gt", "gte", "lt", "lte"]
SIGNS: Mapping[str, Sign] = {"=": "eq", "<>": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
TURNED: Mapping[Sign, Sign] = {"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte", "eq": "eq", "ne": "ne"}
"""What says the same of the sides the other way round."""
_PYTHON = {"gte": "ge", "lte": "le"}
PREDICATES = ("between", "in", "like", "isnull")
ALWAYS, NEVER = All(()), Some(())


def holds(first: Any, sign: Sign, second: Any) -> bool:
    """How two values of one type compare."""
    return bool(getattr(operator, _PYTHON.get(sign, sign))(first, second))


@dataclass(frozen=True)
class Comparisons:
    """Reads the arguments of each kind of comparison; every method raises ValueError with a sentence."""

    columns: Columns

    def compared(self, sign: Sign, left: Any, right: Any) -> Condition:
        """One side compared with the other."""
        left, right = computed(left), computed(right)
        if not is_column(inner(left)) and is_column(inner(right)):
            sign, left, right = TURNED[sign], right, left
        if is_column(left) and is_value(right):
            return self._with_value(sign, self.columns.named(left), right)
        if is_value(left) and is_value(right):
            return self._of_values(sign, left, right)
        folded = op_of(left) == "casei" and is_column(inner(left)) and sign in ("eq", "ne")
        if folded and isinstance(text := inner(right), str):
            return self._in_any_case(sign, left, text)
        self._check_name(right)
        return Compared(self.columns.expression(left), sign, self.columns.expression(right))

    def predicate(self, op: str, written: str, arguments: list[Any]) -> Condition:
        """One of PREDICATES."""
        if op == "isnull":
            (asked,) = so_many(written, arguments, 1)
            return self._is_null(asked)
        if op == "between":
            asked, low, high = so_many(written, arguments, 3)
            return All((self.compared("gte", asked, low), self.compared("lte", asked, high)))
        asked, given = so_many(written, arguments, 2)
        return self._like(asked, given) if op == "like" else self._in(asked, given)

    def _with_value(self, sign: Sign, column: Column, node: Any) -> Condition:
        if column.type == "integer" and isinstance(node, float) and not node.is_integer():
            return _beside_whole(sign, column, node)
        return Filter(column.name, sign, self.columns.value(column, node))

    def _of_values(self, sign: Sign, left: Any, right: Any) -> Condition:
        first, second = self.columns.plain(left), self.columns.plain(right)
        if type(first) is not type(second) and not (is_number(first) and is_number(second)):
            raise ValueError(f"compares {brief(left)} with {brief(right)}; compare what is of one type")
        return ALWAYS if holds(first, sign, second) else NEVER

    def _in_any_case(self, sign: Sign, left: Any, text: str) -> Condition:
        same = Filter(self._text(inner(left), text).name, "ilike", as_pattern(text))
        return same if sign == "eq" else Not(same)

    def _like(self, asked: Any, given: Any) -> Condition:
        if is_column(asked) and isinstance(given, str):
            return Filter(self._text(asked, given).name, "like", given)
        if op_of(asked) == "casei" and is_column(inner(asked)) and isinstance(text := inner(given), str):
            return Filter(self._text(inner(asked), text).name, "ilike", text)
        return Compared(self.columns.expression(asked), "like", self.columns.expression(given))

    def _in(self, asked: Any, given: Any) -> Condition:
        if not isinstance(given, list):
            raise ValueError("asks `in` of no list; write IN ('a', 'b')")
        if is_column(asked):
            column, values = self.columns.named(asked), [computed(each) for each in given]
            if all(map(is_value, values)) and not any(_is_part(column, each) for each in values):
                return Filter(column.name, "in", tuple(self.columns.value(column, each) for each in values))
        return Some(tuple(self.compared("eq", asked, each) for each in given))

    def _is_null(self, asked: Any) -> Condition:
        if is_column(asked):
            return Filter(self.columns.named(asked).name, "isnull", True)
        if is_value(asked) or (isinstance(asked, dict) and {"interval", "type", "bbox"} & set(asked)):
            return NEVER
        return Compared(self.columns.expression(asked), "isnull", Given(True))

    def _text(self, node: Any, text: str) -> Column:
        column = self.columns.named(node)
        if column.type != "text":
            raise ValueError(
                f"asks of texts, but has {column.name!r}, of type {column.type}, and {brief(text)}; "
                "write name LIKE '중앙%'"
            )
        return column

    def _check_name(self, node: Any) -> None:
        """Many write a text without quotes, or in double ones: it names a column then."""
        if is_column(node) and (name := node["property"]) not in self.columns.known:
            raise ValueError(f"has no column {name!r}; if it is a text, write it in single quotes: '{name}'")


def _is_part(column: Column, value: Any) -> bool:
    return column.type == "integer" and isinstance(value, float) and not value.is_integer()


def _beside_whole(sign: Sign, column: Column, value: float) -> Condition:
    """A column of whole numbers compared with one that is none, by the whole one beside it."""
    none = Filter(column.name, "in", ())
    match sign:
        case "eq":
            return none
        case "ne":
            return Not(none)
        case "gt" | "gte":
            return Filter(column.name, "gt", math.floor(value))
    return Filter(column.name, "lt", math.ceil(value))
