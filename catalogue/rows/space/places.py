"""How the geometries of rows lie to a shape, and which of them are close to a point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from catalogue import geometry
from catalogue.rows.space import distance
from schemas.conditions import Relation
from schemas.dataset import BBox

Shapes = npt.NDArray[Any]
Truths = npt.NDArray[np.bool_]

_LIE: Mapping[Relation, Callable[[Any, Shapes], Truths]] = {
    "within": shapely.covers,
    "contains": shapely.covered_by,
    "intersects": shapely.intersects,
    "disjoint": shapely.disjoint,
    "equals": shapely.equals,
    "touches": shapely.touches,
    "crosses": shapely.crosses,
    "overlaps": shapely.overlaps,
}
"""What is asked of a shape and the geometries (n,) of rows, in that order."""


@dataclass(frozen=True, eq=False)
class Lies:
    """How the geometry of a row lies to `shape`; what is at an edge is in a shape, too."""

    relation: Relation
    shape: Any

    @cached_property
    def bounds(self) -> BBox:
        """Outside of this box a row is apart from the shape."""
        west, south, east, north = self.shape.bounds
        return west, south, east, north

    @cached_property
    def rectangle(self) -> BBox | None:
        """The box that is to be met, None where the shape is another or is asked otherwise."""
        if self.relation != "intersects" or shapely.get_num_coordinates(self.shape) != 5:
            return None
        corners = shapely.get_coordinates(self.shape).tolist()
        west, south, east, north = self.bounds
        known = [[west, south], [east, south], [east, north], [west, north]]
        straight = all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(corners))
        return self.bounds if straight and all(corner in corners for corner in known) else None

    @property
    def apart(self) -> bool:
        """What is true of rows outside of `bounds`."""
        return self.relation == "disjoint"

    def of(self, shapes: Shapes) -> Truths:
        """Which of the geometries (n,), none of them missing or empty, lie so."""
        try:
            return self._of(shapes)
        except shapely.errors.GEOSException:  # A ring that crosses itself, as sources have them.
            return self._of(shapely.make_valid(shapes))

    def _of(self, shapes: Shapes) -> Truths:
        shapely.prepare(self.shape)
        found: Truths = _LIE[self.relation](self.shape, shapes)
        return found


@dataclass(frozen=True, eq=False)
class Close:
    """The geometry of a row is at most `metres` from a point, on the ellipsoid."""

    lon: float
    lat: float
    metres: float
    apart = False

    @cached_property
    def bounds(self) -> BBox:
        """Outside of this box a row is farther away."""
        return distance.around(self.lon, self.lat, self.metres)

    def of(self, shapes: Shapes) -> Truths:
        """Which of the geometries (n,) are so close."""
        return distance.within(self.lon, self.lat, self.metres, shapes)


def metres_all(shapes: Any, lons: Any, lats: Any) -> Any:
    """For DuckDB: metres from a point, the same for all, to each geometry; null of one that is empty."""
    if not len(shapes):
        return pa.array([], pa.float64())
    found = distance.metres(lons[0].as_py(), lats[0].as_py(), geometry.shapes(shapes))
    return pa.array(found, from_pandas=True)
