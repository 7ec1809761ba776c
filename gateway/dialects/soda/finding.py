"""Have a question in SoQL answered: as a page of rows, or as groups, under the names that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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


def find(catalogue: Catalogue, snapshot: Snapshot, asked: Asked) -> Found:
    """The answer; raises SoqlFault, and BadInput and RowsTimeout as the catalogue does."""
    return _groups(catalogue, snapshot, asked) if asked.grouped else _rows(catalogue, snapshot, asked)


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


def _groups(catalogue: Catalogue, snapshot: Snapshot, asked: Asked) -> Found:
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
    return _picked(catalogue.groups_of(snapshot, query), shown, [called[each.asked] for each in shown], asked)


def _picked(page: GroupPage, shown: Sequence[Selected], names: list[str], asked: Asked) -> Found:
    places = {column.name: place for place, column in enumerate(page.columns)}
    picked = [places[name] for name in names]
    rows = page.values[asked.offset : asked.offset + asked.limit]
    values = [tuple(row[place] for place in picked) for row in rows]
    return _found(shown, [page.columns[place] for place in picked], values)


def _found(shown: Sequence[Selected], columns: Sequence[Column], values: list[tuple[object, ...]]) -> Found:
    names = tuple(each.name for each in shown)
    described = zip(columns, names, strict=True)
    return Found(names, tuple(replace(column, name=name) for column, name in described), values)
