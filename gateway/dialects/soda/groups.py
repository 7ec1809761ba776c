"""Have groups of rows told as SoQL asks for them: figures, spans and parts of times, and which are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo

from catalogue import Catalogue
from gateway.dialects.soda import times
from gateway.dialects.soda.asking import Asked
from gateway.dialects.soda.clauses import Selected
from gateway.dialects.soda.faults import SoqlFault
from gateway.dialects.soda.truth import truth
from schemas.dataset import Column
from schemas.query import GroupPage, GroupQuery, Measure, Order, RowQuery
from schemas.snapshot import Snapshot

BUCKET = "bucket"
MOST = 100_000
"""Groups that are looked at for one answer."""
Values = list[tuple[object, ...]]


def groups(
    catalogue: Catalogue, snapshot: Snapshot, asked: Asked, zone: tzinfo
) -> tuple[tuple[Column, ...], Values]:
    """The columns and the values of the groups; raises SoqlFault, or as the catalogue does."""
    by = asked.groups or [each for each in asked.selected if asked.distinct and not each.function]
    shown = asked.selected or by
    if not shown:
        raise SoqlFault("$having", "asks of groups, and there are none", "add $group")
    told = [*shown, *(order.what for order in asked.order), *asked.tested]
    called = _called(by, told)
    page = catalogue.groups_of(snapshot, _query(asked, by, told, called), zone)
    wanted = _wanted(page, asked, called)
    places = [_place(page, called[each.asked]) for each in shown]
    values = [tuple(row[place] for place in places) for row in wanted]
    return tuple(each.shown for each in shown), values


def _called(by: Sequence[Selected], told: Sequence[Selected]) -> dict[str, str]:
    """Our names of what is asked for, so that two names for the same are of one column."""
    names = {each.asked: f"soql_{place}" for place, each in enumerate(told) if each.function}
    spans = {each.asked for each in by if each.of in times.TRUNCATED}
    if len(spans) > 1:
        raise SoqlFault(
            "$group", "groups by two spans of time", "group by one, and by parts with date_extract"
        )
    names |= dict.fromkeys(spans, BUCKET)
    names |= {each.asked: f"part_{place}" for place, each in enumerate(by) if each.of in times.PARTS}
    names |= {each.asked: each.column.name for each in by if each.column and each.of is None}
    for each in told:
        if each.asked not in names:
            what = f"{each.asked!r} is neither grouped by nor a figure"
            raise SoqlFault("$select", what, "add it to $group")
    return names


def _query(
    asked: Asked, by: Sequence[Selected], told: Sequence[Selected], called: Mapping[str, str]
) -> GroupQuery:
    measures = {each.asked: each.measure(called[each.asked]) for each in told if each.function}
    # With a condition all groups are looked at, since the engine knows none of those.
    page = MOST if asked.having is not None else asked.offset + max(asked.limit, 1)
    return GroupQuery(
        # Groups without a figure are asked for with one that nobody sees.
        measures=tuple(measures.values()) or (Measure("soql_n", "count"),),
        groups=tuple(dict.fromkeys(e.column.name for e in by if e.column and e.of is None)),
        bucket=next((each.bucket() for each in by if each.of in times.TRUNCATED), None),
        order=tuple(Order(called[each.what.asked], each.descending) for each in asked.order),
        limit=min(page, MOST),
        rows=RowQuery(filters=tuple(asked.conditions)),
        parts=tuple({e.asked: e.part(called[e.asked]) for e in by if e.of in times.PARTS}.values()),
    )


def _wanted(page: GroupPage, asked: Asked, called: Mapping[str, str]) -> Values:
    """The groups of the page that is asked for."""
    if page.truncated and (asked.having is not None or asked.offset + asked.limit > MOST):
        raise SoqlFault("$group", f"makes more than {MOST} groups", "ask for fewer with $where")
    values = [tuple(_days(page, row)) for row in page.values]
    if asked.having is not None:
        condition, of = asked.having, {each.asked: _place(page, called[each.asked]) for each in asked.tested}
        values = [row for row in values if truth(condition, {name: row[p] for name, p in of.items()})]
    return values[asked.offset : asked.offset + asked.limit]


def _days(page: GroupPage, row: Sequence[object]) -> Iterator[object]:
    """A group, its span of time told by the day on which it begins: all spans of SoQL are of days."""
    for column, value in zip(page.columns, row, strict=True):
        yield str(value)[:10] if column.name == BUCKET and value is not None else value


def _place(page: GroupPage, name: str) -> int:
    return next(place for place, column in enumerate(page.columns) if column.name == name)
