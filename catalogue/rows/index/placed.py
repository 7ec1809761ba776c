"""Find the rows of a place by the R-tree of a row index, and ask the shapes of the few that are near it."""

from __future__ import annotations

import sqlite3

import numpy as np
import numpy.typing as npt
import shapely

from catalogue import geometry
from catalogue.rows.engines import sql
from catalogue.rows.space.places import Close, Lies
from schemas.conditions import Box

BROAD = 25_000
"""Rows in a box above which walking the R-tree costs more than it saves."""
SHAPES, SHAPE_BYTES = 5_000, 4_000_000
"""Lines and areas, and bytes of them, above which a scan reads them as soon: some 20 ms of work."""

_Positions = npt.NDArray[np.int64]


class Beyond(Exception):
    """The index holds the answer, but a scan finds it sooner."""


def tests(connection: sqlite3.Connection, box: Box) -> list[sql.Fragment]:
    """Tests of a box: on the exact sides always, through the R-tree when few rows lie in it."""
    exact = sql.box(box.bbox, geometry.CORNERS)
    if _is_broad(connection, exact):
        return [exact]
    text, values = exact
    return [(f"pos IN (SELECT id FROM places WHERE {text})", values), exact]  # noqa: S608


def lying(connection: sqlite3.Connection, node: Lies | Close) -> sql.Fragment:
    """The positions of the rows around a place that lie as asked; raises Beyond where there are many."""
    near = sql.box(node.bounds, geometry.CORNERS)
    if _is_broad(connection, near):
        raise Beyond
    text, values = near
    found = connection.execute(
        "SELECT pos, xmin, ymin, xmax, ymax FROM rows"  # noqa: S608
        f" WHERE pos IN (SELECT id FROM places WHERE {text}) ORDER BY pos",
        values,
    )
    boxes = np.array(found.fetchall(), np.float64).reshape(-1, 5)
    positions, low, high = boxes[:, 0].astype(np.int64), boxes[:, 1:3], boxes[:, 3:]
    extended = (low != high).any(axis=1)
    shapes = np.empty(len(boxes), object)
    shapes[~extended] = shapely.points(low[~extended])
    if extended.any():
        shapes[extended] = _shapes(connection, positions[extended])
    return "pos IN (SELECT value FROM json_each(?))", [str(positions[node.of(shapes)].tolist())]


def _is_broad(connection: sqlite3.Connection, test: sql.Fragment) -> bool:
    text, values = test
    probe = f"SELECT count(*) FROM (SELECT id FROM places WHERE {text} LIMIT {BROAD + 1})"  # noqa: S608
    return bool(connection.execute(probe, values).fetchone()[0] > BROAD)


def _shapes(connection: sqlite3.Connection, positions: _Positions) -> npt.NDArray[np.object_]:
    """The lines and areas at some positions (n,), which ascend; raises Beyond where they are many."""
    if len(positions) > SHAPES:
        raise Beyond
    asked, here = [str(positions.tolist())], "FROM shapes WHERE pos IN (SELECT value FROM json_each(?))"
    (size,) = connection.execute(f"SELECT sum(length(wkb)) {here}", asked).fetchone()
    if size > SHAPE_BYTES:
        raise Beyond
    found = connection.execute(f"SELECT wkb {here} ORDER BY pos", asked).fetchall()
    return np.asarray(shapely.from_wkb([wkb for (wkb,) in found]), object)
