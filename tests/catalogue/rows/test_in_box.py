"""Rows of a box are counted by the R-tree exactly, though it keeps half of the digits."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from catalogue.rows.index.in_box import count_in_box
from catalogue.rows.index.packing import pack


def indexed(corners: np.ndarray) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE TABLE rows (pos INTEGER PRIMARY KEY, xmin REAL, ymin REAL, xmax REAL, ymax REAL)"
    )
    rows = [
        (n, *(None if np.isnan(side) else side for side in box)) for n, box in enumerate(corners.tolist())
    ]
    connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", rows)
    connection.execute("CREATE VIRTUAL TABLE places USING rtree(id, xmin, xmax, ymin, ymax)")
    pack(connection, "places", corners)
    return connection


def naive(corners: np.ndarray, bbox: tuple[float, float, float, float]) -> int:
    west, south, east, north = bbox
    xmin, ymin, xmax, ymax = corners.T
    across = (xmin <= east) | (xmax >= west) if west > east else (xmin <= east) & (xmax >= west)
    return int((across & (ymin <= north) & (ymax >= south)).sum())


@pytest.mark.parametrize("breadth", [0, 1e-9, 1e-6, 0.01, 5])
def test_boxes_that_touch_by_their_rounding_alone_are_not_counted(breadth):
    random = np.random.default_rng(7)
    low = random.uniform((128.9, 35.0), (129.1, 35.2), (3_000, 2))
    corners = np.hstack([low, low + breadth * random.random((3_000, 2))])
    corners[::97] = np.nan
    connection = indexed(corners)
    for box in corners[~np.isnan(corners[:, 0])][:60]:
        # Boxes whose sides lie a hair's breadth before, on and behind those of a row.
        for toward in (-np.inf, None, np.inf):
            sides = box if toward is None else np.nextafter(box, toward)
            for far in (0.01, 0.05):
                for bbox in (
                    (sides[2], sides[3], sides[2] + far, sides[3] + far),
                    (sides[0] - far, sides[1] - far, sides[0], sides[1]),
                ):
                    asked = tuple(map(float, bbox))
                    assert count_in_box(connection, asked) == naive(corners, asked)
    connection.close()


@pytest.mark.parametrize("bbox", [(177, -90, -177, 90), (179.5, -10, -179.5, 10), (-180, -90, 180, 90)])
def test_boxes_over_the_antimeridian_and_the_whole_world_are_counted(bbox):
    random = np.random.default_rng(11)
    low = np.column_stack([random.uniform(-180, 180, 2_000), random.uniform(-90, 90, 2_000)])
    corners = np.hstack([low, np.minimum(low + random.random((2_000, 2)), (180, 90))])
    connection = indexed(corners)
    assert count_in_box(connection, bbox) == naive(corners, bbox)
    connection.close()
