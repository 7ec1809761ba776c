"""Rejects of a run, kept as one Parquet file beside the parts and read a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from catalogue.publication import Pieces, pieces_of
from catalogue.storage import Storage
from schemas.run import REJECTS, Run

ROW_GROUP = 10_000


def path_of(dataset: str, run: str) -> str:
    """Where the rejects of a run lie in the storage."""
    return f"rejects/{dataset}/{run}.parquet"


def keep(storage: Storage, run: Run, rejects: Pieces | None) -> None:
    """Store what a run set aside; a run that set nothing aside leaves no file."""
    filled = (piece for piece in pieces_of(rejects if rejects is not None else ()) if piece.num_rows)
    first = next(filled, None)
    if first is None:
        return
    with (
        storage.writer(path_of(run.dataset, run.run)) as file,
        pq.ParquetWriter(file, REJECTS, compression="zstd") as writer,
    ):
        for group in _groups(chain([first], filled)):
            writer.write_table(group, row_group_size=ROW_GROUP)


def _groups(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rejects in whole row groups, so that a page is found by its number; only the last may be short."""
    left = REJECTS.empty_table()
    for piece in pieces:
        held = pa.concat_tables([left, piece.cast(REJECTS)])
        whole = len(held) - len(held) % ROW_GROUP
        if whole:
            yield held.slice(0, whole)
        left = held.slice(whole).combine_chunks()
    if len(left):
        yield left


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


def batches(storage: Storage, run: Run) -> Iterator[pa.RecordBatch]:
    """All rejects of a run (schemas.run.REJECTS) in the order of the source, a bounded number at a time."""
    file = storage.path(path_of(run.dataset, run.run))
    if file.exists():
        with pq.ParquetFile(file) as parquet:
            yield from parquet.iter_batches(ROW_GROUP)
