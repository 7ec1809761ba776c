"""What each thing of a dataset said last: a row a vehicle, trip or station, but for silent ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from catalogue import Catalogue
from schemas.conditions import Filter
from schemas.query import RowQuery
from schemas.snapshot import Snapshot

MOST = 100_000
"""Rows that are looked at; what a city has moving is far fewer."""


class NotOfThatKind(LookupError):
    """The dataset has no rows of the kind that is asked for; `wanted` names the columns that it lacks."""

    def __init__(self, dataset: str, kind: str, wanted: Sequence[str]) -> None:
        self.dataset, self.kind, self.wanted = dataset, kind, tuple(wanted)
        super().__init__(
            f"dataset {dataset!r} holds no {kind}: it has no column {', '.join(wanted)};"
            " see /schema for what it has, and /rows for its rows"
        )


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
    at = _latest(snapshot) if when else snapshot.created
    filters = (Filter(when, "gte", at - within),) if when else ()
    keyed = any(column.key for column in snapshot.columns)
    read = catalogue.latest_of if keyed else catalogue.rows_of
    page = read(snapshot, RowQuery(filters=filters, limit=MOST))
    rows: list[dict[str, Any]] = [dict(zip(page.names, row, strict=True)) for row in page.values]
    if when is None:
        return Current(snapshot, rows, at)
    last: dict[Any, dict[str, Any]] = {}
    for row in rows:
        former = last.get(row[entity])
        if former is None or moment(row[when]) >= moment(former[when]):
            last[row[entity]] = row
    return Current(snapshot, list(last.values()), at)


def moment(shown: str) -> datetime:
    """An instant from the text that rows show it by."""
    return datetime.fromisoformat(shown)


def seconds(shown: str | None) -> int | None:
    """The same in seconds since 1970."""
    return None if shown is None else int(moment(shown).timestamp())


def _latest(snapshot: Snapshot) -> datetime:
    end = snapshot.period[1] if snapshot.period else None
    return (end or snapshot.created).astimezone(UTC)


def columns_called(snapshot: Snapshot, names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """For each of our words the first of its names that the snapshot has as a column."""
    have = {column.name for column in snapshot.columns}
    found = {word: next((name for name in known if name in have), None) for word, known in names.items()}
    return {word: name for word, name in found.items() if name is not None}
