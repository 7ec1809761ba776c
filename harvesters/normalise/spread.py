"""Take some rows that lie spread over a table, the same ones whatever pieces the table comes in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.rejects import Mask, mask_of
from harvesters.normalise.values.cells import as_given

MOST_ROWS = 2_000
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: products of it with 0, 1, 2 ... lie spread.


def spread_rows(pieces: Iterable[pa.Table], columns: Sequence[str], most: int = MOST_ROWS) -> pa.Table:
    """At most so many rows of those where all `columns` hold something, in order, spread over all pieces
    without a rhythm that rows may have too."""
    some: pa.Table | None = None
    ranks = np.empty(0, np.uint64)
    before = 0
    for piece in pieces:
        rows = np.flatnonzero(_filled(piece, columns))
        theirs = np.arange(before, before + len(rows), dtype=np.uint64) * _GOLDEN
        before += len(rows)
        both = np.concatenate((ranks, theirs))
        chosen = np.sort(np.argpartition(both, most)[:most]) if len(both) > most else np.arange(len(both))
        old, new = chosen[chosen < len(ranks)], chosen[chosen >= len(ranks)] - len(ranks)
        fresh = piece.take(pa.array(rows[new]))
        some = fresh if some is None else pa.concat_tables([some.take(pa.array(old)), fresh])
        ranks = both[chosen]
    assert some is not None, "a table has a piece"
    return some


def _filled(piece: pa.Table, columns: Sequence[str]) -> Mask:
    filled = np.ones(len(piece), dtype=bool)
    for name in columns:
        filled &= mask_of(pc.is_valid(as_given(piece[name])))
    return filled
