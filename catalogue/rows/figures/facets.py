"""How often each value of a column is found, told so that every row is counted somewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from catalogue.rows.figures.groups import grouped
from catalogue.rows.question.plan import ID_COLUMN
from catalogue.rows.scan.scanner import Scanner
from schemas.dataset import Column
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import Facet, FacetPage, FacetQuery, GroupQuery, Measure, Order
from schemas.snapshot import Snapshot

MOST_COLUMNS = 20
_COUNT = (Measure("number of rows", "count"),)
_FREQUENT = (Order("number of rows", descending=True),)


def facets(scanner: Scanner, snapshot: Snapshot, query: FacetQuery) -> FacetPage:
    """The most frequent values of columns; ties by value. Raises BadInput, and RowsTimeout."""
    _check(query, {column.name: column for column in (ID_COLUMN, *snapshot.columns)})

    def ask(asked: GroupQuery) -> list[tuple[Any, ...]]:
        return grouped(scanner, snapshot, asked, UTC).values

    held = (Measure(f"rows of {name}", "count", name) for name in query.columns)
    ((count, *totals),) = ask(GroupQuery((*_COUNT, *held), rows=query.rows))
    found = {}
    for name, total in zip(query.columns, totals, strict=True):
        # One more, since rows of no value are a group too.
        counted = ask(GroupQuery(_COUNT, (name,), None, _FREQUENT, query.limit + 1, query.rows))
        values = tuple((value, rows) for value, rows in counted if value is not None)[: query.limit]
        found[name] = Facet(values, total - sum(rows for _, rows in values), count - total)
    return FacetPage(snapshot.id, count, found)


def _check(query: FacetQuery, known: Mapping[str, Column]) -> None:
    faults = []
    for name in query.columns:
        if name not in known:
            faults.append(InputError("columns", f"there is no column {name!r}", did_you_mean(name, known)))
        elif known[name].type == "geometry":
            faults.append(InputError("columns", f"{name!r} is a geometry", "name columns of other types"))
    if not 1 <= len(set(query.columns)) == len(query.columns) <= MOST_COLUMNS:
        hint = f"name 1 to {MOST_COLUMNS} columns, each once"
        faults.append(InputError("columns", f"names {len(query.columns)} columns", hint))
    if query.limit < 1:
        faults.append(InputError("limit", f"is {query.limit}", "ask for at least one value"))
    if faults:
        raise BadInput(faults)
