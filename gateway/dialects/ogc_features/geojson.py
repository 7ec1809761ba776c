"""Rows as GeoJSON features, their geometries put in as the text that they are stored as."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.dialects.ogc_features.crs import Crs, reprojected
from schemas.query import RowPage


def features(page: RowPage, crs: Crs) -> list[dict[str, Any]]:
    """Features for orjson, coordinates in the axis order of `crs`; raises BadInput where it is not defined.

    The first geometry of the columns is the last of the page's; further ones are properties.
    """
    rows: list[tuple[Any, ...]] = page.values
    placed = bool(page.columns) and page.columns[-1].type == "geometry"
    shapes: list[str | None] = [row[-1] for row in rows] if placed else [None] * len(rows)
    if rows and placed and not crs.plain:
        shapes = reprojected(shapes, [row[0] for row in rows], crs)
    # The geometry has no name there, so that zip leaves it out.
    names, fragment = page.names[1 : -1 if placed else None], orjson.Fragment
    found = [
        {
            "type": "Feature",
            "id": row[0],
            "geometry": None if shape is None else fragment(shape),
            "properties": dict(zip(names, row[1:], strict=False)),
        }
        for row, shape in zip(rows, shapes, strict=True)
    ]
    for name in [column.name for column in page.columns[:-1] if column.type == "geometry"]:
        for feature in found:
            other = feature["properties"][name]
            feature["properties"][name] = None if other is None else fragment(other)
    return found
