"""What was changed on the way in: counted by rule, with some examples of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.run import REPAIRS

_EXAMPLES = 20
"""How many cells of a column are shown for a rule; all are counted."""

Values: TypeAlias = pa.Array | pa.ChunkedArray


@dataclass(frozen=True)
class Rule:
    """The word of a rule, the sentence that says what it does, and the column it was applied to."""

    word: str
    detail: str
    column: str | None = None


class Repairs:
    """Gathers the repairs of one table; several pieces of it may add theirs, in order."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self._counts = Counter(counts or {})
        self._shown: Counter[tuple[str, str | None]] = Counter()
        self._examples: list[pa.Table] = []

    def note(
        self,
        rule: Rule,
        changed: npt.NDArray[np.bool_],
        lines: pa.Array,
        *,
        before: Values | None = None,
        after: Values | None = None,
    ) -> None:
        """Count the rows of `changed`; `before` and `after` (one a row) show the cell."""
        rows = np.flatnonzero(changed)
        if not len(rows):
            return
        self._counts[rule.word] += len(rows)
        some = rows[: _EXAMPLES - self._shown[rule.word, rule.column]]
        self._shown[rule.word, rule.column] += len(some)
        chosen = pa.array(some)
        said = [pa.repeat(pa.scalar(word, pa.string()), len(some)) for word in (rule.word, rule.detail)]
        column = pa.repeat(pa.scalar(rule.column, pa.string()), len(some))
        cells = [_shown(values, chosen) for values in (before, after)]
        self._examples.append(pa.table([lines.take(chosen), column, *cells, *said], schema=REPAIRS))

    def event(self, rule: Rule, before: str | None, after: str | None) -> None:
        """Count something that befell a column as a whole."""
        was, now = pa.array([before], pa.string()), pa.array([after], pa.string())
        self.note(rule, np.ones(1, bool), pa.array([None], pa.int64()), before=was, after=now)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows or cells each rule changed."""
        return dict(sorted(self._counts.items()))

    def examples(self) -> pa.Table:
        """Some cells of each rule and column, in the columns of REPAIRS."""
        return pa.concat_tables([REPAIRS.empty_table(), *self._examples])


def _shown(values: Values | None, chosen: pa.Array) -> pa.Array:
    if values is None:
        return pa.nulls(len(chosen), pa.string())
    taken = values.take(chosen)
    flat = taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken
    return pc.cast(flat, pa.string())
