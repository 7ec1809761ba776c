"""Write rows that have a place as one collection of GeoJSON, each feature with its own columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harvesters.portals.listing import Listing
from harvesters.reading.items.rows import flatten


def collection(path: Path, crs: str | None = None) -> Listing:
    """A listing of features in longitude and latitude, or in the CRS of that name (2008's `crs` member)."""
    named = f'"crs": {{"type": "name", "properties": {{"name": "{crs}"}}}}, ' if crs else ""
    return Listing(
        path, before=f'{{"type": "FeatureCollection", {named}"features": [', after="\n]}\n", format="gis"
    )


def feature(row: Mapping[str, Any], geometry: Mapping[str, Any] | None) -> dict[str, Any]:
    """One feature with its properties as plain columns."""
    return {"type": "Feature", "properties": flatten(row), "geometry": geometry}
