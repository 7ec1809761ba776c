"""Have a question in SoQL answered: as pages of rows, or as groups, under the names that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

from catalogue import Catalogue
from gateway.dialects.soda import times
from gateway.dialects.soda.asking import Asked
from gateway.dialects.soda.clauses import CASES, DISTANCE, Ordered, Selected
from gateway.dialects.soda.faults import SoqlFault
from gateway.dialects.soda.groups import groups
from schemas.arrow import ID
from schemas.dataset import Column
from schemas.query import GroupQuery, Measure, NearestQuery, Order, RowQuery
from schemas.snapshot import Snapshot

PAGE = 10_000
"""Rows that are read at once."""
NEAREST = 1_000
"""Rows that are looked for around a point."""
Read = Callable[[Any], object]


@dataclass(frozen=True)
class Found:
    """Rows of shown values, and what each column is under the name that was asked for."""

    columns: tuple[Column, ...]
    values: list[tuple[object, ...]]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]


def period(catalogue: Catalogue, snapshot: Snapshot, column: Column) -> tuple[str, str] | None:
    """The first and the last value of a column, as rows show them."""
    ends = (Measure("first", "min", column.name), Measure("last", "max", column.name))
    ((first, last),) = catalogue.groups_of(snapshot, GroupQuery(ends)).values
    return None if first is None else (str(first), str(last))


def find(catalogue: Catalogue, snapshot: Snapshot, asked: Asked, zone: tzinfo) -> Iterator[Found]:
    """The answer in pages, one at least; spans of time as clocks in `zone` tell them.

    Raises SoqlFault, or as the catalogue does.
    """
    if asked.grouped:
        columns, values = groups(catalogue, snapshot, asked, zone)
        return iter((Found(columns, values),))
    if any(each.of == DISTANCE for each in [*asked.selected, *(order.what for order in asked.order)]):
        return iter((_nearest(catalogue, snapshot, asked, zone),))
    return _rows(catalogue, snapshot, asked, zone)


def _nearest(catalogue: Catalogue, snapshot: Snapshot, asked: Asked, zone: tzinfo) -> Found:
    """Rows by their distance from a point, without those that are nowhere."""
    shown = _shown(snapshot, asked)
    first, end = asked.order[0] if asked.order else None, asked.offset + asked.limit
    if first is None or first.what.point is None or first.descending or len(asked.order) > 1:
        raise SoqlFault(
            "$order", "tells no distance to order by", "order by distance_in_meters alone, nearest first"
        )
    if any(each.of == DISTANCE and each.point != first.what.point for each in shown):
        raise SoqlFault("$select", "shows a distance that is not ordered by", "ask for one distance")
    if end > NEAREST:
        raise SoqlFault("$limit", f"asks for more than the {NEAREST} nearest", "ask for fewer with $limit")
    rows = RowQuery(filters=tuple(asked.conditions), select=_names(shown))
    lon, lat = first.what.point
    page = catalogue.nearest_of(snapshot, NearestQuery(lon, lat, k=max(end, 1), rows=rows))
    places = [-1 if e.of == DISTANCE else page.names.index(e.column.name) for e in shown if e.column]
    values = _picked(page.values[asked.offset : end], places, [_read(each, zone) for each in shown])
    return Found(tuple(each.shown for each in shown), values)


def _names(shown: Sequence[Selected]) -> tuple[str, ...]:
    """The columns that are needed to show these."""
    return tuple(dict.fromkeys(each.column.name for each in shown if each.column and each.of != DISTANCE))


def _rows(catalogue: Catalogue, snapshot: Snapshot, asked: Asked, zone: tzinfo) -> Iterator[Found]:
    shown, left = _shown(snapshot, asked), asked.limit
    columns, reads = tuple(each.shown for each in shown), [_read(each, zone) for each in shown]
    query = RowQuery(
        filters=tuple(asked.conditions),
        select=_names(shown),
        order=tuple(_order_of_rows(each) for each in asked.order),
        offset=asked.offset,
    )
    while True:
        page = catalogue.rows_of(snapshot, replace(query, limit=min(max(left, 1), PAGE)))
        places = [page.names.index(each.column.name) for each in shown if each.column]
        yield Found(columns, _picked(page.values[:left], places, reads))
        left -= len(page.values)
        if left <= 0 or page.next is None:
            return
        query = replace(query, offset=0, cursor=page.next)


def _picked(
    values: Sequence[tuple[Any, ...]], places: Sequence[int], reads: Sequence[Read | None]
) -> list[tuple[object, ...]]:
    """The values at some places of each row, each as it is to be read."""
    if not any(reads):
        return [tuple(row[place] for place in places) for row in values]
    pairs = list(zip(places, reads, strict=True))
    return [
        tuple(row[p] if read is None or row[p] is None else read(row[p]) for p, read in pairs)
        for row in values
    ]


def _read(each: Selected, zone: tzinfo) -> Read | None:
    """What a function makes of each value; None of a column as it is."""
    if each.of in (None, DISTANCE):
        return None
    function = each.of
    return CASES.get(function, lambda value: times.read(function, value, zone))


def _shown(snapshot: Snapshot, asked: Asked) -> list[Selected]:
    shown = asked.selected or [Selected(column.name, column) for column in snapshot.columns]
    if asked.system and not any(each.name == ":id" for each in shown):
        shown = [Selected(":id", Column(ID, "text")), *shown]
    return shown


def _order_of_rows(each: Ordered) -> Order:
    if each.what.function is not None or each.what.of is not None or each.what.column is None:
        raise SoqlFault("$order", f"{each.what.asked} is no column of rows", "order rows by columns")
    return Order(each.what.column.name, each.descending)
