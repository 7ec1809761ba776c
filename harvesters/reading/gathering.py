"""Gather rows of Python values into pieces of one schema, which is that of all rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from harvesters.formats import PIECE, Piece
from harvesters.reading.columnar import EXACT, INT64, as_texts
from schemas.run import REJECTS

Row = Mapping[str, Any]
Placed = tuple[int, Row | None, Mapping[str, Any] | None]
"""A place in the source, and the row that stands there or the reject (schemas.run.REJECTS) that it is."""

_TOGETHER = 20_000
"""Rows that are held as Python values at once, where each takes some kilobytes at most."""


class Gauge:
    """Sees every row of a table, and then knows the columns and the type of each."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._kinds: dict[str, set[type]] = {name: set() for name in names}
        self._whole: dict[str, list[int]] = {}

    def see(self, row: Row) -> None:
        """Take a row into account."""
        for name, value in row.items():
            kinds = self._kinds.get(name)
            if kinds is None:
                kinds = self._kinds[name] = set()
            kind = type(value)
            kinds.add(kind)
            if kind is int:
                ends = self._whole.setdefault(name, [value, value])
                if value < ends[0]:
                    ends[0] = value
                elif value > ends[1]:
                    ends[1] = value

    def types(self) -> dict[str, pa.DataType]:
        """The columns in order of appearance; what does not agree on a type is text."""
        return {name: self._type(name, kinds - {type(None)}) for name, kinds in self._kinds.items()}

    def _type(self, name: str, kinds: set[type]) -> pa.DataType:
        low, high = self._whole.get(name, (0, 0))
        if kinds == {bool}:
            return pa.bool_()
        if kinds == {int} and low in INT64 and high in INT64:
            return pa.int64()
        exact = max(-low, high) <= EXACT
        return pa.float64() if kinds in ({float}, {float, int}) and exact else pa.string()


def gathered(rows: Iterable[Placed], types: Mapping[str, pa.DataType]) -> Iterator[Piece]:
    """The rows in pieces, at least one; `types` are those of all of their columns."""
    held: list[Piece] = []
    some: list[Placed] = []
    for placed in rows:
        some.append(placed)
        if len(some) == _TOGETHER:
            held.append(_piece(some, types))
            some = []
        if sum(each.table.nbytes for each in held) >= PIECE:
            yield _joined(held)
            held = []
    yield _joined([*held, _piece(some, types)])


def _piece(some: Sequence[Placed], types: Mapping[str, pa.DataType]) -> Piece:
    rows = [(place, row) for place, row, _ in some if row is not None]
    columns = {name: _column(name, [row.get(name) for _, row in rows], kind) for name, kind in types.items()}
    rejects = [reject for _, _, reject in some if reject is not None]
    lines = pa.array([place for place, _ in rows], pa.int64())
    return Piece(pa.table(columns), lines, pa.Table.from_pylist(rejects, schema=REJECTS))


def _column(name: str, values: list[Any], kind: pa.DataType) -> pa.Array:
    return as_texts(name, values) if pa.types.is_string(kind) else pa.array(values, kind)


def _joined(pieces: Sequence[Piece]) -> Piece:
    return Piece(
        pa.concat_tables([each.table for each in pieces]),
        pa.concat_arrays([each.lines for each in pieces]),
        pa.concat_tables([each.rejects for each in pieces]),
    )
