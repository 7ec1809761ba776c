"""Have a question in SoQL answered: looked up as rows where it asks for no more, else worked out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from catalogue import Catalogue
from gateway.dialects.soda.asking import Asked
from gateway.dialects.soda.plain import parted
from schemas.conditions import Condition
from schemas.dataset import Column
from schemas.formula import Call, Constant, Formula, Of, TableQuery
from schemas.query import NearestQuery, Order, RowPage, RowQuery
from schemas.snapshot import Snapshot

PAGE = 10_000
"""Rows that are read at once."""
NEAREST = 1_000
"""Rows that are looked for around a point; more are measured one by one."""


@dataclass(frozen=True)
class Found:
    """Rows of shown values, and what each column is under the name that was asked for."""

    columns: tuple[Column, ...]
    values: list[tuple[object, ...]]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]


def find(catalogue: Catalogue, snapshot: Snapshot, asked: Asked, zone: tzinfo) -> Iterator[Found]:
    """The answer in pages, one at least; spans of time as clocks in `zone` tell them.

    Raises as the catalogue does.
    """
    filters, rest = parted(asked.condition)
    if asked.before is None and rest is None and asked.groups is None:
        rows = RowQuery(filters=(*filters, *asked.words))
        if _looked_up(asked):
            return _rows(catalogue, snapshot, asked, rows)
        if _nearest_first(asked) and (near := _nearest(catalogue, snapshot, asked, rows)):
            return iter((near,))
    columns = _columns(asked)
    pages = catalogue.table_of(snapshot, _table(asked), zone)
    return (Found(columns, page) for page in pages)


def _table(asked: Asked) -> TableQuery:
    filters: Sequence[Condition] = ()
    where = asked.condition
    if asked.before is None:
        filters, where = parted(where)
    return TableQuery(
        columns=tuple((each.name, each.formula) for each in asked.selected),
        rows=RowQuery(filters=(*filters, *asked.words)),
        of=None if asked.before is None else _table(asked.before),
        where=where,
        groups=None if asked.groups is None else tuple(each.formula for each in asked.groups),
        having=asked.having,
        order=tuple(asked.order),
        limit=asked.limit,
        offset=asked.offset,
    )


def _columns(asked: Asked) -> tuple[Column, ...]:
    return tuple(Column(each.name, each.formula.type or "text") for each in asked.selected)


def _looked_up(asked: Asked) -> bool:
    """Whether columns are shown as they are, in the order of such."""
    names = [each.formula.column for each in asked.order if isinstance(each.formula, Of)]
    plain = all(isinstance(each.formula, Of) and not each.nulls_first for each in asked.order)
    return plain and len(names) == len(set(names)) and all(map(_shown_as_it_is, _formulas(asked)))


def _shown_as_it_is(formula: Formula) -> bool:
    return isinstance(formula, Of | Constant)


def _formulas(asked: Asked) -> list[Formula]:
    return [each.formula for each in asked.selected]


def _rows(catalogue: Catalogue, snapshot: Snapshot, asked: Asked, rows: RowQuery) -> Iterator[Found]:
    shown, columns, left = _formulas(asked), _columns(asked), asked.limit or 0
    order = tuple(Order(e.formula.column, e.descending) for e in asked.order if isinstance(e.formula, Of))
    query = replace(rows, select=_names(shown), order=order, offset=asked.offset)
    while True:
        page = catalogue.rows_of(snapshot, replace(query, limit=min(max(left, 1), PAGE)))
        yield Found(columns, _picked(page, shown, page.values[:left]))
        left -= len(page.values)
        if left <= 0 or page.next is None:
            return
        query = replace(query, offset=0, cursor=page.next)


def _names(shown: Sequence[Formula]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.column for each in shown if isinstance(each, Of)))


def _picked(
    page: RowPage, shown: Sequence[Formula], values: Sequence[tuple[object, ...]]
) -> list[tuple[object, ...]]:
    """What is shown of each row, the distance of those that have one being last."""
    constants = [_said(each) for each in shown]
    places = [
        page.names.index(each.column) if isinstance(each, Of) else -1 if isinstance(each, Call) else None
        for each in shown
    ]
    if None not in places:
        return [tuple(row[place] for place in places if place is not None) for row in values]
    pairs = list(zip(places, constants, strict=True))
    return [tuple(said if place is None else row[place] for place, said in pairs) for row in values]


def _said(formula: Formula) -> object:
    """A constant as rows show such."""
    value = formula.value if isinstance(formula, Constant) else None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def _nearest_first(asked: Asked) -> bool:
    """Whether few rows are asked for by their distance from one point alone."""
    if len(asked.order) != 1 or asked.order[0].descending or asked.order[0].nulls_first:
        return False
    point = asked.order[0].formula
    if not isinstance(point, Call) or point.function != "metres":
        return False
    few = asked.offset + (asked.limit or 0) <= NEAREST
    return few and all(_shown_as_it_is(each) or each == point for each in _formulas(asked))


def _nearest(catalogue: Catalogue, snapshot: Snapshot, asked: Asked, rows: RowQuery) -> Found | None:
    """Rows by their distance from a point; None where those that are somewhere are not enough."""
    shown, end = _formulas(asked), asked.offset + (asked.limit or 0)
    lon, lat = _point(asked.order[0].formula)
    query = NearestQuery(lon, lat, k=max(end, 1), rows=replace(rows, select=_names(shown)))
    page = catalogue.nearest_of(snapshot, query)
    if len(page.values) < end:
        return None
    return Found(_columns(asked), _picked(page, shown, page.values[asked.offset : end]))


def _point(formula: Formula) -> tuple[float, float]:
    match formula:
        case Call("metres", (_, Constant(float() as lon), Constant(float() as lat))):
            return lon, lat
    raise ValueError(f"{formula!r} is no distance")
