"""Turn the geometries of Esri's JSON into those of GeoJSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shapely.geometry import Point, Polygon

Ring = Sequence[Sequence[float]]
Geometry = dict[str, Any]


def as_geojson(shape: Mapping[str, Any] | None, *, z: bool = False) -> Geometry | None:
    """The geometry, None for none or an empty one; `z`: the third coordinate is a height, not a measure.

    Raises ValueError for what is no geometry of this kind, curves among them.
    """
    if not shape:
        return None
    try:
        return _converted(shape, z)
    except (TypeError, IndexError, KeyError, ArithmeticError) as fault:
        raise ValueError(f"a geometry of {', '.join(sorted(shape)) or 'nothing'}") from fault


def _converted(shape: Mapping[str, Any], z: bool) -> Geometry | None:
    if "x" in shape:
        if shape["x"] in (None, "NaN"):
            return None
        height = shape.get("z") if z else None
        place = [shape["x"], shape["y"], *([] if height in (None, "NaN") else [height])]
        return {"type": "Point", "coordinates": place}
    if "points" in shape:
        return _many("Point", [_plain([each], z)[0] for each in shape["points"]])
    if "paths" in shape:
        return _many("LineString", [_plain(path, z) for path in shape["paths"] if path])
    if "rings" in shape:
        return _many("Polygon", _polygons([_plain(ring, z) for ring in shape["rings"] if ring]))
    raise KeyError("geometry")


def _plain(line: Ring, z: bool) -> list[list[float]]:
    """The places of a line without measures."""
    return [[float(number) for number in place[: 3 if z else 2] if number is not None] for place in line]


def _many(kind: str, parts: list[Any]) -> Geometry | None:
    if not parts:
        return None
    if len(parts) == 1:
        return {"type": kind, "coordinates": parts[0]}
    return {"type": f"Multi{kind}", "coordinates": parts}


def _polygons(rings: list[list[list[float]]]) -> list[list[list[list[float]]]]:
    """Each outer ring (clockwise, by Esri's specification) with the holes that lie in it."""
    outer = [[ring] for ring in rings if _area(ring) <= 0]
    holes = [ring for ring in rings if _area(ring) > 0]
    if not outer:
        return [[ring] for ring in holes]  # A single ring that is turned the wrong way is no hole.
    around = sorted(outer, key=lambda parts: -_area(parts[0]))
    for hole in holes:
        owner = next((parts for parts in around if _holds(parts[0], hole)), None)
        if owner is None:
            outer.append([hole])
        else:
            owner.append(hole)
    return outer


def _holds(outer: Ring, hole: Ring) -> bool:
    return len(outer) > 3 and bool(Polygon(outer).buffer(0).covers(Point(hole[0])))


def _area(ring: Ring) -> float:
    """Twice the signed area, negative where the ring runs clockwise."""
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return sum(one[0] * two[1] - two[0] * one[1] for one, two in pairs)
