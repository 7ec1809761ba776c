"""The properties of features in JSON Schema, with their roles and units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.dataset import Column

_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "date-time"},
}


def queryable(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns that can be asked for a value: all but geometries."""
    return tuple(column for column in columns if column.type != "geometry")


def plain_schema(column: Column) -> dict[str, Any]:
    """The type of a property that is no geometry, as JSON Schema and OpenAPI both have it."""
    return dict(_TYPES[column.type])


def described(columns: Sequence[Column], language: str) -> dict[str, Any]:
    """The properties of features by name, in JSON Schema with the roles and units of OGC 23-058r1."""
    keys = [column for column in columns if column.key]
    first = next((column for column in columns if column.type == "geometry"), None)
    return {
        column.name: {
            "title": column.title.best(language) or column.name,
            **(_geometry(column is first) if column.type == "geometry" else plain_schema(column)),
            "x-ogc-propertySeq": position,
            **_role(column, alone=keys == [column]),
            **({"x-ogc-unit": column.unit, "x-ogc-unitLang": "UCUM"} if column.unit else {}),
        }
        for position, column in enumerate(columns, 1)
    }


def _geometry(first: bool) -> dict[str, str]:
    return {"format": "geometry-any", **({"x-ogc-role": "primary-geometry"} if first else {})}


def _role(column: Column, *, alone: bool) -> dict[str, str]:
    """A key names a feature only where it is the only one."""
    if alone:
        return {"x-ogc-role": "id"}
    return {"x-ogc-role": "primary-instant"} if column.role == "time" and column.type != "text" else {}
