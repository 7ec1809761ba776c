"""In which unit a column comes, in which it is published, and the way between them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvesters.faults import FeedMisconfigured
from harvesters.normalise.rejects import Mask, mask_of
from harvesters.normalise.values.numbers import Figures
from harvesters.normalise.values.units import (
    OtherQuantity,
    Unit,
    UnknownUnit,
    conversion,
    unit_behind,
    unit_in_heading,
    unit_named,
)
from schemas.dataset import Column

# A price by the square metre has its ground in brackets, not its unit.
_PRICE = re.compile(r"가격|요금|금액|비용|단가|분양가|임대료|price|fee|cost", re.IGNORECASE)
_COUNTS = frozenset({"vehicles", "people", "households", "count"})


@dataclass(frozen=True)
class Stated:
    """Who says what the unit is: the feed, the source's row of units, its heading; and how figures look."""

    feed: str | None
    source: str | None
    heading: str
    figures: Figures


@dataclass(frozen=True)
class Measure:
    """The unit of a column as it is published, and `value * factor + zero` that brings it there from `of`."""

    unit: str | None
    factor: float = 1.0
    zero: float = 0.0
    of: str | None = None

    @property
    def changes(self) -> bool:
        """Whether values are changed on the way."""
        return (self.factor, self.zero) != (1.0, 0.0)


def measure(column: Column, stated: Stated, *, declared: bool) -> Measure:
    """The measure of a column; `declared` says that a record gives it its unit.

    Raises FeedMisconfigured for a unit that nobody knows, or that measures something else.
    """
    if column.type not in ("integer", "number"):
        return Measure(column.unit)
    unit = _unit(column.name, stated)
    if not declared or column.unit is None:
        return Measure(unit.code if unit else stated.source or column.unit)
    target = unit_named(column.unit)
    if unit is None or (unit.quantity in _COUNTS and target.quantity in _COUNTS):
        return Measure(column.unit)
    try:
        factor, zero = conversion(unit, target)
    except OtherQuantity as fault:
        raise FeedMisconfigured(
            f"the source has {column.name} in {unit.code} and the record in {column.unit}: {fault}",
            f'write [units] {column.name} = "…" if that is not so, or leave it empty with '
            f'[columns] {column.name} = ""',
        ) from fault
    return Measure(column.unit, factor, zero, unit.code)


def _unit(name: str, stated: Stated) -> Unit | None:
    """The feed's word before the figures', and theirs before the source's and the heading's."""
    if stated.feed is not None:
        try:
            return unit_named(stated.feed)
        except UnknownUnit as fault:
            raise FeedMisconfigured(f"[units] {name}: {fault}") from fault
    for suffix in stated.figures.suffixes[:1]:
        return unit_behind(suffix)
    try:
        return unit_named(stated.source) if stated.source else _of_heading(stated.heading)
    except UnknownUnit:
        return _of_heading(stated.heading)


def _of_heading(heading: str) -> Unit | None:
    unit = unit_in_heading(heading)
    return None if unit and unit.quantity != "money" and _PRICE.search(heading) else unit


def converted(values: pa.ChunkedArray, made: Measure) -> tuple[pa.ChunkedArray, Mask]:
    """The values in the unit that is published, and which of them a whole number cannot hold."""
    kind = values.type
    changed = pc.add(pc.multiply(values.cast(pa.float64()), made.factor), made.zero)
    if pa.types.is_floating(kind):
        return changed, np.zeros(len(values), dtype=bool)
    whole = pc.round(changed)
    apart = mask_of(pc.greater(pc.abs(pc.subtract(changed, whole)), 1e-9))
    kept = pc.if_else(pa.array(apart), pa.scalar(None, pa.float64()), whole)
    return kept.cast(kind), apart
