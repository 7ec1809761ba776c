"""Rows kept as the JSON they are shown as, so that a page of whole rows is joined instead of written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

import orjson

from catalogue.rows.engines import sql
from catalogue.rows.engines.values import instants
from catalogue.rows.question.plan import Plan
from schemas.dataset import Column
from schemas.snapshot import Snapshot

CELLS = ("ahead", "behind")
"""The members of a row's object ahead of the geometry that places it and behind it, a comma before each."""
MOST = 50_000_000
"""Values of a snapshot up to which its rows are kept so: of some 25 bytes each, a gigabyte and a quarter."""
WIDTH = 4
"""Cells of a written row: `_id`, what is ahead, the geometry or None, and what is behind."""


def is_kept(snapshot: Snapshot) -> bool:
    """Whether the index of a snapshot keeps its rows as JSON."""
    return snapshot.rows * len(snapshot.columns) <= MOST


def cells(snapshot: Snapshot, values: Mapping[str, Sequence[Any]]) -> dict[str, list[bytes]]:
    """CELLS of rows (n,), from their values as the index keeps them by their SQL names."""
    place, count = _place(snapshot), len(values["id"])
    columns = [(column, values[sql.name(snapshot, column)]) for column in snapshot.columns]
    parts = (columns, []) if place is None else (columns[:place], columns[place + 1 :])
    return {cell: _members(part, count) for cell, part in zip(CELLS, parts, strict=True)}


def names(plan: Plan) -> str:
    """What makes up rows that are written, for SELECT: WIDTH cells."""
    place = _place(plan.snapshot)
    shape = "NULL" if place is None else f"CAST(c{place} AS BLOB)"
    return f"id, {CELLS[0]}, {shape}, {CELLS[1]}"


def _place(snapshot: Snapshot) -> int | None:
    return next((i for i, column in enumerate(snapshot.columns) if column.type == "geometry"), None)


def _members(columns: Sequence[tuple[Column, Sequence[Any]]], rows: int) -> list[bytes]:
    """The members of objects (n,), from the values of their columns (n,)."""
    if not columns or not rows:
        return [b""] * rows
    pieces = [piece for column, values in columns for piece in _pieces(column, values)]
    return list(map(b"".join, zip(*pieces, strict=False)))  # What stands in every row has no end.


def _pieces(column: Column, values: Sequence[Any]) -> list[Iterable[bytes]]:
    """What makes up a member in each row: numbers are written all at once, others each different one once."""
    name = b",%b:" % orjson.dumps(column.name)
    match column.type:
        case "integer":
            return [repeat(name), _listed(values)]
        case "number":  # SQLite knows no negative zero.
            return [repeat(name), _listed([None if value is None else value + 0.0 for value in values])]
    different = list(dict.fromkeys(values))
    shown = map(_fragment, different) if column.type == "geometry" else different
    texts = map(orjson.dumps, instants(different) if column.type == "time" else shown)
    known = {value: name + text for value, text in zip(different, texts, strict=True)}
    return [map(known.__getitem__, values)]


def _fragment(shape: str | None) -> orjson.Fragment | None:
    return None if shape is None else orjson.Fragment(shape)


def _listed(numbers: Sequence[Any]) -> list[bytes]:
    return orjson.dumps(numbers)[1:-1].split(b",")
