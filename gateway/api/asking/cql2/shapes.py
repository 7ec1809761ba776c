"""Shapes in CQL2: GeoJSON geometries, boxes and what well-known text says, as WKB in OGC:CRS84."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import shapely

from schemas.conditions import Relation
from schemas.dataset import BBox

POINTS = 10_000
"""Places that a shape in a question may have; of more an area is made, and asked by its name."""


@dataclass(frozen=True)
class Move:
    """Takes shapely geometries and boxes, in the order of its axes, from the CRS of a filter to OGC:CRS84."""

    shape: Callable[[Any], Any]
    box: Callable[[BBox], BBox]


def lies(relation: Relation, left: bytes, right: bytes) -> bool:
    """How two shapes, WKB in OGC:CRS84, lie to one another."""
    first, second = shapely.from_wkb(left), shapely.from_wkb(right)
    words = {"within": "covered_by", "contains": "covers"}
    return bool(getattr(shapely, words.get(relation, relation))(first, second))


def read(value: Any, move: Move | None) -> bytes:
    """The WKB of a shape; raises ValueError with a sentence."""
    shape = _shape(value, move)
    count = shapely.get_num_coordinates(shape)
    if count > POINTS:
        raise ValueError(f"has a shape of {count} places; draw it with at most {POINTS}")
    if move is not None and not _is_box(value):
        shape = move.shape(shape)
    west, south, east, north = shapely.bounds(shape)
    if not shape.is_empty and not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("has a shape outside the world; give longitude before latitude, in degrees")
    return bytes(shapely.to_wkb(shapely.force_2d(shape)))


def _is_box(value: Any) -> bool:
    return isinstance(value, dict) and "bbox" in value and "type" not in value


def _shape(value: Any, move: Move | None) -> Any:
    if isinstance(value, shapely.Geometry):
        return value
    if not isinstance(value, dict) or not ({"type", "bbox"} & set(value)):
        raise ValueError("asks of no shape; give a GeoJSON geometry, a POLYGON((…)) or BBOX(w,s,e,n)")
    if _is_box(value):
        return _box(value["bbox"], move)
    try:
        return shapely.from_geojson(orjson.dumps(value))
    except (shapely.errors.GEOSException, orjson.JSONEncodeError):
        raise ValueError("has a shape that is no GeoJSON geometry; see RFC 7946, 3.1") from None


def _box(sides: Any, move: Move | None) -> Any:
    """Four sides, or six of which the heights are left out; over the antimeridian it is two boxes."""
    if not isinstance(sides, list) or len(sides) not in (4, 6) or not all(map(_is_number, sides)):
        raise ValueError("has no box; give BBOX(west, south, east, north)")
    sides = tuple(sides if len(sides) == 4 else (*sides[:2], *sides[3:5]))
    west, south, east, north = sides if move is None else move.box(sides)
    if south > north:
        raise ValueError("has a box whose south is above its north; the order is west, south, east, north")
    if west <= east:
        return shapely.box(west, south, east, north)
    return shapely.union(shapely.box(west, south, 180, north), shapely.box(-180, south, east, north))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
