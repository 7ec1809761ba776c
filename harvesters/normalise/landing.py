"""Land one column: find or enforce its type, and set aside the cells that do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.cast import Reading, cast, misfits
from harvesters.normalise.cells import as_given, is_text, lost_letters, lost_why
from harvesters.normalise.columns import Layout, Wanted, as_column
from harvesters.normalise.contract import widen
from harvesters.normalise.infer import infer
from harvesters.normalise.numbers import hold_codes
from harvesters.normalise.rejects import Mask, Sieve, Why, mask_of
from schemas.arrow import ARROW_TYPES
from schemas.dataset import Column, ColumnType
from schemas.feed import Feed

_NOUNS: dict[ColumnType, str] = {
    "integer": "whole number", "number": "number", "boolean": "true or false", "date": "date",
    "time": "time", "text": "text", "geometry": "geometry",
}  # fmt: skip


@dataclass(frozen=True)
class Landing:
    """What the columns of one table have in common.

    `before` maps the columns of the current snapshot to their types, `axes` are the source's coordinate
    columns, `typed` says that the source has types of its own, `types` are those that its format gives to
    some of its columns.
    """

    feed: Feed
    plan: Layout
    reading: Reading
    before: Mapping[str, ColumnType]
    axes: frozenset[str]
    typed: bool
    types: Mapping[str, ColumnType] = field(default_factory=dict)


@dataclass(frozen=True)
class Landed:
    """A column with its values; `retyped` when they do not fit the type it had."""

    column: Column
    values: pa.ChunkedArray
    retyped: bool = False


@dataclass(frozen=True)
class Settled:
    """A column whose type is settled; `given` is as published, None where the source has no such column."""

    wanted: Wanted
    column: Column
    given: pa.ChunkedArray | None
    values: pa.ChunkedArray
    retyped: bool = False


def settle(wanted: Wanted, table: pa.Table, landing: Landing) -> Settled:
    """Find or enforce the type of a column, apart from all others: columns may be settled in parallel."""
    column = as_column(wanted, landing.plan)
    if wanted.theirs is None:
        return Settled(wanted, column, None, _nothing(len(table), column.type))
    given = as_given(table[wanted.theirs])
    kind, values, retyped = _settle(wanted, given, landing)
    return Settled(wanted, replace(column, type=kind), given, values, retyped)


def land(settled: Settled, landing: Landing, sieve: Sieve) -> Landed:
    """The column in its type; what does not fit is left out of it, or its row is where it must be there."""
    column, given, values = settled.column, settled.given, settled.values
    if given is None:
        return Landed(column, values)
    kind = column.type
    set_aside = (
        sieve.drop_rows if column.key or column.required or column.role == "time" else sieve.drop_cells
    )
    lost = lost_letters(given)
    set_aside(lost, lost_why(column.name), given)
    bad, values = misfits(given, values) & ~lost, _without(values, lost)
    set_aside(bad, Why(f"bad_{kind}", f"the value is no {_NOUNS[kind]}", column.name), given)
    if column.codes:
        stray = _strays(values, column.codes)
        set_aside(stray, Why("unknown_code", f"it is none of {', '.join(column.codes)}", column.name), given)
        bad, values = bad | stray, _without(values, stray)
    if column.required and column.name not in landing.plan.key:
        reason = "missing_time" if column.role == "time" else "missing_value"
        missing = mask_of(pc.is_null(values)) & ~bad & ~lost
        sieve.drop_rows(missing, Why(reason, f"a row needs {column.name}", column.name))
    return Landed(column, values, settled.retyped)


def _settle(
    wanted: Wanted, given: pa.ChunkedArray, landing: Landing
) -> tuple[ColumnType, pa.ChunkedArray, bool]:
    """The type of the column, its values in it, and whether it had another that they do not fit."""
    declared = _declared(wanted, given, landing)
    if declared is not None:
        return declared, cast(given, declared, landing.reading), False
    before = landing.before.get(wanted.name)
    if before is None:
        return *infer(given, wanted.name, landing.reading, landing.typed), False
    values = cast(given, before, landing.reading)
    share = _lost(given, values, before)
    if not share:
        return before, values, False
    if landing.feed.contract == "evolve":
        kind = widen(before, infer(given, wanted.name, landing.reading, landing.typed)[0])
        return kind, cast(given, kind, landing.reading), False
    return before, values, share > landing.feed.reject_limit or landing.feed.contract == "freeze"


def _declared(wanted: Wanted, given: pa.ChunkedArray, landing: Landing) -> ColumnType | None:
    """The type that a record, a role or a coordinate gives the column before its values are looked at."""
    if wanted.declared:
        return wanted.declared.type
    if wanted.theirs in landing.axes:
        return "number"
    if wanted.name == landing.plan.time:
        days = cast(given, "date", landing.reading)
        return "time" if misfits(given, days).any() or pa.types.is_timestamp(given.type) else "date"
    return landing.types.get(wanted.theirs or "")


def _lost(given: pa.ChunkedArray, values: pa.ChunkedArray, kind: ColumnType) -> float:
    """The share of what is written that the type cannot hold; all of it when the column turned to codes."""
    written = len(given) - given.null_count
    if not written:
        return 0.0
    if kind in ("integer", "number") and is_text(given.type) and hold_codes(given):
        return 1.0
    return float(misfits(given, values).sum() / written)


def _strays(values: pa.ChunkedArray, codes: Mapping[str, object]) -> Mask:
    return mask_of(pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, pa.array(list(codes))))))


def _without(values: pa.ChunkedArray, bad: Mask) -> pa.ChunkedArray:
    if not bad.any():
        return values
    return pc.if_else(pa.array(bad), pa.scalar(None, values.type), values)


def _nothing(rows: int, kind: ColumnType) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(rows, ARROW_TYPES[kind])])
