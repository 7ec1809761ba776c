"""Land one column: find or enforce its type, and set aside the cells that do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from harvesters.formats import Parsed
from harvesters.normalise.columns import Layout, Wanted, as_column
from harvesters.normalise.contract import widen
from harvesters.normalise.rejects import Mask, Sieve, Why, mask_of
from harvesters.normalise.repairs import Rule
from harvesters.normalise.values.cast import Reading, misfits
from harvesters.normalise.values.cells import is_text, lost_letters, lost_why
from harvesters.normalise.values.given import Given
from harvesters.normalise.values.habits import declared_figures, declared_times
from harvesters.normalise.values.infer import infer
from harvesters.normalise.values.measures import Measure, Stated, converted, measure
from harvesters.normalise.values.mending import note_reading
from harvesters.normalise.values.numbers import hold_codes
from harvesters.normalise.values.semantics import recognise
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
class Settled:
    """A column whose type is settled for all pieces; `given` is None where the source has no such column.

    `retyped` says that it had another type, which the values do not fit.
    """

    wanted: Wanted
    column: Column
    reading: Reading
    given: Given | None
    retyped: bool = False
    measure: Measure = field(default_factory=lambda: Measure(None))

    def of(self, piece: pa.Table) -> Values:
        """The column's values in one piece of the source."""
        if self.given is None:
            nothing = pa.chunked_array([pa.nulls(len(piece), ARROW_TYPES[self.column.type])])
            return Values(self, None, nothing)
        given = self.given.of(piece)
        return Values(self, given, self.given.read(given, self.column.type, self.reading))


@dataclass(frozen=True)
class Values:
    """What a piece holds of a column: as published, and in its type."""

    settled: Settled
    given: pa.ChunkedArray | None
    found: pa.ChunkedArray


def settle(wanted: Wanted, parsed: Parsed, landing: Landing) -> Settled:
    """Find or enforce the type of a column, apart from all others: columns may be settled in parallel."""
    column = as_column(wanted, landing.plan)
    if wanted.theirs is None:
        return Settled(wanted, column, landing.reading, None)
    given = Given(parsed, wanted.theirs)
    kind, reading, retyped = _settle(wanted, given, landing)
    column = replace(column, type=kind)
    stated = Stated(
        landing.feed.units.get(wanted.name), parsed.units.get(wanted.theirs), wanted.theirs, reading.figures
    )
    made = measure(column, stated, declared=wanted.declared is not None)
    column = replace(column, unit=made.unit, semantic=recognise(given, wanted.theirs))
    return Settled(wanted, column, reading, given, retyped, made)


def land(values: Values, landing: Landing, sieve: Sieve) -> pa.ChunkedArray:
    """The values in their type; what does not fit is left out, or its row is where it must be there."""
    column, given, found = values.settled.column, values.given, values.found
    if given is None:
        return found
    kind = column.type
    needed = column.key or (_rows_go(landing) and (column.required or column.role == "time"))
    set_aside = sieve.drop_rows if needed else sieve.drop_cells
    lost = lost_letters(given)
    set_aside(lost, lost_why(column.name), given)
    reading = values.settled.reading
    bad, found = misfits(given, found, reading) & ~lost, _without(found, lost)
    set_aside(bad, Why(f"bad_{kind}", f"the value is no {_NOUNS[kind]}", column.name), given)
    if column.codes:
        stray = _strays(found, column.codes)
        set_aside(stray, Why("unknown_code", f"it is none of {', '.join(column.codes)}", column.name), given)
        bad, found = bad | stray, _without(found, stray)
    if values.settled.measure.changes:
        found, apart = _converted(values.settled, found, sieve)
        bad |= apart
    if column.required and column.name not in landing.plan.key and _rows_go(landing):
        reason = "missing_time" if column.role == "time" else "missing_value"
        missing = mask_of(pc.is_null(found)) & ~bad & ~lost
        sieve.drop_rows(missing, Why(reason, f"a row needs {column.name}", column.name))
    note_reading(column, given, found, reading, sieve)
    return found


def _rows_go(landing: Landing) -> bool:
    """Whether a row goes that lacks a value it needs; the contract discard_value needs its key alone."""
    return landing.feed.contract != "discard_value"


def _converted(settled: Settled, values: pa.ChunkedArray, sieve: Sieve) -> tuple[pa.ChunkedArray, Mask]:
    """The values in the unit of the record, and which of them cannot be; those are set aside."""
    column, made = settled.column, settled.measure
    found, apart = converted(values, made)
    why = Why("bad_integer", f"in {made.unit} the value is no whole number", column.name)
    sieve.drop_cells(apart, why, values)
    rule = Rule("unit_converted", f"values in {made.of} were turned into {made.unit}", column.name)
    sieve.mend(rule, mask_of(pc.is_valid(found)), values, found)
    return found, apart


def _settle(wanted: Wanted, given: Given, landing: Landing) -> tuple[ColumnType, Reading, bool]:
    """The type of the column, how its values are read, and whether it had another that they do not fit."""
    declared = _declared(wanted, given, landing)
    if declared is not None:
        return declared, _read_as(given, declared, wanted, landing), False
    before = landing.before.get(wanted.name)
    inferred, reading = infer(given, wanted.name, landing.reading, landing.typed)
    if before is None or before == inferred:
        return inferred, reading, False
    strict, loose = _lost(given, before, landing.reading), _lost(given, before, reading)
    share, how = (loose, reading) if loose < strict else (strict, landing.reading)
    if not share:
        return before, how, False
    if landing.feed.contract == "evolve":
        return widen(before, inferred), reading, False
    return before, how, share > landing.feed.reject_limit or landing.feed.contract == "freeze"


def _read_as(given: Given, kind: ColumnType, wanted: Wanted, landing: Landing) -> Reading:
    """How the values of a column are read whose type is known: strictly where they fit, else as they need."""
    strict = landing.reading
    if not any(misfits(values, given.read(values, kind, strict)).any() for values in given):
        return strict
    if kind in ("integer", "number"):
        unit = wanted.declared.unit if wanted.declared else None
        return replace(strict, figures=declared_figures(given, unit))
    if kind in ("date", "time"):
        return replace(strict, written=declared_times(given, wanted.theirs or ""))
    return strict


def _declared(wanted: Wanted, given: Given, landing: Landing) -> ColumnType | None:
    """The type that a record, a role or a coordinate gives the column before its values are looked at."""
    if wanted.declared:
        return wanted.declared.type
    if wanted.theirs in landing.axes:
        return "number"
    if wanted.name == landing.plan.time:
        return "date" if _all_days(given, landing.reading) else "time"
    return landing.types.get(wanted.theirs or "")


def _all_days(given: Given, reading: Reading) -> bool:
    return not any(
        pa.types.is_timestamp(values.type) or misfits(values, given.read(values, "date", reading)).any()
        for values in given
    )


def _lost(given: Given, kind: ColumnType, reading: Reading) -> float:
    """The share of what is written that the type cannot hold; all of it when the column turned to codes."""
    written = lost = 0
    codes = False
    for values in given:
        written += len(values) - values.null_count
        lost += int(misfits(values, given.read(values, kind, reading)).sum())
        if kind in ("integer", "number") and is_text(values.type):
            codes = codes or hold_codes(values)
    if not written:
        return 0.0
    return 1.0 if codes else lost / written


def _strays(values: pa.ChunkedArray, codes: Mapping[str, object]) -> Mask:
    return mask_of(pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, pa.array(list(codes))))))


def _without(values: pa.ChunkedArray, bad: Mask) -> pa.ChunkedArray:
    if not bad.any():
        return values
    return pc.if_else(pa.array(bad), pa.scalar(None, values.type), values)
