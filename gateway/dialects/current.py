"""What each thing of a dataset said last: a row a vehicle, trip or station, but for silent ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from catalogue import Catalogue
from schemas.conditions import Filter
from schemas.dataset import ColumnType
from schemas.query import RowQuery
from schemas.snapshot import Snapshot

MOST = 100_000
"""Rows that are looked at; what a city has moving is far fewer."""


class NotOfThatKind(LookupError):
    """The dataset has no rows of the kind that is asked for; `why` says by what that is known."""

    def __init__(self, dataset: str, kind: str, why: str) -> None:
        self.dataset, self.kind, self.why = dataset, kind, why
        super().__init__(f"dataset {dataset!r} holds no {kind}: {why}; its /schema says what it has")


@dataclass(frozen=True)
class Current:
    """Rows as members by column; `at` is the latest time that any of them tells, or the snapshot's own."""

    snapshot: Snapshot
    rows: list[dict[str, Any]]
    at: datetime


def current(
    catalogue: Catalogue, snapshot: Snapshot, entity: str, when: str | None, within: timedelta
) -> Current:
    """The last row of each `entity` by the time `when`, of those not longer than `within` before the last.

    Without `when` all rows count as they stand.
    """
    known = _latest(snapshot, when)
    filters = (Filter(when, "gte", known - within),) if when and known else ()
    keyed = any(column.key for column in snapshot.columns)
    read = catalogue.latest_of if keyed else catalogue.rows_of
    page = read(snapshot, RowQuery(filters=filters, limit=MOST))
    rows: list[dict[str, Any]] = [dict(zip(page.names, row, strict=True)) for row in page.values]
    if when is None:
        return Current(snapshot, rows, snapshot.created)
    last = _last_of_each(rows, entity, when)
    at = max((moment(row[when]) for row in last), default=known or snapshot.created)
    return Current(snapshot, [row for row in last if moment(row[when]) >= at - within], at)


def _last_of_each(rows: list[dict[str, Any]], entity: str, when: str) -> list[dict[str, Any]]:
    last: dict[Any, dict[str, Any]] = {}
    for row in rows:
        former = last.get(row[entity])
        if row[when] is not None and (former is None or moment(row[when]) >= moment(former[when])):
            last[row[entity]] = row
    return list(last.values())


def moment(shown: str) -> datetime:
    """An instant from the text that rows show it by."""
    return datetime.fromisoformat(shown)


def seconds(shown: Any) -> int | None:
    """The same in seconds since 1970; None of what is no instant."""
    try:
        found = moment(shown)
    except (TypeError, ValueError):
        return None
    return None if found.tzinfo is None else int(found.timestamp())


def _latest(snapshot: Snapshot, when: str | None) -> datetime | None:
    """The latest time of the column, where that is what the snapshot's period tells of."""
    told = any(column.name == when and column.role == "time" for column in snapshot.columns)
    return snapshot.period[1] if told and snapshot.period else None


def lacking(names: Sequence[str]) -> str:
    """Why a dataset without these columns is not of a kind."""
    return f"it has no column {', '.join(names)} of the type that is needed"


def columns_called(
    snapshot: Snapshot, names: Mapping[str, Sequence[str]], types: Mapping[str, Sequence[ColumnType]]
) -> dict[str, str]:
    """For each of our words the first of its names that the snapshot has as a column, of those `types`."""
    have = {column.name: column.type for column in snapshot.columns}
    found: dict[str, str] = {}
    for word, known in names.items():
        name = next((name for name in known if name in have), None)
        if name is not None and have[name] in types.get(word, (have[name],)):
            found[word] = name
    return found
