"""What runs mended on the way in, shown by examples: a small Parquet file beside the rejects of a run."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from catalogue.storage import Storage
from schemas.run import REPAIRS, Run


def path_of(dataset: str, run: str) -> str:
    """Where the examples of a run lie in the storage."""
    return f"rejects/{dataset}/{run}.repairs.parquet"


def keep(storage: Storage, run: Run, repaired: pa.Table) -> None:
    """Store the examples of a run; one that mended nothing leaves no file."""
    if not len(repaired):
        return
    with storage.writer(path_of(run.dataset, run.run)) as file:
        pq.write_table(repaired.cast(REPAIRS), file, compression="zstd")


def read(storage: Storage, run: Run) -> list[dict[str, Any]]:
    """The examples of a run, by rule and column in the order of the source."""
    file = storage.path(path_of(run.dataset, run.run))
    return pq.read_table(file).to_pylist() if file.exists() else []
