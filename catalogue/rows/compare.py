"""Compare two snapshots row by row: which ids came, went, or say something else now."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa

from catalogue.rows.scan.parts import open_database, parts_gone, source_of
from catalogue.snapshots import Parts
from schemas.arrow import arrow_schema
from schemas.dataset import Column
from schemas.snapshot import Snapshot

MEGABYTES = 384
"""Memory of one comparison; what does not fit goes to the disk."""
BATCH = 8_192
ABANDONED = 86_400
"""Seconds after which files of a comparison are nobody's."""

KIND, CHANGED = "_change", "_changed"
INSERTED, UPDATED, DELETED = "inserted", "updated", "deleted"


def changes_schema(columns: Sequence[Column]) -> pa.Schema:
    """The columns of changes: what became of the row, in which columns, and the row."""
    said = [pa.field(KIND, pa.string()), pa.field(CHANGED, pa.list_(pa.string()))]
    return pa.schema([*said, *arrow_schema(tuple(columns))])


@dataclass(frozen=True)
class Counts:
    """Rows by what became of them between two snapshots; the rest is as it was."""

    inserted: int
    updated: int
    deleted: int


class Comparison:
    """What differs, by `_id`, from the snapshot `former` to the snapshot `now`.

    A column is compared where both have it in one type. One that was added or has another type starts
    empty: every row with a value in it is an update. Of rows that differ only positions are held.
    """

    def __init__(self, database: Any, storage: Parts, former: Snapshot, now: Snapshot) -> None:
        self._database = database
        self.former, self.now = former, now
        before, after = source_of(former, storage), source_of(now, storage)
        self._before, self._files_before = before.text, before.files
        self._after, self._files_after = after.text, after.files
        self._pairs = _pairs(former.columns, now.columns)
        self._database.execute(self._differing(), [*self._files_before, *self._files_after])

    def _differing(self) -> str:
        """The positions and ids of rows that are not the same in both; `gone` in the former, `here` now."""
        same = [(before, after) for before, after in self._pairs if before is not None]
        fresh = [f"c{after}" for before, after in self._pairs if before is None]
        # 64 bits of each row: that a change goes unseen is one chance in 10^19 a row.
        former, now = ([f"c{pair[side]}" for pair in same] for side in (0, 1))
        filled = "".join(f" OR n.{name} IS NOT NULL" for name in fresh)
        shown = "".join(f", {name}" for name in fresh)
        return (
            "CREATE TEMP TABLE changes AS SELECT o.pos AS gone, n.pos AS here, coalesce(n.id, o.id) AS id"  # noqa: S608
            f" FROM (SELECT id, pos, {_mark(former)} AS mark FROM {self._before}) AS o"
            f" FULL JOIN (SELECT id, pos, {_mark(now)} AS mark{shown} FROM {self._after}) AS n ON o.id = n.id"
            f" WHERE o.pos IS NULL OR n.pos IS NULL OR o.mark <> n.mark{filled}"
        )

    def counts(self) -> Counts:
        """How many rows came, changed and went."""
        asked = (
            "SELECT count(*) FILTER (gone IS NULL), count(*) FILTER (gone IS NOT NULL AND here IS NOT NULL),"
            " count(*) FILTER (here IS NULL) FROM changes"
        )
        return Counts(*self._database.execute(asked).fetchone())

    def gone(self, limit: int | None = None) -> list[str]:
        """The ids that only the former snapshot has, in its order, or the first of them."""
        text = "SELECT id FROM changes WHERE here IS NULL ORDER BY gone LIMIT ?"
        return [id for (id,) in self._database.execute(text, [limit]).fetchall()]

    def rows_gone(self, ids: Sequence[str]) -> pa.Table:
        """The rows of these ids as the former snapshot has them, in the columns of the new one.

        A column that it had in another type keeps what can be written in the new one.
        """
        cells = ", ".join(["id", *(self._carried(*pair) for pair in self._pairs)])
        text = (
            f"SELECT {cells} FROM {self._before} WHERE pos IN"  # noqa: S608
            " (SELECT gone FROM changes WHERE here IS NULL AND id IN (SELECT unnest(?))) ORDER BY pos"
        )
        found = self._database.execute(text, [*self._files_before, list(ids)]).to_arrow_table()
        return _named(found, arrow_schema(self.now.columns))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The changes one by one: KIND, CHANGED (the columns of an update that differ), `_id`, the columns.

        Rows that came or changed are as they are now and in that order; then those that went, as they
        were, in the columns that both snapshots have in one type.
        """
        whole = changes_schema(self.now.columns)
        for text, files in (
            (self._arrivals(), [*self._files_after, *self._files_before]),
            (self._departures(), self._files_before),
        ):
            reader = self._database.execute(text, files).to_arrow_reader(BATCH)
            for batch in reader:
                yield _named(pa.Table.from_batches([batch]), whole).combine_chunks().to_batches()[0]

    def _arrivals(self) -> str:
        tests = ", ".join(self._test(*pair) for pair in self._pairs)
        names = ", ".join(f"n.c{after}" for _, after in self._pairs)
        changed = (
            f"CASE WHEN c.gone IS NOT NULL THEN list_filter([{tests}], x -> x IS NOT NULL) END"
            if tests
            else "CAST(NULL AS VARCHAR[])"
        )
        return (
            f"SELECT CASE WHEN c.gone IS NULL THEN '{INSERTED}' ELSE '{UPDATED}' END, {changed}, n.id"  # noqa: S608
            f"{', ' if names else ''}{names} FROM changes AS c JOIN {self._after} AS n"
            f" ON n.pos = c.here LEFT JOIN {self._before} AS o ON o.pos = c.gone"
            " ORDER BY c.here"
        )

    def _departures(self) -> str:
        cells = "".join(f", {self._as_it_was(*pair)}" for pair in self._pairs)
        return (
            f"SELECT '{DELETED}', CAST(NULL AS VARCHAR[]), o.id{cells} FROM changes AS c"  # noqa: S608
            f" JOIN {self._before} AS o ON o.pos = c.gone WHERE c.here IS NULL ORDER BY c.gone"
        )

    def _as_it_was(self, before: int | None, after: int) -> str:
        kind = _SQL_TYPES[self.now.columns[after].type]
        return f"CAST(NULL AS {kind})" if before is None else f"o.c{before}"

    def _test(self, before: int | None, after: int) -> str:
        name = _quoted(self.now.columns[after].name)
        former = self._as_it_was(before, after)
        return f"CASE WHEN n.c{after} IS DISTINCT FROM {former} THEN {name} END"

    def _carried(self, before: int | None, after: int) -> str:
        if before is not None:
            return f"c{before}"
        name, kind = self.now.columns[after].name, _SQL_TYPES[self.now.columns[after].type]
        earlier = next((i for i, c in enumerate(self.former.columns) if c.name == name), None)
        if earlier is None or "geometry" in (self.now.columns[after].type, self.former.columns[earlier].type):
            return f"CAST(NULL AS {kind})"
        return f"TRY_CAST(c{earlier} AS {kind})"


_SQL_TYPES = {
    "text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE",
    "time": "TIMESTAMPTZ", "geometry": "BLOB",
}  # fmt: skip


class Comparer:
    """Compares snapshots of a storage; safe to share by threads, and opened when first needed.

    What a comparison cannot hold in memory lies below `spill` while it lasts.
    """

    def __init__(self, storage: Parts, spill: Path, *, megabytes: int = MEGABYTES) -> None:
        self._storage = storage
        self._megabytes = megabytes
        self.spill = spill
        self._database: Any = None
        self._lock = Lock()

    @contextmanager
    def between(self, former: Snapshot, now: Snapshot) -> Iterator[Comparison]:
        """What differs from one snapshot to another."""
        with self._lock:
            if self._database is None:
                # DuckDB takes the folder for its own, so that no other process may share it.
                own = self.spill / secrets.token_hex(6)
                self.spill.mkdir(parents=True, exist_ok=True)
                self._database = open_database(self._storage, f"{self._megabytes} MB", own, threads=2)
            cursor = self._database.cursor()
        try:
            with parts_gone(now, self._storage), parts_gone(former, self._storage):
                yield Comparison(cursor, self._storage, former, now)
        finally:
            cursor.close()

    def sweep(self) -> None:
        """Remove what processes that were killed have left on the disk."""
        for folder in self.spill.glob("*"):
            if time.time() - folder.stat().st_mtime > ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of memory and disk."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database = None


def _pairs(before: Sequence[Column], after: Sequence[Column]) -> list[tuple[int | None, int]]:
    """For each column of the new snapshot its place and that in the former, None where it starts empty."""
    places = {(column.name, column.type): i for i, column in enumerate(before)}
    return [(places.get((column.name, column.type)), i) for i, column in enumerate(after)]


def _mark(names: Sequence[str]) -> str:
    return f"hash({', '.join(names)})" if names else "0"


def _named(table: pa.Table, schema: pa.Schema) -> pa.Table:
    return table.rename_columns(schema.names).cast(schema)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
