"""All rows that answer a query, in batches, however many they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from schemas.dataset import Column


@dataclass(frozen=True)
class Flow:
    """`rows` rows with `_id` and then `columns`; `batches` gives them, at most so many at a time.

    Where that is None they are all rows of the snapshot as they lie in its parts.
    """

    columns: tuple[Column, ...]
    rows: int
    batches: Callable[[int], Iterator[pa.RecordBatch]] | None
