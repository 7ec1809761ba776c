"""Turn rows of Python values into Arrow columns without changing a value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import pyarrow as pa

from harvesters.reading.delimited.encoding import refuse_mojibake

INT64 = range(-(2**63), 2**63)
EXACT = 2**53
"""Up to here every integer is a float64."""


def table_of(rows: Sequence[Mapping[str, Any]], first: Iterable[str] = ()) -> pa.Table:
    """A column for each name in order of appearance, those of `first` before the others."""
    names = dict.fromkeys(first)
    for row in rows:
        names.update(dict.fromkeys(row))
    return pa.table({name: column_of(name, [row.get(name) for row in rows]) for name in names})


def column_of(name: str, values: list[Any]) -> pa.Array:
    """The values under one type: that of all of them where they agree, else text as they are written.

    Raises Unreadable where the text was decoded wrongly before it came here.
    """
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and _numbers_keep(values, kinds):
        return pa.array(values, pa.float64() if float in kinds else pa.int64() if kinds else pa.string())
    for kind, arrow in ((bool, pa.bool_()), (date, pa.date32()), (datetime, pa.timestamp("us"))):
        if kinds == {kind}:
            return pa.array(values, arrow)
    if kinds == {date, datetime}:
        return pa.array(
            [datetime.combine(v, time()) if type(v) is date else v for v in values], pa.timestamp("us")
        )
    return as_texts(name, values)


def as_texts(name: str, values: Iterable[Any]) -> pa.Array:
    """The values as texts as they are written; raises Unreadable where they were decoded wrongly."""
    texts = [None if value is None else _written(value) for value in values]
    whole = "\n".join(filter(None, texts)).encode("utf-8", "surrogatepass")
    refuse_mojibake(whole, f"the column {name!r}")
    return pa.array([_plain(text) for text in texts], pa.string())


def _numbers_keep(values: list[Any], kinds: set[type]) -> bool:
    """Whether every integer fits its column's type exactly."""
    if float in kinds:
        return all(not isinstance(value, int) or abs(value) <= EXACT for value in values)
    return all(value is None or value in INT64 for value in values)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return json.dumps(value, ensure_ascii=False, default=str)


def _plain(text: str | None) -> str | None:
    # A lone surrogate, as "\ud800" in JSON, is no character and fits no column.
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode()
