"""Snapshots of plain rows in a folder, and everything that can be read of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from catalogue import snapshots
from catalogue.publication import Publication
from catalogue.storage import Storage
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.run import REJECTS
from schemas.snapshot import Snapshot

Land = Callable[..., tuple[Storage, Snapshot]]


@pytest.fixture(scope="session")
def land() -> Land:
    """Writes rows, `_id` and one value a column, as a snapshot below a folder, in several parts on demand."""

    def write(
        folder: Path, columns: tuple[Column, ...], rows: Sequence[tuple[Any, ...]], parts: int = 1
    ) -> tuple[Storage, Snapshot]:
        storage, schema = Storage(folder / "storage"), arrow_schema(columns)
        table = pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)
        size = -(-len(rows) // parts) or 1
        pieces = [table.slice(start, size) for start in range(0, max(1, len(rows)), size)]
        dataset = Dataset("trees", Text("나무", "Trees"), "부산광역시", "KOGL-1", "trees")
        publication = Publication(dataset, columns, iter(pieces), REJECTS.empty_table())
        return storage, snapshots.write(publication, storage, "s1", datetime(2026, 11, 25, tzinfo=UTC))

    return write
