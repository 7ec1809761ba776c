"""What the temporal operators of CQL2 ask of two spans of time, between columns, instants and open ends."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gateway.api.asking.cql2.comparisons import ALWAYS, NEVER, TURNED, Sign, holds
from gateway.api.asking.cql2.nodes import Columns, brief, is_column
from gateway.api.asking.spans import Span, between, read_span
from gateway.api.asking.typed import literal
from schemas.conditions import All, Cell, Compared, Condition, Filter, Not, Some
from schemas.dataset import Column

End = Column | datetime | float
"""Where a span begins or ends; a float is an open end, before all times or behind them."""
_LEAST = timedelta(microseconds=1)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TESTS: Mapping[str, tuple[tuple[str, Sign, str], ...]] = {
    "t_after": (("a", "gt", "z"),),
    "t_before": (("b", "lt", "y"),),
    "t_contains": (("a", "lt", "y"), ("b", "gt", "z")),
    "t_during": (("a", "gt", "y"), ("b", "lt", "z")),
    "t_equals": (("a", "eq", "y"), ("b", "eq", "z")),
    "t_finishedby": (("a", "lt", "y"), ("b", "eq", "z")),
    "t_finishes": (("a", "gt", "y"), ("b", "eq", "z")),
    "t_intersects": (("a", "lte", "z"), ("b", "gte", "y")),
    "t_meets": (("b", "eq", "y"),),
    "t_metby": (("a", "eq", "z"),),
    "t_overlappedby": (("a", "gt", "y"), ("a", "lt", "z"), ("b", "gt", "z")),
    "t_overlaps": (("a", "lt", "y"), ("b", "gt", "y"), ("b", "lt", "z")),
    "t_startedby": (("a", "eq", "y"), ("b", "gt", "z")),
    "t_starts": (("a", "eq", "y"), ("b", "lt", "z")),
}
"""Which ends of a first span, from a to b, and of a second, from y to z, are compared, and how
(https://www.w3.org/TR/owl-time/#topology)."""
OPERATORS = (*_TESTS, "t_disjoint")


def condition(op: str, left: Any, right: Any, columns: Columns) -> Condition:
    """What one of OPERATORS asks of two nodes; raises ValueError with a sentence."""
    first, second = _ends(left, columns), _ends(right, columns)
    ends = dict(zip("abyz", (*first, *second), strict=True))
    if op == "t_disjoint":
        return Some(tuple(_all(each, ends, columns) for each in ("t_before", "t_after")))
    if op == "t_equals" and ((is_column(left) and _is_day(right)) or (is_column(right) and _is_day(left))):
        op = "t_intersects"  # An instant is as long as a day where it is compared with one.
    return _all(op, ends, columns)


def _all(op: str, ends: Mapping[str, End], columns: Columns) -> Condition:
    tests = tuple(_compared(ends[a], sign, ends[b], columns) for a, sign, b in _TESTS[op])
    return tests[0] if len(tests) == 1 else All(tests)


def _compared(a: End, sign: Sign, b: End, columns: Columns) -> Condition:
    match a, b:
        case Column(), Column():
            return _of_columns(a, sign, b)
        case Column(), float():
            # Any time is before or behind an open end, but a missing one is unknown.
            never = Filter(a.name, "in", ())
            return Not(never) if holds(0.0, sign, b) else never
        case Column(), datetime():
            return Filter(a.name, sign, literal(a, b, columns.zone))
        case _, Column():
            return _compared(b, TURNED[sign], a, columns)
        case datetime(), datetime():
            return ALWAYS if holds(a, sign, b) else NEVER
    first, second = (each if isinstance(each, float) else 0.0 for each in (a, b))
    return ALWAYS if holds(first, sign, second) else NEVER


def _of_columns(a: Column, sign: Sign, b: Column) -> Condition:
    if a.type != b.type:
        told = f"{a.name!r}, of type {a.type}, with {b.name!r}, of type {b.type}"
        raise ValueError(f"compares {told}; compare what is of one type")
    return Compared(Cell(a.name), sign, Cell(b.name))


def _ends(node: Any, columns: Columns) -> tuple[End, End]:
    """Where the span of a node begins and ends, both of it."""
    match node:
        case {"property": _}:
            column = _column(node, columns)
            return column, column
        case {"interval": [start, end]}:
            return _between(start, end, columns)
        case str(text) | {"timestamp": str(text)} | {"date": str(text)}:
            return _closed(read_span(text, columns.zone))
    raise ValueError(
        "has no time there; give a column, TIMESTAMP('2026-01-03T09:00:00Z') or INTERVAL('2026-01-03','..')"
    )


def _between(start: Any, end: Any, columns: Columns) -> tuple[End, End]:
    if not is_column(start) and not is_column(end):
        return _closed(between(_said(start), _said(end), columns.zone))
    first = (
        _column(start, columns) if is_column(start) else _closed(between(_said(start), "..", columns.zone))[0]
    )
    last = _column(end, columns) if is_column(end) else _closed(between("..", _said(end), columns.zone))[1]
    return first, last


def _closed(span: Span) -> tuple[End, End]:
    last = span.last - _LEAST if span.last is not None and span.without else span.last
    return -math.inf if span.first is None else span.first, math.inf if last is None else last


def _column(node: Any, columns: Columns) -> Column:
    column = columns.named(node)
    if column.type not in ("time", "date"):
        raise ValueError(f"asks when {column.name!r} is, of type {column.type}; name a column of times")
    return column


def _said(node: Any) -> str:
    match node:
        case str(text) | {"timestamp": str(text)} | {"date": str(text)}:
            return text
    hint = "give INTERVAL('2026-01-03', '2026-01-05') or '..' for no end"
    raise ValueError(f"has {brief(node)} at an end of an interval; {hint}")


def _is_day(node: Any) -> bool:
    match node:
        case str(text) | {"timestamp": str(text)} | {"date": str(text)}:
            return _DAY.fullmatch(text) is not None
    return False
