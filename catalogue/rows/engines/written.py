"""Rows kept as the JSON they are shown as, so that a page of whole rows is joined instead of written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from catalogue.rows.engines import sql
from catalogue.rows.engines.values import instants
from catalogue.rows.question.plan import Plan
from schemas.dataset import Column
from schemas.snapshot import Snapshot

CELLS = ("ahead", "behind")
"""The members of a row's object ahead of the geometry that places it and behind it, a comma before each."""
MOST = 10_000_000
"""Values of a snapshot up to which its rows are kept so: of some 25 bytes each, a quarter of a gigabyte."""
WIDTH = 4
"""Cells of a written row: `_id`, what is ahead, the geometry or None, and what is behind."""


def is_kept(snapshot: Snapshot) -> bool:
    """Whether the index of a snapshot keeps its rows as JSON."""
    return snapshot.rows * len(snapshot.columns) <= MOST


def cells(snapshot: Snapshot, values: Mapping[str, Sequence[Any]]) -> dict[str, list[bytes]]:
    """CELLS of rows (n,), from their values as the index keeps them by their SQL names."""
    place = _place(snapshot)
    parts: dict[str, list[Column]] = {name: [] for name in CELLS}
    for i, column in enumerate(snapshot.columns):
        if i != place:
            parts[CELLS[place is not None and i > place]].append(column)
    return {
        cell: _members({c.name: _shown(values[sql.name(snapshot, c)], c) for c in part}, len(values["id"]))
        for cell, part in parts.items()
    }


def names(plan: Plan) -> str:
    """What makes up rows that are written, for SELECT: WIDTH cells."""
    place = _place(plan.snapshot)
    shape = "NULL" if place is None else f"CAST(c{place} AS BLOB)"
    return f"id, {CELLS[0]}, {shape}, {CELLS[1]}"


def _place(snapshot: Snapshot) -> int | None:
    return next((i for i, column in enumerate(snapshot.columns) if column.type == "geometry"), None)


def _members(columns: Mapping[str, Sequence[Any]], rows: int) -> list[bytes]:
    if not columns:
        return [b""] * rows
    dumps, values = orjson.dumps, zip(*columns.values(), strict=True)
    return [b"," + dumps(dict(zip(columns, row, strict=True)))[1:-1] for row in values]


def _shown(values: Sequence[Any], column: Column) -> Sequence[Any]:
    match column.type:
        case "time":
            return instants(values)
        case "number":  # SQLite knows no negative zero.
            return [None if number is None else number + 0.0 for number in values]
        case "geometry":
            return [None if shape is None else orjson.Fragment(shape) for shape in values]
    return values
