"""Name the rows: by their key, or by their place in the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.rejects import Mask, Sieve, Why, mask_of

SEPARATOR = "~"


def names_by_key(columns: Mapping[str, pa.ChunkedArray], key: Sequence[str], sieve: Sieve) -> pa.Array:
    """`_id` from the key columns; a row without a key, or with one that came before, is left out."""
    for name in key:
        missing = mask_of(pc.is_null(columns[name]))
        sieve.drop_rows(missing, Why("missing_key", f"a row needs {name} to be named", name))
    parts = [_written(columns[name]) for name in key]
    ids = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, SEPARATOR)
    again = _repeated(ids, sieve.kept)
    why = Why("duplicate_key", "an earlier row has the same key", SEPARATOR.join(key))
    sieve.drop_rows(again, why, ids)
    return ids


def names_by_place(lines: pa.Array) -> pa.Array:
    """`_id` from the place in the source, or from the row's number where two rows share a place."""
    places = lines.to_numpy(zero_copy_only=False)
    if len(places) and not (np.diff(places) > 0).all():
        places = np.arange(1, len(places) + 1)
    return pa.array(places, pa.int64()).cast(pa.string())


def _written(values: pa.ChunkedArray) -> pa.Array:
    """Key values as text: times as RFC 3339 in UTC, all else as Arrow writes it."""
    if not pa.types.is_timestamp(values.type):
        return values.cast(pa.string()).combine_chunks()
    plain = values.cast(pa.timestamp("us"))
    whole = pc.all(pc.equal(pc.microsecond(plain), 0)).as_py() is not False
    whole = whole and pc.all(pc.equal(pc.millisecond(plain), 0)).as_py() is not False
    text = plain.cast(pa.timestamp("s") if whole else pa.timestamp("us")).cast(pa.string())
    iso = pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")
    return iso.combine_chunks()


def _repeated(ids: pa.Array, kept: Mask) -> Mask:
    """Which kept rows bear an id that a kept row before them bears."""
    chosen = ids.filter(pa.array(kept))
    # Codes are given in the order of first sight: a first sight has a code above all before it.
    codes = chosen.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    highest = np.maximum.accumulate(np.concatenate([[-1], codes]))[:-1]
    again = np.zeros(len(kept), dtype=bool)
    again[np.flatnonzero(kept)[codes <= highest]] = True
    return again
