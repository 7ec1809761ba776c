"""Name the rows: by their key, or by their place in the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.rejects import Mask, Sieve, Why, mask_of

SEPARATOR = "~"
_LARGEST = 1 << 62


def names_by_key(columns: Mapping[str, pa.ChunkedArray], key: Sequence[str], sieve: Sieve) -> pa.Array:
    """`_id` from the key columns; a row without a key, or with one that came before, is left out."""
    for name in key:
        missing = mask_of(pc.is_null(columns[name]))
        sieve.drop_rows(missing, Why("missing_key", f"a row needs {name} to be named", name))
    coded = [pc.dictionary_encode(columns[name]).combine_chunks() for name in key]
    words = [_written(each.dictionary) for each in coded]
    parts = [word.take(each.indices) for word, each in zip(words, coded, strict=True)]
    ids = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, SEPARATOR)
    again = _repeated([ids.dictionary_encode()] if _ambiguous(words) else coded, sieve.kept)
    why = Why("duplicate_key", "an earlier row has the same key", SEPARATOR.join(key))
    sieve.drop_rows(again, why, ids)
    return ids


def names_by_place(lines: pa.Array) -> pa.Array:
    """`_id` from the place in the source, or from the row's number where two rows share a place."""
    places = lines.to_numpy(zero_copy_only=False)
    if len(places) and not (np.diff(places) > 0).all():
        places = np.arange(1, len(places) + 1)
    return pa.array(places, pa.int64()).cast(pa.string())


def _written(values: pa.Array) -> pa.Array:
    """Key values as text: times as RFC 3339 in UTC, all else as Arrow writes it."""
    if not pa.types.is_timestamp(values.type):
        return values.cast(pa.string())
    plain = values.cast(pa.timestamp("us"))
    whole = pc.all(pc.equal(pc.microsecond(plain), 0)).as_py() is not False
    whole = whole and pc.all(pc.equal(pc.millisecond(plain), 0)).as_py() is not False
    text = plain.cast(pa.timestamp("s") if whole else pa.timestamp("us")).cast(pa.string())
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
