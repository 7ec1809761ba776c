"""Columns that are asked for again and again, kept in memory as DuckDB adds them up fastest."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from catalogue.rows.question.plan import Plan
from catalogue.rows.question.tree import tested
from catalogue.rows.scan.kept import Kept
from catalogue.rows.scan.parts import Source, named
from schemas.dataset import Column
from schemas.snapshot import Snapshot

LEAST_ROWS = 100_000
"""Fewer are read from their parts in a few milliseconds."""
MOST_VALUES = 10_000
"""A text of more values than that is not kept: its rows would not be grouped faster."""
_BYTES = {"text": 3, "boolean": 2, "date": 6, "integer": 12, "number": 12, "time": 12}
"""What a value takes by the type of its column, half of it more than its width: memory is taken in blocks."""
_NAME = "columns"


@dataclass(frozen=True)
class _Table:
    """Some columns of all rows of a snapshot, in DuckDB under `name`."""

    name: str
    snapshot: str
    columns: frozenset[str]
    bytes: int

    def drop(self, cursor: Any) -> None:
        cursor.execute(f"DROP TABLE {self.name}")
        self.drop_types(cursor)

    def drop_types(self, cursor: Any) -> None:
        for name in self.columns:
            cursor.execute(f"DROP TYPE IF EXISTS {_type(self, name)}")


class Decoded:
    """Tables of the columns asked for repeatedly, one a dataset. Safe to share by threads."""

    def __init__(self, database: Any, bytes: int) -> None:
        self._kept: Kept[_Table] = Kept(database, bytes)
        self._numbers = itertools.count()

    def source(self, plan: Plan, text: str, parts: Source) -> str | None:
        """A FROM item for SQL of ours over all rows of a snapshot; None where its `parts` are to be read.

        Texts that are tested are read there: their statistics leave row groups out, and patterns are
        tried on each value once.
        """
        names = named(text)
        if plan.places or not names or names & {"id", "pos", "box"}:
            return None
        snapshot = plan.snapshot
        columns = [snapshot.columns[int(name[1:])] for name in names]
        texts = any(column.type == "text" for column in tested(plan.conditions))
        if texts or snapshot.rows < LEAST_ROWS or any(column.type not in _BYTES for column in columns):
            return None
        table = self._kept.get(snapshot, _NAME)
        if table and names <= table.columns:
            return table.name
        self._kept.want(snapshot, names, lambda cursor: self._fill(cursor, snapshot, names, parts))
        return None

    def settle(self) -> None:
        """Wait for what is being filled."""
        self._kept.settle()

    def _fill(self, cursor: Any, snapshot: Snapshot, names: frozenset[str], parts: Source) -> None:
        former = self._kept.get(snapshot, _NAME)
        for columns in (names | former.columns if former else names, names):
            if (size := _bytes(snapshot, columns)) <= self._kept.bytes:
                table = _Table(f"decoded_{next(self._numbers)}", snapshot.id, columns, size)
                self._keep(cursor, snapshot, table, parts)
                return

    def _keep(self, cursor: Any, snapshot: Snapshot, table: _Table, parts: Source) -> None:
        columns = [
            _coded(cursor, parts, snapshot.columns[int(name[1:])], table, name)
            for name in sorted(table.columns)
        ]
        if None in columns:
            table.drop_types(cursor)
            return
        self._kept.make_room(cursor, snapshot, _NAME, table.bytes)
        shown = ", ".join(map(str, columns))
        text = f"CREATE TABLE {table.name} AS SELECT {shown} FROM {parts.text}"  # noqa: S608
        cursor.execute(text, parts.files)
        self._kept.put(snapshot, _NAME, table)


def _coded(cursor: Any, parts: Source, column: Column, table: _Table, name: str) -> str | None:
    """A column as it is kept, a text by the numbers of its values; None for a text of too many."""
    if column.type != "text":
        return name
    distinct = f"SELECT DISTINCT {name} FROM {parts.text} WHERE {name} IS NOT NULL"  # noqa: S608
    kind, values = _type(table, name), f"{distinct} ORDER BY {name} LIMIT {MOST_VALUES + 1}"
    cursor.execute(f"CREATE TYPE {kind} AS ENUM ({values})", parts.files)
    (known,) = cursor.execute(f"SELECT enum_range(NULL::{kind})").fetchone()
    # DuckDB spells the values out for itself, and cannot where one holds a NUL.
    fits = 0 < len(known) <= MOST_VALUES and not any("\0" in value for value in known)
    return f"CAST({name} AS {kind}) AS {name}" if fits else None


def _type(table: _Table, name: str) -> str:
    return f"{table.name}_{name}"


def _bytes(snapshot: Snapshot, names: frozenset[str]) -> int:
    kept: list[Column] = [snapshot.columns[int(name[1:])] for name in names]
    return snapshot.rows * sum(_BYTES[column.type] for column in kept)
