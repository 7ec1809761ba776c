"""What a feed's contract makes of a source that changed, and when a run has to wait for a steward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harvesters.faults import HarvestFault
from harvesters.normalise.repairs import Repairs, Rule
from schemas.dataset import Column, ColumnType
from schemas.feed import Feed

_WIDER: dict[frozenset[ColumnType], ColumnType] = {
    frozenset(("integer", "number")): "number",
    frozenset(("date", "time")): "time",
}
_FEW = 20
_LET_IN = 'mend the source or [columns], or let the change in with contract = "evolve"'


class SourceChanged(HarvestFault):
    """A column that the feed names, and that its last snapshot had, is gone from the source."""

    reason = "schema_changed"


@dataclass(frozen=True)
class Hold:
    """Why nothing is published until a steward looks: a short word and a sentence."""

    reason: str
    detail: str


@dataclass(frozen=True)
class Changes:
    """How the columns differ from those of the current snapshot."""

    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()
    remeasured: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counts:
    """Rows read and rows left out, cells set aside in the rest, and what left out the most."""

    read: int
    rejected: int
    cells: int = 0
    cause: str = ""


def widen(before: ColumnType, now: ColumnType) -> ColumnType:
    """The narrowest type that holds values of both: integer, number, text; date, time, text."""
    return before if before == now else _WIDER.get(frozenset((before, now)), "text")


def changes(previous: Sequence[Column] | None, columns: Sequence[Column], retyped: Sequence[str]) -> Changes:
    """What came, went and changed its type or unit since the current snapshot; nothing when there is none."""
    if previous is None:
        return Changes()
    before = {column.name: column.type for column in previous}
    now = {column.name: column.type for column in columns}
    widened = {name for name, kind in now.items() if name in before and before[name] != kind}
    return Changes(
        added=tuple(name for name in now if name not in before),
        gone=tuple(name for name in before if name not in now),
        retyped=tuple(sorted(widened.union(retyped))),
        remeasured=tuple(old.name for old, new in _both(previous, columns) if _differ(old.unit, new.unit)),
    )


def note_changes(
    changed: Changes, previous: Sequence[Column] | None, columns: Sequence[Column], repairs: Repairs
) -> None:
    """Tell how the columns differ from those of the current snapshot, each change an event of its own."""
    for name in changed.added:
        repairs.event(Rule("column_added", "the source has a column that it did not have", name), None, name)
    for name in changed.gone:
        repairs.event(Rule("column_gone", "the source has a column no longer", name), name, None)
    for old, new in _both(previous or (), columns):
        if old.type != new.type:
            detail = f"{old.name} is {new.type} where it was {old.type}"
            repairs.event(Rule("type_changed", detail, old.name), old.type, new.type)
        if old.name in changed.remeasured:
            detail = f"{old.name} is in {new.unit} where it was in {old.unit}"
            repairs.event(Rule("unit_changed", detail, old.name), old.unit, new.unit)


def _both(previous: Sequence[Column], columns: Sequence[Column]) -> list[tuple[Column, Column]]:
    """The columns of then and of now that have one name."""
    now = {column.name: column for column in columns}
    return [(column, now[column.name]) for column in previous if column.name in now]


def _differ(before: str | None, now: str | None) -> bool:
    """Whether a unit became another; one that was not told before is no change."""
    return before is not None and now is not None and before != now


def judge(feed: Feed, changed: Changes, counts: Counts, had_rows: bool) -> Hold | None:
    """Whether the contract lets these rows be published; None when it does."""
    empty = _empty(feed, counts, had_rows)
    if empty and not counts.read:
        return empty  # Nothing was written, so nothing can be said of types either.
    return _frozen(feed, changed, counts) or _changed(feed, changed) or _too_many(feed, counts) or empty


def _frozen(feed: Feed, changed: Changes, counts: Counts) -> Hold | None:
    if feed.contract != "freeze":
        return None
    found = _named(changed) + ([f"column {name!r} is new"] if (name := ", ".join(changed.added)) else [])
    if counts.rejected or counts.cells:
        found.append(f"{counts.rejected} rows and {counts.cells} cells would be set aside")
    if not found:
        return None
    return Hold("frozen", f"{'; '.join(found)}; the contract is freeze: {_LET_IN}")


def _changed(feed: Feed, changed: Changes) -> Hold | None:
    found = _named(changed)
    if feed.contract == "evolve" or not found:
        return None
    return Hold("schema_changed", f"{'; '.join(found)}; {_LET_IN}")


def _named(changed: Changes) -> list[str]:
    gone = [f"column {name!r} is gone from the source" for name in changed.gone]
    units = [f"column {name!r} is in another unit" for name in changed.remeasured]
    return gone + units + [f"values of column {name!r} no longer fit its type" for name in changed.retyped]


def _too_many(feed: Feed, counts: Counts) -> Hold | None:
    if counts.rejected <= feed.reject_limit * counts.read:
        return None
    return Hold(
        "too_many_rejects",
        f"{counts.rejected} of {counts.read} rows would be left out, more than the feed's limit of "
        f"{feed.reject_limit:.0%}: {counts.cause}",
    )


def _empty(feed: Feed, counts: Counts, had_rows: bool) -> Hold | None:
    if feed.contract == "evolve" or not had_rows or counts.read > counts.rejected:
        return None
    return Hold(
        "empty",
        "the source gives no rows where the current snapshot has some; "
        'if that is right, let it in with contract = "evolve"',
    )


def shrunk(feed: Feed, before: int, now: int) -> Hold | None:
    """Whether more than half of what was published would vanish at once; a few rows may come and go."""
    if feed.contract == "evolve" or before < _FEW or now >= before / 2:
        return None
    return Hold(
        "mass_deletion",
        f"{now} rows where {before} are published, so {before - now} would vanish; "
        'if that is right, approve it, or let it in with contract = "evolve"',
    )
