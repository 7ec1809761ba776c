"""A column of the source as it is given, clean, piece by piece, as often as it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from harvesters.formats import Parsed
from harvesters.normalise.values.cast import Reading, cast
from harvesters.normalise.values.cells import as_given
from harvesters.reading.shelf import column, types
from schemas.dataset import ColumnType


class Given:
    """The values of one column; where there is but one piece, what was made of it is not made again."""

    def __init__(self, parsed: Parsed, name: str) -> None:
        self._parsed = parsed
        self._name = name
        self._only: pa.ChunkedArray | None = None
        self._latest: tuple[ColumnType, Reading, pa.ChunkedArray] | None = None

    @property
    def types(self) -> set[pa.DataType]:
        """The types in which it comes, of which there may be several where it comes from several files."""
        return types(self._parsed, self._name)

    def __iter__(self) -> Iterator[pa.ChunkedArray]:
        if self._parsed.rest != ():
            yield from (as_given(values) for values in column(self._parsed, self._name))
            return
        if self._only is None:
            self._only = as_given(self._parsed.table[self._name])
        yield self._only

    def read(self, values: pa.ChunkedArray, kind: ColumnType, reading: Reading) -> pa.ChunkedArray:
        """The values of one piece as `kind`."""
        if values is not self._only:
            return cast(values, kind, reading)
        if self._latest is None or self._latest[:2] != (kind, reading):
            self._latest = kind, reading, cast(values, kind, reading)
        return self._latest[2]

    def of(self, piece: pa.Table) -> pa.ChunkedArray:
        """The values of one piece of the table."""
        return as_given(piece[self._name]) if self._only is None else self._only
