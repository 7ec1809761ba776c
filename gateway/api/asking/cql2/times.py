"""What the temporal operators of CQL2 ask of a column of instants, each of them a span of no length."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from gateway.api.asking.spans import Span, between
from gateway.api.asking.typed import literal
from gateway.api.asking.values import parse_time
from schemas.conditions import All, Condition, Filter, Not, Operator
from schemas.dataset import Column

TURNED = {
    "t_after": "t_before",
    "t_before": "t_after",
    "t_contains": "t_during",
    "t_during": "t_contains",
    "t_disjoint": "t_disjoint",
    "t_equals": "t_equals",
    "t_finishedby": "t_finishes",
    "t_finishes": "t_finishedby",
    "t_intersects": "t_intersects",
    "t_meets": "t_metby",
    "t_metby": "t_meets",
    "t_overlappedby": "t_overlaps",
    "t_overlaps": "t_overlappedby",
    "t_startedby": "t_starts",
    "t_starts": "t_startedby",
}
"""Every operator with the one that says the same of its arguments the other way round."""


def condition(op: str, column: Column, value: Any, zone: ZoneInfo) -> Condition:
    """What `op` asks of `column` and an instant or a span; raises ValueError with a sentence."""
    span = _span(value, zone)
    first, last = _test(column, zone, span.first), _test(column, zone, span.last)
    later, until = ("gte", "lt") if span.without else ("gt", "lte")
    alone = span.first is not None and span.first == span.last
    asked: dict[str, Condition | None] = {
        "t_after": last(later),
        "t_before": first("lt"),
        "t_intersects": _all(column, first("gte"), last(until)),
        "t_disjoint": Not(_all(column, first("gte"), last(until))),
        "t_during": _all(column, first("gt"), last("lt")),
        "t_equals": first("eq") if alone else None,
        "t_starts": None if alone else first("eq"),
        "t_finishes": None if alone else last("eq"),
        "t_meets": first("eq"),
        "t_metby": last("eq"),
    }
    # Only a span of some length holds another, overlaps it or is started by it.
    return asked.get(op) or Filter(column.name, "in", ())


def _test(column: Column, zone: ZoneInfo, moment: Any) -> Any:
    """How a column is compared with an end of a span; None where that end is open."""

    def compared(operator: Operator) -> Filter | None:
        return None if moment is None else Filter(column.name, operator, literal(column, moment, zone))

    return compared


def _all(column: Column, *tests: Filter | None) -> Condition:
    """All tests of the ends that are not open; of no end at all, any time is right."""
    ends = tuple(test for test in tests if test is not None)
    return All(ends) if ends else Not(Filter(column.name, "in", ()))


def _span(value: Any, zone: ZoneInfo) -> Span:
    match value:
        case str() as text:
            moment = parse_time(text, zone)
            return Span(moment, moment)
        case {"timestamp": str(text)} | {"date": str(text)}:
            moment = parse_time(text, zone)
            return Span(moment, moment)
        case {"interval": [start, end]}:
            return between(_end(start), _end(end), zone)
    raise ValueError(
        "has no time there; give TIMESTAMP('2026-01-03T09:00:00Z') or INTERVAL('2026-01-03','..')"
    )


def _end(value: Any) -> str:
    match value:
        case str() | {"timestamp": str()} | {"date": str()}:
            return value if isinstance(value, str) else str(next(iter(value.values())))
    raise ValueError(
        "has an interval of no times; give INTERVAL('2026-01-03', '2026-01-05') or '..' for no end"
    )
