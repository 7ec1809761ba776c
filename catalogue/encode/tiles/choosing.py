"""Which features a crowded tile shows: points thinned evenly over its ground, of all else the largest."""

from __future__ import annotations

import numpy as np

from catalogue.encode.tiles.grid import BUFFER, UNITS, Tile
from catalogue.encode.tiles.writing import Integers
from catalogue.geometry import Floats

MOST = 5_000
"""Features of a tile."""
_FINEST = 8
"""Steps of a square of ground of which a crowded tile shows one point: a pixel at 512 for a tile."""


def thinned(points: Floats, tile: Tile) -> Integers:
    """Which of some points of the world (n, 2) a tile shows: all, or the first in each square of ground.

    Squares are doubled until few enough are taken. Since those of a deeper zoom lie within these, a point
    that is seen stays as one comes nearer.
    """
    if len(points) <= MOST:
        return np.arange(len(points))
    steps, side = np.floor(tile.inside(points)).astype(np.int64) + BUFFER, _FINEST
    while True:
        across = steps // side
        wide = (UNITS + 2 * BUFFER) // side + 1
        first = np.full(wide * wide, -1)
        # Of several values for one place the last one stays.
        first[(across[::-1, 0] * wide + across[::-1, 1])] = np.arange(len(points))[::-1]
        chosen = first[first >= 0]
        if len(chosen) <= MOST:
            return np.sort(chosen)
        side *= 2


def largest(corners: Floats, tile: Tile) -> Integers:
    """Which of some boxes of the world (n, 4) a tile shows, in their order; none that is within a step."""
    sides = (corners[:, 2:] - corners[:, :2]) * 2.0**tile.zoom * UNITS
    size = sides.max(axis=1, initial=0)
    seen = np.flatnonzero(size > 1)
    return seen if len(seen) <= MOST else np.sort(seen[np.argsort(-size[seen], kind="stable")[:MOST]])
