"""A folder of parts, and publications written down as plain rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from catalogue.publication import Publication
from catalogue.storage import Storage
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.run import REJECTS

Publish = Callable[[tuple[Column, ...], Sequence[tuple[Any, ...]]], Publication]


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "storage")


@pytest.fixture(scope="session")
def make_folder() -> Callable[[Path], Storage]:
    """Makes the storage of one example of a property, which outlives no folder of a test."""
    return Storage


@pytest.fixture(scope="session")
def publication() -> Publish:
    """Makes a publication of columns and rows, each row `_id` and then one value a column."""

    def make(columns: tuple[Column, ...], rows: Sequence[tuple[Any, ...]]) -> Publication:
        schema = arrow_schema(columns)
        names = schema.names
        table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema)
        dataset = Dataset("trees", Text("나무", "Trees"), "부산광역시", "KOGL-1", "trees")
        return Publication(dataset, columns, table, REJECTS.empty_table())

    return make
