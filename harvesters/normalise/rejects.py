"""What a run sets aside, row by row and cell by cell, each with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.repairs import Repairs, Rule, Values
from schemas.run import REJECTS

Mask = npt.NDArray[np.bool_]

AROUND = ("title", "footer", "blank_row")
"""Why lines are set aside that stand around the rows of a table: they are no records."""
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class Why:
    """The reason word, the sentence and the column of a set of rejects."""

    reason: str
    detail: str
    column: str | None = None


class Sieve:
    """Sorts the rows of one table: `kept` says which of them are still to be published.

    A row is left out once, for the first reason that meets it; a cell set aside counts only while its
    row is published. What is mended in rows that are kept goes into `repairs`.
    """

    def __init__(self, lines: pa.Array, repairs: Repairs | None = None) -> None:
        self.lines = lines
        self.repairs = repairs or Repairs()
        self.kept: Mask = np.ones(len(lines), dtype=bool)
        self._rows: list[pa.Table] = []
        self._cells: list[tuple[Mask, pa.Table]] = []

    def drop_rows(self, bad: Mask, why: Why, values: pa.Array | pa.ChunkedArray | None = None) -> None:
        """Leave out the rows of `bad`; `values` (one a row) shows what was found there."""
        fresh = bad & self.kept
        if fresh.any():
            self._rows.append(self._table(fresh, "row", why, values))
            self.kept &= ~fresh

    def drop_cells(self, bad: Mask, why: Why, values: Values | None = None) -> None:
        """Note the cells of `bad` in the column `why.column`; the rows stay."""
        if bad.any():
            self._cells.append((bad, self._table(bad, "cell", why, values)))

    def mend(
        self, rule: Rule, changed: Mask, before: Values | None = None, after: Values | None = None
    ) -> None:
        """Note what a rule changed in the rows that are kept so far."""
        self.repairs.note(rule, changed & self.kept, self.lines, before=before, after=after)

    def rejects(self) -> pa.Table:
        """All that was set aside, in the order of REJECTS' columns."""
        cells = [table.filter(pa.array(self.kept[bad])) for bad, table in self._cells]
        return pa.concat_tables([REJECTS.empty_table(), *self._rows, *cells])

    def rows_of_rejects(self) -> npt.NDArray[np.int64]:
        """For each of `rejects` the number of its row among those kept, -1 for a row that is left out."""
        numbers = np.cumsum(self.kept) - 1
        rows = [np.full(len(table), -1, np.int64) for table in self._rows]
        return np.concatenate([_NONE, *rows, *(numbers[bad & self.kept] for bad, _ in self._cells)])

    def _table(self, mask: Mask, scope: str, why: Why, values: pa.Array | pa.ChunkedArray | None) -> pa.Table:
        chosen = pa.array(mask)
        lines = self.lines.filter(chosen)
        shown = pa.nulls(len(lines), pa.string())
        if values is not None:
            shown = flat(pc.cast(values.filter(chosen), pa.string()))
        words = [pa.repeat(pa.scalar(word, pa.string()), len(lines)) for word in (why.reason, why.detail)]
        places = [pa.repeat(pa.scalar(word, pa.string()), len(lines)) for word in (scope, why.column)]
        return pa.table([lines, *places, shown, *words], schema=REJECTS)


@dataclass(frozen=True)
class Tally:
    """What was set aside in numbers: rows by reason and by detail, and cells of rows that are published."""

    reasons: Mapping[str, int]
    details: Mapping[str, int]
    cells: int

    @property
    def rows(self) -> int:
        """How many rows of the source were left out."""
        return sum(self.reasons.values())

    @property
    def faulty(self) -> int:
        """How many of them should have been rows."""
        return self.rows - sum(self.reasons.get(word, 0) for word in AROUND)

    @property
    def chief_cause(self) -> str:
        """What left out the most rows, in the words of its detail; "" when nothing did."""
        detail = max(self.details, key=lambda each: self.details[each], default=None)
        return "" if detail is None else f"{self.details[detail]} times {detail}"


def tally(pieces: Iterable[pa.Table]) -> Tally:
    """Count rejects (schemas.run.REJECTS), which may come in pieces."""
    reasons, details = Counter[str](), Counter[str]()
    cells = 0
    for piece in pieces:
        rows = piece.filter(pc.equal(piece["scope"], "row"))
        cells += len(piece) - len(rows)
        faulty = rows.filter(pc.invert(pc.is_in(rows["reason"], pa.array(AROUND))))
        for counts, column in ((reasons, rows["reason"]), (details, faulty["detail"])):
            found = pc.value_counts(column).to_pylist()
            counts.update({each["values"]: each["counts"] for each in found})
    return Tally(dict(reasons), dict(details), cells)


def flat(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The same values as one array."""
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def mask_of(condition: pa.Array | pa.ChunkedArray) -> Mask:
    """A condition as booleans, null counted as false."""
    filled = pc.fill_null(condition, False)
    mask: Mask = filled.to_numpy() if isinstance(filled, pa.ChunkedArray) else filled.to_numpy(False)
    return mask
