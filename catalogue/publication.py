"""What a run lands: the rows of one dataset with their columns and rejects, or a list of entries."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from schemas.dataset import Column, Dataset


@dataclass(frozen=True)
class Publication:
    """The whole new content of one dataset.

    `rows` has the Arrow schema `arrow_schema(columns)`: `_id` (text, unique, not null) and then the
    columns; geometry is WKB in OGC:CRS84. `dataset` carries the metadata; its rows, bbox, period,
    snapshot, created and updated are filled in by the catalogue. `rejects` follows schemas.run.REJECTS.
    """

    dataset: Dataset
    columns: tuple[Column, ...]
    rows: pa.Table
    rejects: pa.Table
