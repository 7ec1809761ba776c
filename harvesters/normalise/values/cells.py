"""Texts as they should have been written: trimmed, in NFC, nothing for empty."""

from __future__ import annotations

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.rejects import Mask, Why, mask_of
from harvesters.normalise.values.edges import holds, look

NULL_MARKERS = pa.array(["-", "N/A", "NA", "n/a", "#N/A", "null", "NULL", "NaN", "nan"])
"""What stands for a missing value where a number, a date or a time is due; a text keeps it."""

MISSING_WORDS = pa.array(
    ["없음", "해당없음", "해당 없음", "자료없음", "자료 없음", "미상", "n.a.", "N.A.", "None", "none",
     "*", "**", "***", "…", "...", "‥", "--", "---", "?"]
)  # fmt: skip
"""What stands for a missing value in a column that otherwise holds numbers; elsewhere it is a word."""

LOST = "\ufffd"
"""What decoders write for a letter that they could not read."""

_RUNS, _RUN = 20, 50


def clean(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts trimmed and in NFC, null where nothing is left."""
    looks = [look(chunk) for chunk in values.chunks]
    if any(each.blank for each in looks):
        values = pc.utf8_trim_whitespace(values)
        values = pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
    return pc.utf8_normalize(values, form="NFC") if any(each.uncomposed for each in looks) else values


def lost_letters(values: pa.ChunkedArray) -> Mask:
    """Where a text lost letters before it came here."""
    if is_text(values.type) and any(holds(chunk, LOST.encode()) for chunk in values.chunks):
        return mask_of(pc.match_substring(values, LOST))
    return np.zeros(len(values), dtype=bool)


def lost_why(column: str) -> Why:
    """Why such a text is set aside."""
    return Why("mojibake", "letters were lost before it came here (U+FFFD)", column)


def as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values of any Arrow type as clean texts; lists and structures become JSON."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return as_text(values.cast(kind.value_type))
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.chunked_array([pa.array(map(_json, values.to_pylist()), pa.string())])
    return clean(values if pa.types.is_string(kind) else values.cast(pa.string()))


def as_given(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of the source: texts clean, not-a-number as null, all else as it is."""
    if is_text(values.type):
        return as_text(values)
    if pa.types.is_floating(values.type):
        return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    return values


def _json(value: object) -> str | None:
    if value is None:
        return None
    return value.hex() if isinstance(value, bytes) else orjson.dumps(value, default=str).decode()


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow type holds texts, however it stores them."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def sample(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """About 1,000 values in runs spread over the column: what does not fit them cannot fit all."""
    if len(values) <= _RUNS * _RUN:
        return values
    starts = (number * (len(values) - _RUN) // (_RUNS - 1) for number in range(_RUNS))
    return pa.chunked_array([chunk for start in starts for chunk in values.slice(start, _RUN).chunks])


def all_missing(values: pa.ChunkedArray) -> bool:
    """Whether nothing but null markers is written in the texts."""
    return bool(pc.all(pc.or_(pc.is_null(values), pc.is_in(values, NULL_MARKERS)), min_count=0).as_py())
