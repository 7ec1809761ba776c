"""Rows at known places, read out of the Parquet parts of a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from catalogue.rows.scan.parts import names_of
from catalogue.snapshots import Parts
from schemas.snapshot import Snapshot


def picked(
    cursor: Any, storage: Parts, snapshot: Snapshot, places: npt.NDArray[np.int64], *, names: Sequence[str]
) -> pa.Table:
    """The columns of the SQL names `names` and `pos` of the rows at ascending positions, in their order."""
    tables: list[pa.Table] = []
    offset, known = 0, ", ".join(names_of(snapshot))
    if not names:
        return pa.table({"pos": places})
    for part in snapshot.parts:
        begin, end = np.searchsorted(places, (offset, offset + part.rows))
        if begin < end or not tables:
            cursor.register("places", {"place": places[begin:end] - offset})
            # By the number in its file a row is passed over before its values are made.
            text = (
                f"SELECT {', '.join(names)}, file_row_number + {offset} AS pos"  # noqa: S608
                f" FROM read_parquet(?) AS part({known}) WHERE file_row_number IN (FROM places)"
            )
            tables.append(cursor.execute(text, [str(storage.path(part.path))]).to_arrow_table())
        offset += part.rows
    return pa.concat_tables(tables)
