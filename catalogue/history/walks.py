"""Walk through changes page by page: two snapshots are compared once for a walk, and not for each page."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalogue.history.changes import Changes, between, column_changes, grown
from catalogue.history.following import Followed, Place, page
from catalogue.rows.compare import Comparer, Counts, changes_schema
from catalogue.snapshots import Parts
from schemas.snapshot import Snapshot

LARGEST = 2**30
"""Bytes of all files; those that were made first go first."""
OLDEST = 86_400.0
"""Seconds after which nobody walks on."""
_COUNTS = b"counts"


class Walks:
    """Keeps the changes that are walked in a folder that may be emptied at any time.

    Safe to share by threads and processes.
    """

    def __init__(self, folder: Path, comparer: Comparer, storage: Parts, *, largest: int = LARGEST) -> None:
        self._folder, self._largest = folder, largest
        self._comparer, self._storage = comparer, storage

    @contextmanager
    def page(self, since: Snapshot, until: Snapshot, place: Place, limit: int | None) -> Iterator[Followed]:
        """The next `limit` changes behind a place, or all; raises BadInput, or FileNotFoundError where a
        file went just now."""
        kept = None if grown(since, until) else self._find(since, until, place.done)
        if kept is not None:
            yield page(kept, place, limit)
            return
        with between(since, until, self._comparer, self._storage) as found:
            if limit is None or grown(since, until) or sum(vars(found.counts).values()) <= limit:
                yield page(found, place, limit, skip=place.done)
                return
            self._keep(found)
        kept = self._find(since, until, place.done)
        if kept is None:
            raise FileNotFoundError(self._path(since, until))
        yield page(kept, place, limit)

    def _find(self, since: Snapshot, until: Snapshot, skip: int) -> Changes | None:
        """The changes from one snapshot to another behind the first `skip`; None where they are not kept."""
        try:
            file = pq.ParquetFile(self._path(since, until))
        except FileNotFoundError:
            return None
        counts = Counts(**json.loads(file.schema_arrow.metadata[_COUNTS]))
        columns = column_changes(since.columns, until.columns)
        return Changes(since, until, columns, counts, _behind(file, until, skip))

    def _keep(self, found: Changes) -> None:
        """Write changes down, whole or not at all; their batches are read by it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(found.since, found.until)
        draft = path.with_name(f".{secrets.token_hex(6)}.parquet")
        told = changes_schema(found.until.columns).with_metadata({_COUNTS: json.dumps(vars(found.counts))})
        try:
            with pq.ParquetWriter(draft, told, compression="zstd") as writer:
                for batch in found.batches:
                    writer.write_batch(batch.cast(told))
            draft.rename(path)
        finally:
            draft.unlink(missing_ok=True)
        self._tidy(path)

    def _tidy(self, newest: Path) -> None:
        total, now = newest.stat().st_size, time.time()
        others = [(file.stat(), file) for file in self._folder.glob("*.parquet") if file != newest]
        for known, file in sorted(others, key=lambda each: each[0].st_mtime, reverse=True):
            total += known.st_size
            if total > self._largest or known.st_mtime < now - OLDEST:
                file.unlink(missing_ok=True)
        for draft in self._folder.glob(".*.parquet"):  # Left by a process that was killed.
            if draft.stat().st_mtime < now - OLDEST:
                draft.unlink(missing_ok=True)

    def _path(self, since: Snapshot, until: Snapshot) -> Path:
        return self._folder / f"{since.id}~{until.id}.parquet"


def _behind(file: pq.ParquetFile, until: Snapshot, skip: int) -> Iterator[pa.RecordBatch]:
    """The rows behind the first `skip`; what lies before is not read."""
    schema = changes_schema(until.columns)
    with file:
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if skip < rows:
                yield from file.read_row_group(group).slice(skip).cast(schema).to_batches()
            skip -= min(skip, rows)
