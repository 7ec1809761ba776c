"""What a run lands: the rows of one dataset with their columns and rejects, or a list of entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa

from schemas.dataset import Column, Dataset
from schemas.run import REPAIRS

Pieces: TypeAlias = pa.Table | Iterable[pa.Table]
"""A table, or the pieces of one that need not fit into memory: of one schema, in order."""


@dataclass(frozen=True)
class Publication:
    """The whole new content of one dataset.

    `rows` has the Arrow schema `arrow_schema(columns)`: `_id` (text, unique over all pieces, not null) and
    then the columns; geometry is WKB in OGC:CRS84. `dataset` carries the metadata; its rows, bbox, period,
    snapshot, created and updated are filled in by the catalogue. `rejects` follows schemas.run.REJECTS.
    `repaired` shows some of what was mended (schemas.run.REPAIRS). Pieces may be asked for more than once.
    """

    dataset: Dataset
    columns: tuple[Column, ...]
    rows: Pieces
    rejects: Pieces
    repaired: pa.Table = field(default_factory=REPAIRS.empty_table)


def pieces_of(rows: Pieces) -> Iterator[pa.Table]:
    """The pieces one by one; a table is its only piece."""
    if isinstance(rows, pa.Table):
        yield rows
    else:
        yield from rows
