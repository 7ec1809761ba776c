"""The squares of the web's map: where a tile lies, and where a place lies in it (OGC WebMercatorQuad)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catalogue.geometry import Floats
from schemas.problem import BadInput, InputError

DEEPEST = 22
UNITS = 4096
"""The steps of a side of a tile."""
BUFFER = 64
"""Steps beyond each side that are drawn too, so that lines and symbols go on over the edge."""
_NORTHERNMOST = 85.051_128_779_806_6
"""Degrees; the projection would go on to infinity."""
_ROUND = 360.0
"""Degrees; what lies farther is damaged, and numbers without bounds trouble the geometry library."""


@dataclass(frozen=True, order=True)
class Tile:
    """One square: its zoom, its column from the west and its row from the north."""

    zoom: int
    column: int
    row: int

    def sides(self) -> tuple[float, float, float, float]:
        """West, north, east and south of the tile and its buffer, in sides of the whole world."""
        size, more = 0.5**self.zoom, BUFFER / UNITS
        return (
            (self.column - more) * size,
            (self.row - more) * size,
            (self.column + 1 + more) * size,
            (self.row + 1 + more) * size,
        )

    def inside(self, world: Floats) -> Floats:
        """Places (n, 2) of the world as steps from the north-west corner of the tile."""
        steps: Floats = (world * 2.0**self.zoom - (self.column, self.row)) * UNITS
        return steps

    def quarters(self) -> list[Tile]:
        """The four tiles that show the same one zoom deeper."""
        column, row = 2 * self.column, 2 * self.row
        return [Tile(self.zoom + 1, column + east, row + south) for south in (0, 1) for east in (0, 1)]


def tile(zoom: str, column: str, row: str) -> Tile:
    """The tile of three numbers in an address; raises BadInput for one that there cannot be."""
    numbers = [_number(text) for text in (zoom, column, row)]
    if not 0 <= numbers[0] <= DEEPEST:
        raise BadInput([InputError("z", f"is not a zoom: {zoom!r}", f"take one from 0 to {DEEPEST}")])
    most = (1 << numbers[0]) - 1
    pairs = zip(("x", "y"), (column, row), numbers[1:], strict=True)
    hint = f"at zoom {numbers[0]} take one from 0 to {most}"
    faults = [InputError(n, f"is not a tile: {t!r}", hint) for n, t, i in pairs if not 0 <= i <= most]
    if faults:
        raise BadInput(faults)
    return Tile(*numbers)


def _number(text: str) -> int:
    """A number in plain digits, -1 for anything else; one too long is none either."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(1 << DEEPEST)) else -1


def world(degrees: Floats) -> Floats:
    """Longitudes and latitudes (n, 2) in a world of side 1, from its north-west corner (EPSG:3857)."""
    north = np.radians(np.clip(degrees[:, 1], -_NORTHERNMOST, _NORTHERNMOST))
    east = np.clip(degrees[:, 0], -_ROUND, _ROUND)
    return np.column_stack([east / 360 + 0.5, 0.5 - np.arctanh(np.sin(north)) / (2 * np.pi)])
