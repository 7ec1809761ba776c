"""What differs between two snapshots of a dataset: its columns, and its rows one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from catalogue.rows.compare import CHANGED, INSERTED, Comparer, Counts, changes_schema
from catalogue.snapshots import ROW_GROUP, Parts, first_rows
from schemas.arrow import arrow_schema
from schemas.dataset import Column
from schemas.snapshot import Snapshot


@dataclass(frozen=True)
class ColumnChanges:
    """Columns that the later snapshot has and the earlier has not, the reverse, and those of another type."""

    added: tuple[str, ...]
    gone: tuple[str, ...]
    retyped: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """What leads from the snapshot `since` to the snapshot `until`.

    `batches` are rows of `_change` (inserted, updated, deleted), `_changed` (the names of the columns that
    an update changes), `_id`, and the columns of `until`: as they are now, or for deleted rows as they
    were. Applied to `since`, its gone columns dropped and its added and retyped ones empty, they give the
    rows of `until`. The batches are read once, inside the `with` that gave them.
    """

    since: Snapshot
    until: Snapshot
    columns: ColumnChanges
    counts: Counts
    batches: Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Difference:
    """The same for people: the counts, and the first of the changes as plain rows."""

    since: str
    until: str
    columns: ColumnChanges
    counts: Counts
    some: tuple[dict[str, Any], ...]


@contextmanager
def between(since: Snapshot, until: Snapshot, comparer: Comparer, storage: Parts) -> Iterator[Changes]:
    """The changes from one snapshot to another."""
    columns = column_changes(since.columns, until.columns)
    if grown(since, until):
        counts = Counts(until.rows - since.rows, 0, 0)
        yield Changes(since, until, columns, counts, _appended(since, until, storage))
        return
    with comparer.between(since, until) as found:
        yield Changes(since, until, columns, found.counts(), found.batches())


def grown(since: Snapshot, until: Snapshot) -> bool:
    """Whether a snapshot came from another by appends alone: what is new lies behind its rows."""
    return since.lineage is not None and since.lineage == until.lineage and since.rows <= until.rows


def column_changes(before: Sequence[Column], after: Sequence[Column]) -> ColumnChanges:
    """How the columns of a later snapshot differ from those of an earlier one."""
    was, now = ({column.name: column.type for column in columns} for columns in (before, after))
    return ColumnChanges(
        added=tuple(name for name in now if name not in was),
        gone=tuple(name for name in was if name not in now),
        retyped=tuple(name for name in now if name in was and was[name] != now[name]),
    )


def _appended(since: Snapshot, until: Snapshot, storage: Parts) -> Iterator[pa.RecordBatch]:
    """The rows that a growing dataset got: those behind the ones it had."""
    schema, names = changes_schema(until.columns), arrow_schema(until.columns).names
    skip = since.rows
    for part in until.parts:
        if skip >= part.rows:
            skip -= part.rows
            continue
        with pq.ParquetFile(storage.path(part.path)) as file:
            for batch in first_rows(file.iter_batches(ROW_GROUP, columns=names), part.rows):
                fresh = batch.slice(min(skip, batch.num_rows))
                skip -= batch.num_rows - fresh.num_rows
                if fresh.num_rows:
                    yield _inserted(fresh, schema)


def _inserted(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    kinds = [pa.repeat(INSERTED, rows.num_rows), pa.nulls(rows.num_rows, schema.field(CHANGED).type)]
    cells = [rows[name].cast(schema.field(name).type) for name in schema.names[len(kinds) :]]
    return pa.record_batch([*kinds, *cells], schema=schema)


def shown(batches: Iterator[pa.RecordBatch], limit: int) -> tuple[dict[str, Any], ...]:
    """The first changes as dicts of KIND, CHANGED, `_id` and the columns."""
    found: list[dict[str, Any]] = []
    for batch in batches:
        found += batch.slice(0, limit - len(found)).to_pylist()
        if len(found) >= limit:
            break
    return tuple(found)
