"""Count the rows of a box by the R-tree of a row index, exactly though that keeps 32 bits of each side."""

from __future__ import annotations

import sqlite3

from catalogue import geometry
from catalogue.rows.engines import sql
from schemas.dataset import BBox


def count_in_box(connection: sqlite3.Connection, bbox: BBox) -> int:
    """How many rows have a box that meets `bbox`, edges included.

    Boxes in the tree are rounded outwards, so that it finds every row and perhaps some that only touch by
    their rounding. Such a box lies over a side of `bbox`: the exact sides of those few are looked at.
    """
    text, values = sql.box(bbox, geometry.CORNERS)
    found = connection.execute(f"SELECT count(*) FROM places WHERE {text}", values).fetchone()[0]  # noqa: S608
    sides = [sql.box(side, geometry.CORNERS) for side in _sides(bbox)]
    over = " UNION ".join(f"SELECT id FROM places WHERE {side}" for side, _ in sides)  # noqa: S608
    near = [value for _, some in sides for value in some]
    missed = f"SELECT count(*) FROM rows WHERE pos IN ({over}) AND NOT ({text})"  # noqa: S608
    return int(found) - int(connection.execute(missed, [*near, *values]).fetchone()[0])


def _sides(bbox: BBox) -> list[BBox]:
    """The sides of a box as boxes of no breadth."""
    west, south, east, north = bbox
    return [
        (west, south, west, north),
        (east, south, east, north),
        (west, south, east, south),
        (west, north, east, north),
    ]
