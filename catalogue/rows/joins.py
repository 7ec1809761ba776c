"""Columns of another dataset beside the rows of one: matched by what both name, such as a dong or a stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from catalogue import geometry
from catalogue.rows.question.plan import ID_COLUMN, Plan
from catalogue.rows.question.tree import Place, leaves, tested
from schemas.conditions import Filter
from schemas.dataset import Column
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import Join, RowPage, RowQuery
from schemas.snapshot import Snapshot

MOST_ROWS = 1_000_000
"""A larger dataset is not put beside another: it would have to be read as a whole for one page."""
AND = ","
"""Between the ids of two snapshots that are read together."""
_MATCHED = ("text", "integer", "date")
_TOGETHER = 1_000

Values = list[tuple[object, ...]]


@dataclass(frozen=True, kw_only=True)
class Joined(Snapshot):
    """The rows of `ours` with columns of `other` behind their own, where `column` equals its column `on`.

    `beside` are those columns as the other dataset has them; of it there is at most one row to each of ours.
    """

    ours: Snapshot
    other: Snapshot
    column: Column
    on: Column
    beside: tuple[Column, ...]

    def of(self, ours: Snapshot, other: Snapshot) -> Joined:
        """The same of the same snapshots whose parts have been joined meanwhile."""
        return replace(self, ours=ours, other=other, parts=ours.parts)

    def shown(self) -> tuple[str, ...]:
        """What is shown where nothing is selected: all but geometries of the other dataset."""
        own = len(self.ours.columns)
        beside = (column.name for column in self.columns[own:] if column.type != "geometry")
        return (*(column.name for column in self.columns[:own]), *beside)


def joined(ours: Snapshot, other: Snapshot, join: Join) -> Joined:
    """Two snapshots as one; raises BadInput where they cannot be."""
    if other.rows > MOST_ROWS:
        what = f"{other.dataset} has {other.rows} rows, more than the {MOST_ROWS} that may be joined"
        raise _fault("join", what, "join the other way round, or download both")
    column, on = _matched(ours, other, join)
    known = {each.name: each for each in other.columns}
    names = tuple(known) if join.select is None else join.select
    unknown = [name for name in names if name not in known]
    if unknown:
        raise _fault("join", f"{other.dataset} has no column {unknown[0]!r}", did_you_mean(unknown[0], known))
    beside = tuple(known[name] for name in names)
    columns = (*ours.columns, *(_renamed(each, other.dataset) for each in beside))
    said = {name: getattr(ours, name) for name in Snapshot.__dataclass_fields__}
    said |= {"id": f"{ours.id}{AND}{other.id}", "columns": columns}
    return Joined(**said, ours=ours, other=other, column=column, on=on, beside=beside)


def _renamed(column: Column, dataset: str) -> Column:
    return replace(column, name=f"{dataset}.{column.name}", key=False, role=None, required=False)


def _matched(ours: Snapshot, other: Snapshot, join: Join) -> tuple[Column, Column]:
    """The columns that are equal in rows that belong together."""
    if join.column is None or join.on is None:
        return _declared(ours, other)
    column, on = _known(ours, join.column), _known(other, join.on)
    if column.type != on.type or column.type not in _MATCHED:
        what = f"{column.name!r} is {column.type} and {on.name!r} of {other.dataset} is {on.type}"
        raise _fault("on", what, f"match columns of one type, of {', '.join(_MATCHED)}")
    return column, on


def _known(snapshot: Snapshot, name: str) -> Column:
    for column in (ID_COLUMN, *snapshot.columns):
        if column.name == name:
            return column
    hint = did_you_mean(name, [column.name for column in snapshot.columns])
    raise _fault("on", f"{snapshot.dataset} has no column {name!r}", hint)


def _declared(ours: Snapshot, other: Snapshot) -> tuple[Column, Column]:
    """The key of the other dataset in ours, by its name or by what it names; raises BadInput for several."""
    pairs = [(a, b) for b in other.columns for a in ours.columns if a.type == b.type and a.type in _MATCHED]
    named = [(a, b) for a, b in pairs if b.key and a.name == b.name]
    meant = [(a, b) for a, b in pairs if b.semantic is not None and a.semantic == b.semantic]
    for found in (named, [(a, b) for a, b in meant if b.key], meant):
        if len(found) == 1:
            return found[0]
        if found:
            ways = " or ".join(f"{a.name}:{b.name}" for a, b in found[:4])
            raise _fault("on", f"{other.dataset} can be matched in several ways", f"give on={ways}")
    what = f"{ours.dataset} has no column that names what a key of {other.dataset} does"
    raise _fault("on", what, "say which columns are equal, as on=OURS:THEIRS")


def check_unique(joined: Joined, count: Callable[[Snapshot, Column], tuple[int, int]]) -> None:
    """Raises BadInput where several rows of the other dataset would belong to one of ours.

    `count` gives the number of values of a column, and of different ones.
    """
    keys = [column for column in joined.other.columns if column.key]
    if joined.on == ID_COLUMN or keys == [joined.on]:
        return
    values, different = count(joined.other, joined.on)
    if values != different:
        dataset, on = joined.other.dataset, joined.on.name
        what = f"{dataset} has {values} rows for {different} values of {on!r}, so several belong to one row"
        raise _fault("on", what, f"match a column whose values are unique in {dataset}")


def apart(asked: Plan, whole: Joined) -> Plan | None:
    """The plan of our rows alone, with the column they are matched by behind those shown.

    None where a filter or the order looks at the other dataset too.
    """
    ours = {ID_COLUMN.name, *(column.name for column in whole.ours.columns)}
    looked_at = [*tested(asked.conditions), *(column for column, _ in asked.order)]
    if not {column.name for column in looked_at} <= ours:
        return None
    if geometry.geometry_column(whole.ours.columns) is None and _places(asked):
        return None
    columns = (*(column for column in asked.columns if column.name in ours), whole.column)
    return replace(asked, snapshot=whole.ours, columns=columns, written=False)


def _places(asked: Plan) -> bool:
    """Whether something is asked of where rows are."""
    return bool(asked.places) or any(isinstance(leaf, Place) for leaf in leaves(asked.conditions))


def completed(
    values: Values, asked: Plan, whole: Joined, read: Callable[[Snapshot, RowQuery], RowPage]
) -> Values:
    """The rows of `apart` with what belongs to them in the other dataset, in the columns of `asked`."""
    shown = {f"{whole.other.dataset}.{column.name}": column.name for column in whole.beside}
    names = [shown[column.name] for column in asked.columns if column.name in shown]
    found = _belonging({row[-1] for row in values} - {None}, names, whole, read)
    nothing = (None,) * len(names)
    completed = []
    for row in values:
        ours, theirs = iter(row), iter(found.get(row[-1], nothing))
        completed.append(tuple(next(theirs if column.name in shown else ours) for column in asked.columns))
    return completed


def _belonging(
    keys: set[object], names: list[str], whole: Joined, read: Callable[[Snapshot, RowQuery], RowPage]
) -> dict[object, tuple[object, ...]]:
    """The values of columns of the other dataset by what its rows are matched by."""
    found: dict[object, tuple[object, ...]] = {}
    ordered = sorted(keys, key=str)
    for start in range(0, len(ordered), _TOGETHER):
        some: Any = tuple(ordered[start : start + _TOGETHER])
        asked = RowQuery(
            (Filter(whole.on.name, "in", some),), select=(whole.on.name, *names), limit=len(some)
        )
        page = read(whole.other, asked)
        key, *places = (page.names.index(name) for name in (whole.on.name, *names))
        found |= {row[key]: tuple(row[place] for place in places) for row in page.values}
    return found


def _fault(where: str, what: str, hint: str) -> BadInput:
    return BadInput([InputError(where, what, hint)])
