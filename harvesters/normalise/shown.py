"""Write a row for people and JSON: geometry as GeoJSON, moments in RFC 3339."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import orjson
import shapely

from harvesters.normalise.values.moments import instant


def shown_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with values that JSON takes."""
    return {name: _json(value) for name, value in row.items()}


def _json(value: object) -> object:
    if isinstance(value, bytes):
        return orjson.loads(shapely.to_geojson(shapely.from_wkb(value)))
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else value
