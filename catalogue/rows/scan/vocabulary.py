"""The different words of a column of texts, and the rows that hold each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

VARIED = 0.1
"""The share of different texts above which a column is kept by its words: whole texts are fewer."""
_TEXT = 16
"""Bytes that DuckDB takes for a text beside its letters."""
_ROW = np.uint64(32)
"""Bits of a row's position in a number that begins with its word."""


@dataclass(frozen=True)
class Vocabulary:
    """The rows of words, which are `whole` texts or what stands between the spaces of texts.

    Word i is in `rows[starts[i] : starts[i + 1]]`. With the words in DuckDB it takes so many `bytes`.
    """

    whole: bool
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.uint32]
    bytes: int

    def holding(self, words: npt.NDArray[np.int64], rows: int) -> npt.NDArray[np.bool_]:
        """Which of all rows (rows,) hold one of some words."""
        begun = self.starts[words]
        lengths = self.starts[words + 1] - begun
        steps = np.arange(lengths.sum()) + np.repeat(begun - np.cumsum(lengths) + lengths, lengths)
        found = np.zeros(rows, np.bool_)
        found[self.rows[steps]] = True
        return found


def vocabulary(batches: Iterable[pa.Array], most: int) -> tuple[pa.Array, Vocabulary] | None:
    """The words of texts, batch after batch of the rows in their order; None beyond `most` bytes.

    A text that is missing has no words.
    """
    words: list[Any] = []
    holders: list[Any] = []
    whole, first, size = False, 0, 0
    for texts in batches:
        if not words:
            whole = pc.count_distinct(texts).as_py() <= VARIED * len(texts)
        here, places = (texts, np.arange(len(texts))) if whole else _split(texts)
        words.append(here.drop_null().dictionary_encode())
        holders.append((first + places[here.is_valid().to_numpy(zero_copy_only=False)]).astype(np.uint64))
        first += len(texts)
        size += holders[-1].nbytes // 2 + words[-1].dictionary.nbytes
        if size > most:
            return None
    coded = pa.chunked_array(words, pa.dictionary(pa.int32(), pa.string())).unify_dictionaries()
    codes = coded.combine_chunks().indices.to_numpy().astype(np.uint64)
    held = np.sort(codes << _ROW | np.concatenate(holders))
    known = coded.chunk(0).dictionary
    starts = np.searchsorted(held, np.arange(len(known) + 1, dtype=np.uint64) << _ROW)
    size = known.nbytes + _TEXT * len(known) + starts.nbytes + held.nbytes // 2
    return (known, Vocabulary(whole, starts, held.astype(np.uint32), size)) if size <= most else None


def _split(texts: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """What stands between spaces, and the places of the texts that it stands in."""
    words = pc.split_pattern(texts, " ")
    return words.flatten(), pc.list_parent_indices(words).to_numpy()
