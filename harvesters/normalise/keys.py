"""Name the rows: by their key, or by their place in the source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.rejects import Mask, Sieve, Why, flat, mask_of

SEPARATOR = "~"
_LARGEST = 1 << 62


def names_by_key(columns: Mapping[str, pa.ChunkedArray], key: Sequence[str], sieve: Sieve) -> pa.Array:
    """`_id` from the key columns; a row without a key, or with one that came before, is left out."""
    for name in key:
        missing = mask_of(pc.is_null(columns[name]))
        sieve.drop_rows(missing, Why("missing_key", f"a row needs {name} to be named", name))
    coded = [flat(columns[name]).dictionary_encode() for name in key]
    words = [_written(each.dictionary) for each in coded]
    parts = [word.take(each.indices) for word, each in zip(words, coded, strict=True)]
    ids = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, SEPARATOR)
    again = _repeated([ids.dictionary_encode()] if _ambiguous(words) else coded, sieve.kept)
    sieve.drop_rows(again, duplicate(key), ids)
    return ids


def duplicate(key: Sequence[str]) -> Why:
    """Why a row whose key came before is left out."""
    return Why("duplicate_key", "an earlier row has the same key", SEPARATOR.join(key))


def names_by_place(lines: pa.Array, before: int, *, rising: bool) -> pa.Array:
    """`_id` from the place in the source; where places are not `rising` throughout the table, from the
    row's number, which counts on from the rows `before`."""
    numbers = lines if rising else pa.array(np.arange(before + 1, before + len(lines) + 1), pa.int64())
    return numbers.cast(pa.string())


def rising(places: Iterable[pa.ChunkedArray]) -> bool:
    """Whether each place in the source lies behind the one before it, over all pieces of a table."""
    last: list[int] = []
    for piece in places:
        numbers = np.concatenate((np.array(last, np.int64), piece.to_numpy()))
        if not (np.diff(numbers) > 0).all():
            return False
        last = numbers[-1:].tolist()
    return True


def _written(values: pa.Array) -> pa.Array:
    """Key values as text: times as RFC 3339 in UTC, with a fraction where they have one, all else as Arrow
    writes it."""
    if not pa.types.is_timestamp(values.type):
        return values.cast(pa.string())
    plain = values.cast(pa.timestamp("us"))
    whole = plain.cast(pa.timestamp("s"), safe=False)
    text = pc.if_else(pc.equal(plain, whole), whole.cast(pa.string()), plain.cast(pa.string()))
    return pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")


def _repeated(coded: Sequence[pa.DictionaryArray], kept: Mask) -> Mask:
    """Which kept rows bear a key that a kept row before them bears; kept rows have a whole key."""
    rows = np.flatnonzero(kept)
    numbers, size = np.zeros(len(rows), np.int64), 1
    for each in coded:
        if size * len(each.dictionary) >= _LARGEST:
            found, numbers = np.unique(numbers, return_inverse=True)
            size = len(found)
        codes = pc.fill_null(each.indices, 0).to_numpy()[rows]
        numbers, size = numbers * len(each.dictionary) + codes, size * len(each.dictionary)
    repeated = np.zeros(len(kept), dtype=bool)
    if size < 8 * len(rows) and np.bincount(numbers).max(initial=0) == 1:
        return repeated  # Most keys are as dense as this, and counting is ten times quicker than sorting.
    repeated[rows] = True
    repeated[rows[np.unique(numbers, return_index=True)[1]]] = False
    return repeated


def _ambiguous(parts: Sequence[pa.Array]) -> bool:
    """Whether two keys may be written alike, because a value holds what parts the values."""
    return len(parts) > 1 and any(pc.any(pc.match_substring(part, SEPARATOR)).as_py() for part in parts)
