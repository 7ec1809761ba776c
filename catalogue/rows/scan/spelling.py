"""What DuckDB is taught for questions to rows, and how it spells what engines do not spell alike."""

from __future__ import annotations

from typing import Any
from weakref import WeakValueDictionary

import pyarrow as pa
import pyarrow.compute as pc

from catalogue import geometry
from catalogue.rows.engines import expressions, like, sql
from catalogue.rows.space.places import Close, Lies, metres_all
from schemas.snapshot import Snapshot

_PLACES = {"date": "CAST(? AS DATE)", "time": "make_timestamptz(?)"}
_CORNERS = tuple(f"box.{corner}" for corner in geometry.CORNERS)


class Spelling:
    """The words of a DuckDB, which knows functions of ours from now on."""

    def __init__(self, database: Any) -> None:
        self._asked: WeakValueDictionary[int, Lies | Close] = WeakValueDictionary()
        # Of engines only ours reads shapes as the row index does, and measures on the ellipsoid.
        for name, function, takes, gives, nulls in (
            ("lies", self._lies, ["BIGINT", "BLOB"], "BOOLEAN", "default"),
            ("bare", expressions.bare_all, ["VARCHAR"], "VARCHAR", "default"),
            ("metres", metres_all, ["BLOB", "DOUBLE", "DOUBLE"], "DOUBLE", "special"),
            ("finite", _finite, ["DOUBLE"], "DOUBLE", "special"),
        ):
            database.create_function(name, function, takes, gives, type="arrow", null_handling=nulls)

    def dialect(self, snapshot: Snapshot) -> sql.Dialect:
        """How conditions on the rows of a snapshot are spelt."""
        place = geometry.geometry_column(snapshot.columns)
        shape = next((f"c{i}" for i, column in enumerate(snapshot.columns) if column.name == place), "")

        def lies(node: Lies | Close) -> sql.Fragment:
            self._asked[id(node)] = node  # Until the plan is let go of, and its query is over.
            return f"lies(?, {shape})", [id(node)]

        return sql.Dialect(
            contains="contains({}, ?)",
            like="regexp_full_match({}, ?, 's')",
            pattern=like.regex,
            small="lower({})",
            place=lambda column: _PLACES.get(column.type, "?"),
            nullable=lambda _: True,
            corners=_CORNERS,
            lies=lies,
            writer=expressions.DUCKDB,
        )

    def _lies(self, asked: Any, shapes: Any) -> Any:
        """For DuckDB: which of some geometries lie as the node of a plan asks, said by its number."""
        if not len(asked):
            return pa.array([], pa.bool_())
        return pa.array(self._asked[asked[0].as_py()].of(geometry.shapes(shapes)))


def _finite(numbers: Any) -> Any:
    """For DuckDB: numbers, null for those that are none: what names them twice would double in each step."""
    return pc.if_else(pc.is_finite(numbers), numbers, None)
