"""The parameter `datetime` of features: in a span of time, or of no time at all."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.api.asking.spans import Span
from gateway.api.asking.typed import literal
from schemas.conditions import All, Condition, Filter, Operator, Some
from schemas.dataset import Column


def in_span(column: Column, span: Span, zone: ZoneInfo) -> tuple[Condition, ...]:
    """The conditions of being in a span; a row of no time is in every one (OGC 17-069r4, 7.15.4)."""
    until: Operator = "lt" if span.without else "lte"
    ends: list[tuple[Operator, datetime | None]] = [("gte", span.first), (until, span.last)]
    inside = tuple(Filter(column.name, op, literal(column, end, zone)) for op, end in ends if end)
    if not inside or column.key or column.required:
        return inside
    return (Some((All(inside), Filter(column.name, "isnull", True))),)
