"""How values are shown: instants in RFC 3339, days in ISO 8601, geometries as GeoJSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalogue import geometry
from catalogue.rows.question.plan import EPOCH
from schemas.dataset import Column

_EPOCH = EPOCH.replace(tzinfo=None)


class Found(NamedTuple):
    """Rows of a page, at most its limit, and the position of the last one when more follow.

    Rows are shown values, or `written` as a RowPage tells.
    """

    rows: list[tuple[object, ...]]
    last: int | None
    written: bool = False


def instants(microseconds: Sequence[int | None]) -> list[str | None]:
    """Instants since 1970 in RFC 3339, UTC as `Z`, a fraction only where there is one; None stays None."""
    if None not in microseconds:
        times = np.array(microseconds, "datetime64[us]")
        if not (times.astype(np.int64) % 1_000_000).any():
            texts: list[str | None] = np.datetime_as_string(times, unit="s", timezone="UTC").tolist()
            return texts
    return [
        None if t is None else (_EPOCH + timedelta(microseconds=t)).isoformat() + "Z" for t in microseconds
    ]


def shown(arrays: Sequence[Any], columns: Sequence[Column]) -> list[tuple[object, ...]]:
    """Rows (n,) of shown values from one Arrow array a column."""
    return list(zip(*(_shown(a, c) for a, c in zip(arrays, columns, strict=True)), strict=True))


def _shown(values: Any, column: Column) -> list[Any]:
    if column.type == "time":
        return instants(stored(values, column))
    return stored(values, column)


def stored(values: Any, column: Column) -> list[Any]:
    """Values (n,) as the row index keeps them: times in microseconds since 1970, the rest as shown."""
    match column.type:
        case "time":
            found = numbers(values.cast(pa.timestamp("us", "UTC")).cast(pa.int64()))
        case "integer" | "number":
            found = numbers(values)
        case "date":
            found = _repeated(values, lambda days: days.cast(pa.string()).to_pylist())
        case "geometry":
            found = _repeated(values, geometry.geojson)
        case _ if pa.types.is_dictionary(values.type):
            found = _repeated(values, lambda texts: texts.to_pylist())
        case _:
            found = list(values.to_pylist())
    return found


def numbers(values: Any) -> list[Any]:
    """Python numbers (n,), None where null."""
    if values.null_count:
        return list(values.to_pylist())
    return list(values.to_numpy().tolist())


def _repeated(values: Any, convert: Any) -> list[Any]:
    """Convert each distinct value once: many readings are of the same place and day."""
    if not len(values):
        return []
    coded = values if pa.types.is_dictionary(values.type) else pc.dictionary_encode(values)
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.unify_dictionaries().combine_chunks()
    distinct = [*convert(coded.dictionary), None]
    places = pc.fill_null(coded.indices, len(distinct) - 1).to_numpy()
    return [distinct[place] for place in places.tolist()]
