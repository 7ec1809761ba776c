"""A folder of parts, and publications written down as plain rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from catalogue.publication import Publication
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.run import REJECTS

Publish = Callable[[tuple[Column, ...], Sequence[tuple[Any, ...]]], Publication]


class Folder:
    """Parts in a local folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, relative: str) -> Path:
        return self.root / relative

    @contextmanager
    def writer(self, relative: str) -> Iterator[Path]:
        target = self.root / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        yield partial
        partial.rename(target)


@pytest.fixture
def storage(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "storage")


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
