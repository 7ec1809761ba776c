"""Have a question in SoQL answered: as a page of rows, or as groups, under the names that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from catalogue import Catalogue
from gateway.dialects.soda.asking import Asked
from gateway.dialects.soda.clauses import Ordered, Selected
from gateway.dialects.soda.faults import SoqlFault
from schemas.arrow import ID
from schemas.dataset import Column
from schemas.query import GroupPage, GroupQuery, Order, RowQuery
from schemas.snapshot import Snapshot

BUCKET = "bucket"


@dataclass(frozen=True)
class Found:
    """Rows of shown values under the names that were asked for, and what each column is."""

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    values: list[tuple[object, ...]]


def find(catalogue: Catalogue, snapshot: Snapshot, asked: Asked, zone: tzinfo) -> Found:
    """The answer, spans of time as clocks in `zone` tell them; raises SoqlFault, or as the catalogue."""
    if not asked.grouped:
        return _rows(catalogue, snapshot, asked)
    shown, names, query = _group_query(asked)
    return _picked(catalogue.groups_of(snapshot, query, zone), shown, names, asked)


def _rows(catalogue: Catalogue, snapshot: Snapshot, asked: Asked) -> Found:
    shown = _shown(snapshot, asked)
    order = tuple(_order_of_rows(each) for each in asked.order)
    query = RowQuery(
        filters=tuple(asked.conditions),
        select=tuple(dict.fromkeys(each.column.name for each in shown if each.column)),
        order=order,
        limit=max(asked.limit, 1),
        offset=asked.offset,
    )
    page = catalogue.rows_of(snapshot, query)
    places = {name: place for place, name in enumerate(page.names)}
    picked = [places[each.column.name] for each in shown if each.column]
    values = [tuple(row[place] for place in picked) for row in page.values[: asked.limit]]
    return _found(shown, [each.column for each in shown if each.column], values)


def _shown(snapshot: Snapshot, asked: Asked) -> list[Selected]:
    shown = asked.selected or [Selected(column.name, column) for column in snapshot.columns]
    if asked.system and not any(each.name == ":id" for each in shown):
        shown = [Selected(":id", Column(ID, "text")), *shown]
    for each in shown:
        if each.span is not None:
            raise SoqlFault("$select", f"{each.name} is a span of time", "group by it")
    return shown


def _order_of_rows(each: Ordered) -> Order:
    if each.what.function is not None or each.what.span is not None or each.what.column is None:
        raise SoqlFault("$order", f"{each.what.name} is a figure of groups", "order rows by columns")
    return Order(each.what.column.name, each.descending)


def _group_query(asked: Asked) -> tuple[list[Selected], list[str], GroupQuery]:
    """What is shown, under which names of ours, and the groups to be asked for."""
    groups = asked.groups or [each for each in asked.selected if asked.distinct and not each.function]
    shown = asked.selected or groups
    figures = [each for each in [*shown, *(order.what for order in asked.order)] if each.function]
    called = {each.asked: f"soql_{place}" for place, each in enumerate(figures)}
    called |= {each.asked: each.column.name for each in groups if each.column and each.span is None}
    spans = [each for each in groups if each.span is not None]
    if len(spans) > 1:
        raise SoqlFault("$group", "groups by two spans of time", "group by one")
    called |= {each.asked: BUCKET for each in spans}
    for each in [*shown, *(order.what for order in asked.order)]:
        if each.asked not in called:
            raise SoqlFault(
                "$select", f"{each.name!r} is neither grouped by nor a figure", "add it to $group"
            )
    measures = {called[each.asked]: each.measure(called[each.asked]) for each in figures}
    query = GroupQuery(
        # Groups without a figure are asked for with one that nobody sees.
        measures=tuple(measures.values()) or (Selected("n", None, "count").measure("soql_n"),),
        groups=tuple(each.column.name for each in groups if each.column and each.span is None),
        bucket=spans[0].bucket() if spans else None,
        order=tuple(Order(called[each.what.asked], each.descending) for each in asked.order),
        limit=max(asked.offset + asked.limit, 1),
        rows=RowQuery(filters=tuple(asked.conditions)),
    )
    return list(shown), [called[each.asked] for each in shown], query


def _picked(page: GroupPage, shown: Sequence[Selected], names: list[str], asked: Asked) -> Found:
    places = {column.name: place for place, column in enumerate(page.columns)}
    pairs = [(name, places[name]) for name in names]
    rows = page.values[asked.offset : asked.offset + asked.limit]
    values = [
        tuple(_day(row[place]) if name == BUCKET else row[place] for name, place in pairs) for row in rows
    ]
    columns = [replace(page.columns[p], type="date") if n == BUCKET else page.columns[p] for n, p in pairs]
    return _found(shown, columns, values)


def _day(start: object) -> str | None:
    """The day on which a span of time begins: all spans of SoQL are of days."""
    return None if start is None else str(start)[:10]


def _found(shown: Sequence[Selected], columns: Sequence[Column], values: list[tuple[object, ...]]) -> Found:
    names = tuple(each.name for each in shown)
    described = zip(columns, names, strict=True)
    return Found(names, tuple(replace(column, name=name) for column, name in described), values)
