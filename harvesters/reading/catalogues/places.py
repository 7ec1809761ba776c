"""Find the box around the places that catalogues write as GeoJSON or WKT."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import shapely

from harvesters.reading.catalogues import box

_CRS = re.compile(r"\s*<([^>]*)>\s*")
_LONGEST = 4 << 20


def bounds_of(place: str | Mapping[str, Any]) -> str | None:
    """The extent of a geometry, GeoJSON or WKT (GeoSPARQL's CRS before it or not); None for anything else."""
    if isinstance(place, Mapping):
        return _around(shapely.from_geojson, json.dumps(place)) if "type" in place else None
    if len(place) > _LONGEST:
        return None
    if place.lstrip().startswith("{"):
        return _around(shapely.from_geojson, place)
    crs = _CRS.match(place)
    # GeoSPARQL's texts in EPSG:4326 put latitude first; those without a CRS are in CRS84.
    swapped = crs is not None and crs[1].rstrip("/").endswith("4326")
    if crs is not None and not (swapped or crs[1].endswith(("CRS84", "CRS84h"))):
        return None
    return _around(shapely.from_wkt, place[crs.end() :] if crs else place, swapped=swapped)


def _around(read: Any, text: str, *, swapped: bool = False) -> str | None:
    try:
        shape = read(text.strip())
    except (shapely.errors.GEOSException, ValueError, TypeError):
        return None
    if shape is None or shape.is_empty:
        return None
    west, south, east, north = shape.bounds
    return box((south, west, north, east) if swapped else (west, south, east, north))
