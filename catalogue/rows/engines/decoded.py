"""Columns that are asked for again and again, kept in memory as DuckDB adds them up fastest."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any

import duckdb

from catalogue.rows.engines.parts import Source, named
from catalogue.rows.question.plan import Plan
from catalogue.rows.question.tree import tested
from schemas.dataset import Column
from schemas.snapshot import Snapshot

_log = logging.getLogger(__name__)

LEAST_ROWS = 100_000
"""Fewer are read from their parts in a few milliseconds."""
MOST_VALUES = 10_000
"""A text of more values than that is not kept: its rows would not be grouped faster."""
AGAIN = 2
"""So often the same columns of a snapshot are asked for before they are worth their memory."""
REMEMBERED = 1_000
THREAD = "decode"
_BYTES = {"text": 3, "boolean": 2, "date": 6, "integer": 12, "number": 12, "time": 12}
"""What a value takes by the type of its column, half of it more than its width: memory is taken in blocks."""

_Asked = tuple[str, frozenset[str]]


@dataclass(frozen=True)
class _Table:
    """Some columns of all rows of a snapshot, in DuckDB under `name`."""

    name: str
    snapshot: str
    columns: frozenset[str]
    bytes: int


class Decoded:
    """Tables of the columns asked for repeatedly, `bytes` of them at most, one table a dataset.

    They are filled beside the questions, which the parts answer until then. Safe to share by threads.
    """

    def __init__(self, database: Any, bytes: int) -> None:
        self._database, self._bytes = database, bytes
        self._tables: OrderedDict[str, _Table] = OrderedDict()
        self._asked: Counter[_Asked] = Counter()
        self._number = 0
        self._work: Thread | None = None
        self._lock = Lock()

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
        with self._lock:
            table = self._tables.get(snapshot.dataset)
            if table and table.snapshot == snapshot.id and names <= table.columns:
                self._tables.move_to_end(snapshot.dataset)
                return table.name
            self._want(snapshot, names, parts)
        return None

    def settle(self) -> None:
        """Wait for what is being filled."""
        if self._work:
            self._work.join()

    def _want(self, snapshot: Snapshot, names: frozenset[str], parts: Source) -> None:
        """Fill a table beside, one at a time, when it is time for it."""
        asked = (snapshot.id, names)
        if self._work and self._work.is_alive():
            return
        if len(self._asked) > REMEMBERED:
            self._asked.clear()
        self._asked[asked] += 1
        if self._asked[asked] != AGAIN:
            return
        former = self._tables.get(snapshot.dataset)
        both = former.columns if former and former.snapshot == snapshot.id else names
        for columns in (names | both, names):
            if _bytes(snapshot, columns) <= self._bytes:
                self._number += 1
                table = _Table(f"decoded_{self._number}", snapshot.id, columns, _bytes(snapshot, columns))
                self._work = Thread(
                    target=self._fill, args=(snapshot, table, parts), name=THREAD, daemon=True
                )
                self._work.start()
                return

    def _fill(self, snapshot: Snapshot, table: _Table, parts: Source) -> None:
        cursor = self._database.cursor()
        try:
            columns = [
                _coded(cursor, parts, snapshot.columns[int(name[1:])], table, name)
                for name in sorted(table.columns)
            ]
            if None in columns:
                _drop_types(cursor, table)
            else:
                self._make_room(cursor, snapshot.dataset, table.bytes)
                shown = ", ".join(map(str, columns))
                text = f"CREATE TABLE {table.name} AS SELECT {shown} FROM {parts.text}"  # noqa: S608
                cursor.execute(text, parts.files)
                with self._lock:
                    self._tables[snapshot.dataset] = table
        except duckdb.Error as error:
            # Whoever asks is answered from the parts, and told what is wrong with them.
            _log.warning("dataset=%s snapshot=%s decoded=none fault=%s", snapshot.dataset, snapshot.id, error)
        finally:
            cursor.close()

    def _make_room(self, cursor: Any, dataset: str, needed: int) -> None:
        """Drop the former table of a dataset, and of the others those not asked for longest."""
        with self._lock:
            gone = [self._tables.pop(dataset)] if dataset in self._tables else []
            while sum(table.bytes for table in self._tables.values()) + needed > self._bytes:
                gone.append(self._tables.popitem(last=False)[1])
            dropped = {table.snapshot for table in gone}
            self._asked = Counter({a: n for a, n in self._asked.items() if a[0] not in dropped})
        for table in gone:
            cursor.execute(f"DROP TABLE {table.name}")
            _drop_types(cursor, table)


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


def _drop_types(cursor: Any, table: _Table) -> None:
    for name in table.columns:
        cursor.execute(f"DROP TYPE IF EXISTS {_type(table, name)}")


def _bytes(snapshot: Snapshot, names: frozenset[str]) -> int:
    kept: list[Column] = [snapshot.columns[int(name[1:])] for name in names]
    return snapshot.rows * sum(_BYTES[column.type] for column in kept)
