"""The vocabularies of columns that words are looked for in again, kept in memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from catalogue.rows.engines import sql
from catalogue.rows.joins import Joined
from catalogue.rows.question.plan import Plan
from catalogue.rows.scan.kept import Kept
from catalogue.rows.scan.parts import source_of
from catalogue.rows.scan.vocabulary import Vocabulary, vocabulary
from catalogue.rows.scan.words import Places, Search, columns
from catalogue.snapshots import Parts
from schemas.snapshot import Snapshot

LEAST_ROWS = 20_000
"""Fewer are read from their parts in some milliseconds."""
_A_ROW = 8
"""Bytes that a column takes for a row at least, or it is of few words."""
_TOGETHER = 100_000


@dataclass(frozen=True)
class _Column:
    """The vocabulary of a column of a snapshot, its words in a table of DuckDB."""

    table: str
    snapshot: str
    vocabulary: Vocabulary

    @property
    def bytes(self) -> int:
        return self.vocabulary.bytes

    def drop(self, cursor: Any) -> None:
        cursor.execute(f"DROP TABLE {self.table}")


class Lexicon:
    """Vocabularies of the columns asked for repeatedly. Safe to share by threads."""

    def __init__(self, database: Any, storage: Parts, bytes: int) -> None:
        self._storage = storage
        self._kept: Kept[_Column] = Kept(database, bytes)
        self._numbers = itertools.count()

    def narrowed(self, cursor: Any, plan: Plan, dialect: sql.Dialect) -> tuple[Plan, Places] | None:
        """The rows that words of a plan leave, and what is still to be asked of them; None for all rows."""
        snapshot = plan.snapshot
        if snapshot.rows < LEAST_ROWS or isinstance(snapshot, Joined):
            return None
        if not (names := columns(plan)):
            return None
        kept = {name: self._kept.get(snapshot, name) for name in names}
        known = {name: (column.table, column.vocabulary) for name, column in kept.items() if column}
        missing = names.difference(known)
        if missing and snapshot.rows * _A_ROW * len(missing) <= self._kept.bytes:
            self._kept.want(snapshot, missing, lambda cursor: self._make(cursor, snapshot, missing))
        return None if missing else Search(plan, known, dialect).run(cursor)

    def settle(self) -> None:
        """Wait for what is being made."""
        self._kept.settle()

    def _make(self, cursor: Any, snapshot: Snapshot, names: frozenset[str]) -> None:
        for name in sorted(names):
            made = vocabulary(self._texts(cursor, snapshot, name), self._kept.bytes)
            if made:
                words, rows = made
                column = _Column(f"words_{next(self._numbers)}", snapshot.id, rows)
                self._kept.make_room(cursor, snapshot, name, column.bytes)
                cursor.register("made", pa.table({name: words, "word": range(len(words))}))
                cursor.execute(f"CREATE TABLE {column.table} AS SELECT * FROM made")  # noqa: S608
                cursor.unregister("made")
                self._kept.put(snapshot, name, column)

    def _texts(self, cursor: Any, snapshot: Snapshot, name: str) -> Iterator[pa.Array]:
        source = source_of(snapshot, self._storage)
        found = cursor.execute(f"SELECT {name} FROM {source.text}", source.files)  # noqa: S608
        return (batch.column(0) for batch in found.to_arrow_reader(_TOGETHER))
