"""Rejects of a run, kept as one Parquet file beside the parts and read a page at a time."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from catalogue.storage import Storage
from schemas.run import REJECTS, Run

ROW_GROUP = 10_000


def path_of(dataset: str, run: str) -> str:
    """Where the rejects of a run lie in the storage."""
    return f"rejects/{dataset}/{run}.parquet"


def keep(storage: Storage, run: Run, rejects: pa.Table | None) -> None:
    """Store what a run set aside; a run that set nothing aside leaves no file."""
    if rejects is None or not rejects.num_rows:
        return
    with storage.writer(path_of(run.dataset, run.run)) as file:
        pq.write_table(rejects.cast(REJECTS), file, compression="zstd", row_group_size=ROW_GROUP)


def read(storage: Storage, run: Run, limit: int, offset: int) -> tuple[int, list[dict[str, Any]]]:
    """How many rejects a run left, and a page of them in the order of the source."""
    file = storage.path(path_of(run.dataset, run.run))
    if not file.exists():
        return 0, []
    with pq.ParquetFile(file) as parquet:
        total = parquet.metadata.num_rows
        first, last = offset // ROW_GROUP, (offset + limit - 1) // ROW_GROUP
        groups = range(first, min(last + 1, parquet.num_row_groups))
        if limit < 1 or not groups:
            return total, []
        page = parquet.read_row_groups(list(groups)).slice(offset - first * ROW_GROUP, limit)
    rows: list[dict[str, Any]] = page.to_pylist()
    return total, rows
