"""Rows as GeoJSON features, their geometries put in as the text that they are stored as."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.dialects.ogc_features.crs import Crs, reprojected
from schemas.query import RowPage


def features(page: RowPage, crs: Crs) -> list[dict[str, Any]]:
    """Features for orjson, coordinates in the axis order of `crs`; raises BadInput where it is not defined.

    The first geometry of the columns places them; further ones are properties.
    """
    rows: list[tuple[Any, ...]] = page.values
    place, *others = [i for i, column in enumerate(page.columns, 1) if column.type == "geometry"] or [0]
    shapes: list[str | None] = [row[place] if place else None for row in rows]
    if rows and place and not crs.plain:
        shapes = reprojected(shapes, [row[0] for row in rows], crs)
    fragment, behind = orjson.Fragment, place or len(page.names)
    names = page.names[1:behind] + page.names[behind + 1 :]
    found = [
        {
            "type": "Feature",
            "id": row[0],
            "geometry": None if shape is None else fragment(shape),
            "properties": dict(zip(names, row[1:behind] + row[behind + 1 :], strict=True)),
        }
        for row, shape in zip(rows, shapes, strict=True)
    ]
    for name in [page.names[i] for i in others]:
        for feature in found:
            other = feature["properties"][name]
            feature["properties"][name] = None if other is None else fragment(other)
    return found
