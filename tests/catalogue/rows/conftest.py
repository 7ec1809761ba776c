"""Snapshots of plain rows, answered with a row index and without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalogue import snapshots
from catalogue.publication import Publication
from catalogue.rows import Rows
from catalogue.rows.index.lookup import Index
from catalogue.storage import Storage
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.run import REJECTS
from schemas.snapshot import Snapshot

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@dataclass(frozen=True)
class Ways:
    """One snapshot and both ways to its rows; `kept` holds them as they are stored, in order."""

    storage: Storage
    snapshot: Snapshot
    indexed: Rows
    scanned: Rows
    kept: list[dict[str, Any]]

    @contextmanager
    def index(self) -> Iterator[Index]:
        """The row index by itself, which says what it leaves to a scan."""
        opened = Index(self.indexed.build(self.snapshot))
        yield opened
        opened.close()


Make = Callable[[tuple[Column, ...], Sequence[tuple[Any, ...]]], Any]


@pytest.fixture(scope="session")
def both_ways() -> Make:
    """Publishes rows, each `_id` and then one value a column, for as long as an example takes."""

    @contextmanager
    def make(columns: tuple[Column, ...], rows: Sequence[tuple[Any, ...]]) -> Iterator[Ways]:
        schema = arrow_schema(columns)
        table = pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)
        dataset = Dataset("trees", Text("나무", "Trees"), "부산광역시", "KOGL-1", "trees")
        publication = Publication(dataset, columns, table, REJECTS.empty_table())
        with TemporaryDirectory() as folder:
            storage = Storage(Path(folder) / "storage")
            snapshot = snapshots.write(publication, storage, "s1", NOW)
            kept = pq.read_table(storage.path(snapshot.parts[0].path)).to_pylist()
            indexed, scanned = Rows(storage, Path(folder) / "index"), Rows(storage, Path(folder) / "none")
            indexed.build(snapshot)
            yield Ways(
                storage, snapshot, indexed, scanned, [row | {"pos": at} for at, row in enumerate(kept)]
            )
            indexed.close()
            scanned.close()

    return make
