"""The attributes of features in a tile: each different value once, and for each feature which are its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalogue.encode import texts
from catalogue.encode.tiles.writing import Integers, field, sizes, varint, varints, zigzag

_KEY, _VALUE = 3, 0x22
"""A field of a layer, and what begins another (Mapbox Vector Tile 2.1)."""
_TEXT, _NUMBER, _INTEGER, _TRUTH = 0x0A, 0x19, 0x30, 0x38
"""What begins the field of a value: string, double, sint and bool."""


class Attributes:
    """What the features of a layer say, row by row, of columns under their names."""

    def __init__(self, rows: pa.Table) -> None:
        spelt = [_spelt(column.combine_chunks()) for column in rows.columns]
        found = [column.dictionary_encode() for column in spelt]
        counts = [len(column.dictionary) for column in found]
        firsts = np.cumsum([0, *counts])
        places = [
            np.where(column.is_valid(), column.indices.fill_null(0).to_numpy() + first, -1)
            for column, first in zip(found, firsts, strict=False)
        ]
        self.places = np.column_stack(places) if places else np.empty((len(rows), 0), np.int64)
        self._names = rows.column_names
        self._values = [column.dictionary for column in found]

    def tags(self) -> tuple[Integers, Integers]:
        """For each value that is there, feature by feature, its key and value (n,); and how many of both each
        feature has."""
        there = self.places >= 0
        keys = np.broadcast_to(np.arange(self.places.shape[1]), self.places.shape)
        pairs = np.stack([keys[there], self.places[there]], axis=1)
        return pairs.ravel(), 2 * there.sum(axis=1)

    def written(self) -> bytes:
        """The keys and values of the layer."""
        names = b"".join(field(_KEY, name.encode()) for name in self._names)
        return names + b"".join(map(_written, self._values))


def _spelt(values: Any) -> Any:
    """Values as a tile can hold them: days and instants as texts."""
    kind = values.type
    if pa.types.is_timestamp(kind):
        return texts.instants(values)
    return values.cast(pa.string()) if pa.types.is_date(kind) else values


def _written(values: Any) -> bytes:
    """Values (n,), each a message of one field that says what it is."""
    kind = values.type
    if pa.types.is_floating(kind):
        before = np.tile(np.array([_VALUE, 9, _NUMBER], np.uint8), (len(values), 1))
        plain = np.ascontiguousarray(values.to_numpy(zero_copy_only=False), "<f8")
        return np.hstack([before, plain.view(np.uint8).reshape(-1, 8)]).tobytes()
    if pa.types.is_boolean(kind):
        return _numbered(_TRUTH, values.to_numpy(zero_copy_only=False).astype(np.uint64))
    if pa.types.is_integer(kind):
        return _numbered(_INTEGER, zigzag(values.to_numpy()))
    spelt = values.cast(pa.large_binary()).to_pylist()
    heads = {length: _text_head(length) for length in set(map(len, spelt))}
    return b"".join([heads[len(text)] + text for text in spelt])


def _numbered(kind: int, numbers: Any) -> bytes:
    """Integers (n,) as messages; what stands before each is small and written like one."""
    one = np.ones(len(numbers), np.uint64)
    rows = [one * _VALUE, sizes(numbers).astype(np.uint64) + 1, one * kind, numbers]
    return varints(np.column_stack(rows).astype(np.uint64).ravel())


def _text_head(length: int) -> bytes:
    inner = bytes([_TEXT]) + varint(length)
    return bytes([_VALUE]) + varint(len(inner) + length) + inner
