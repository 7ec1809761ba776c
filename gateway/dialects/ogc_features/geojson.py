"""Rows as GeoJSON features, their geometries put in as the text that they are stored as."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.dialects.ogc_features.crs import Crs, reprojected
from schemas.query import RowPage


def features(page: RowPage, crs: Crs) -> list[dict[str, Any]]:
    """Features for orjson, coordinates in the axis order of `crs`; raises OutsideCrs.

    The first geometry of the columns is the last of the page's; further ones are properties.
    """
    rows: list[tuple[Any, ...]] = page.values
    if not page.columns or page.columns[-1].type != "geometry":
        names = page.names[1:]
        return [_feature(row[0], None, dict(zip(names, row[1:], strict=True))) for row in rows]
    shapes = [row[-1] for row in rows]
    if not crs.plain and rows:
        shapes = reprojected(shapes, [row[0] for row in rows], crs)
    names = page.names[1:-1]
    found = [
        _feature(row[0], _fragment(shape), dict(zip(names, row[1:-1], strict=True)))
        for row, shape in zip(rows, shapes, strict=True)
    ]
    for name in [column.name for column in page.columns[:-1] if column.type == "geometry"]:
        for feature in found:
            feature["properties"][name] = _fragment(feature["properties"][name])
    return found


def _feature(id: str, geometry: Any, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "id": id, "geometry": geometry, "properties": properties}


def _fragment(shape: str | None) -> orjson.Fragment | None:
    return None if shape is None else orjson.Fragment(shape)
