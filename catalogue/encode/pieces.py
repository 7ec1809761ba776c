"""Rows of text put together from pieces: what stands in every row, and what differs, all rows at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

TEXT = pa.large_string()
"""A batch of shapes can hold more text than 32 bits count."""
_FEW = 4
"""Rows to a different text from which it is cheaper to put what stands before it to each text, once."""
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Coded:
    """A column as `texts` and which of them stands in each row: `indices` (n,), null for nothing.

    What is written for nothing is `null`, or what the format has for it.
    """

    texts: Any
    indices: Any
    null: bytes | None = None


Piece = bytes | Coded | Any
"""What is put behind one another in every row: the same bytes, or a column of texts."""


def together(pieces: Sequence[Piece], null: bytes) -> bytes:
    """All rows one behind the other, each made of its pieces in their order; at least one is a column."""
    columns = list(_ordered(pieces, null))
    texts = [_once(each) if isinstance(each, bytes) else each.texts for each in columns]
    starts = accumulate(map(len, texts), initial=0)
    rows = next(len(each.indices) for each in columns if isinstance(each, Coded))
    # Picked row by row out of the texts of all columns, they already lie as they are to be written.
    picked = np.empty((rows, len(columns)), np.int32)
    for i, (each, start) in enumerate(zip(columns, starts, strict=False)):
        picked[:, i] = start if isinstance(each, bytes) else each.indices + start
    found = pc.take(pa.concat_arrays(texts), pa.array(picked.reshape(-1)), boundscheck=False)
    return letters(found).tobytes()


def joined(*columns: Any) -> Any:
    """Texts (n,) put together row by row, null where one of them is; bytes stand for a text of all rows."""
    parts = [pa.scalar(c.decode(), TEXT) if isinstance(c, bytes) else c for c in columns]
    return pc.binary_join_element_wise(*parts, pa.scalar("", TEXT))


def offsets(texts: Any) -> npt.NDArray[np.int64]:
    """Where each text (n,) begins in `letters`, and where the last one ends: (n + 1,)."""
    found = _ends(texts)
    return found - found[0] if found[0] else found


def letters(texts: Any) -> Bytes:
    """The UTF-8 of all texts of an array, one behind the other."""
    ends = _ends(texts)
    first, last = ends[0], ends[-1]
    return np.frombuffer(texts.buffers()[2], np.uint8)[first:last] if last else np.zeros(0, np.uint8)


def _ends(texts: Any) -> npt.NDArray[np.int64]:
    if not len(texts):
        return np.zeros(1, np.int64)  # Arrow may leave out the buffers of nothing.
    return np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]


def _ordered(pieces: Sequence[Piece], null: bytes) -> Iterator[bytes | Coded]:
    """The pieces with indices in NumPy, and what stands before a column of few texts put to each of them."""
    before = b""
    for piece in pieces:
        if isinstance(piece, bytes):
            before += piece
            continue
        column = _valid(piece if isinstance(piece, Coded) else _each(piece), null)
        if before and _FEW * len(column.texts) <= len(column.indices):
            column = Coded(joined(before, column.texts), column.indices)
        elif before:
            yield before
        yield column
        before = b""
    if before:
        yield before


def _valid(column: Coded, null: bytes) -> Coded:
    """The same with a text for nothing."""
    indices = column.indices.cast(pa.int32())
    if not indices.null_count:
        return Coded(column.texts, indices.to_numpy())
    nothing = len(column.texts)
    texts = pa.concat_arrays([column.texts, _once(null if column.null is None else column.null)])
    return Coded(texts, pc.fill_null(indices, nothing).to_numpy())


def _each(texts: Any) -> Coded:
    missing = texts.is_null().to_numpy(zero_copy_only=False) if texts.null_count else None
    return Coded(texts, pa.array(np.arange(len(texts), dtype=np.int32), mask=missing))


def _once(text: bytes) -> Any:
    return pa.array([text.decode()], TEXT)
