"""The rows that a run lands and what it sets aside, gathered piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from harvesters.normalise.duplicates import Keys, Numbers
from harvesters.normalise.keys import duplicate
from harvesters.normalise.rejects import Sieve
from harvesters.reading.shelf import Shelf
from schemas.arrow import ID


class Stock:
    """Landed rows with their ids first, and rejects; in files of `folder`, or without one in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        # Behind the columns of a row is its place in the source, behind those of a reject its row's number.
        self._rows = Shelf(folder / "landed" if folder else None)
        self._rejects = Shelf(folder / "set-aside" if folder else None)

    def add(self, rows: pa.Table, sieve: Sieve, unread: pa.Table) -> None:
        """Put in what one piece gave: rows that are kept, what was set aside, and what could not be read."""
        lines = sieve.lines if sieve.kept.all() else sieve.lines.filter(pa.array(sieve.kept))
        self._rows.append(rows.append_column("line", lines))
        owners = np.concatenate((np.full(len(unread), -1), sieve.rows_of_rejects()))
        rejects = pa.concat_tables([unread, sieve.rejects()])
        self._rejects.append(rejects.append_column("row", pa.array(owners, pa.int64())))

    def drop_repeated(self, key: Sequence[str]) -> None:
        """Leave out rows whose key an earlier piece has; within a piece there are none."""
        if len(self._rows) < 2:
            return
        keys = Keys(self._folder)
        try:
            for ids in self._ids():
                keys.note(ids.combine_chunks())
            repeated = keys.repeated(self._ids)
        finally:
            keys.close()
        for piece, rows in repeated.items():
            self._drop(piece, rows, key)

    @property
    def accepted(self) -> int:
        """How many rows there are."""
        return self._rows.rows

    @property
    def rows(self) -> Trimmed:
        """The rows, a table for each piece."""
        return Trimmed(self._rows)

    @property
    def rejects(self) -> Trimmed:
        """The rejects (schemas.run.REJECTS), a table for each piece."""
        return Trimmed(self._rejects)

    def _ids(self) -> Iterator[pa.ChunkedArray]:
        return self._rows.column(0)

    def _drop(self, piece: int, rows: Numbers, key: Sequence[str]) -> None:
        """Take rows out of a piece, and with them the rejects of their cells."""
        landed, rejects = self._rows[piece], self._rejects[piece]
        gone = np.zeros(len(landed), dtype=bool)
        gone[rows] = True
        sieve = Sieve(landed.column(landed.num_columns - 1).combine_chunks())
        sieve.drop_rows(gone, duplicate(key), landed[ID])
        self._rows[piece] = landed.filter(pa.array(~gone))
        owners = rejects.column(rejects.num_columns - 1).to_numpy()
        lost = np.isin(owners, rows)
        after = np.where(owners < 0, owners, owners - np.searchsorted(rows, owners))
        kept = rejects.set_column(rejects.num_columns - 1, "row", pa.array(after)).filter(pa.array(~lost))
        fresh = sieve.rejects()
        fresh = fresh.append_column("row", pa.array(np.full(len(fresh), -1), pa.int64()))
        self._rejects[piece] = pa.concat_tables([kept, fresh])


class Trimmed:
    """The tables of a shelf without their last column, as often as they are asked for."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def __iter__(self) -> Iterator[pa.Table]:
        return (table.remove_column(table.num_columns - 1) for table in self._shelf)
