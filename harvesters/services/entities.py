"""Lay out an entity of a context broker as a row: each attribute a column, with its time and its unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harvesters.services.watermark import moment

_VALUES = ("value", "object", "languageMap", "json", "vocab", "valueList", "objectList")
"""Under which an attribute of each kind holds what it says (ETSI GS CIM 009, 4.5)."""

_PLAIN = frozenset({"id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt"})
_SHAPES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
)
_OF_ATTRIBUTE = frozenset(
    {*_VALUES, "type", "observedAt", "unitCode", "datasetId", "createdAt", "modifiedAt"}
)


@dataclass
class _Layout:
    """A row under way: its columns, its geometries by their attribute, and its instants."""

    row: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    times: list[str] = field(default_factory=list)

    def add(self, name: str, held: Any) -> None:
        """One attribute under a name, with those that it has itself."""
        if not isinstance(held, Mapping):
            self.row[name] = held
        elif held.get("type") in _SHAPES and ("coordinates" in held or "geometries" in held):
            self.places[name] = held
        elif not any(each in held for each in _VALUES):
            self.row[name] = held
        else:
            self._attribute(name, held)

    def _attribute(self, name: str, held: Mapping[str, Any]) -> None:
        value = _value(held)
        if isinstance(value, Mapping) and value.get("type") in _SHAPES:
            self.places[name] = value
        else:
            self.row[name] = _plain(value)
        if held.get("observedAt"):
            self.row[f"{name}_observedAt"] = held["observedAt"]
            self.times.append(str(held["observedAt"]))
        if held.get("unitCode"):
            self.row[f"{name}_unit"] = held["unitCode"]
        told = held.get("metadata")
        beside = {**held, **told} if isinstance(told, Mapping) else held
        for inner, sub in beside.items():
            if inner not in _OF_ATTRIBUTE:
                self.add(f"{name}_{_short(inner)}", sub)


def laid_out(entity: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
    """The row of an entity in normalised, concise or simplified form, or of NGSIv2, and its place.

    The place is `location`, else the first geometry. `observedAt` is the latest of those of its attributes.
    """
    layout = _Layout({name: entity[name] for name in entity.keys() & _PLAIN})
    for name, held in _instances(entity):
        layout.add(name, held)
    place = layout.places.pop("location", None) or next(iter(layout.places.values()), None)
    others = {name: shape for name, shape in layout.places.items() if shape is not place}
    latest = max(layout.times, key=lambda text: (str(moment(text) or ""), text), default=None)
    row = {"id": entity.get("id"), "type": entity.get("type"), "observedAt": latest, **layout.row}
    return row | {name: [shape] for name, shape in others.items()}, place


def _instances(entity: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each attribute under its short name; several instances of one under that of their data set too."""
    taken: set[str] = set(_PLAIN)
    for long, held in entity.items():
        if long in _PLAIN or long == "@context":
            continue
        name = _short(long) if _short(long) not in taken else long
        taken.add(name)
        if not _is_several(held):
            yield name, held
            continue
        for each in held:
            of = each.get("datasetId")
            yield (f"{name}_{_short(str(of).replace(':', '/'))}" if of else name), each


def _is_several(held: Any) -> bool:
    return (
        isinstance(held, Sequence)
        and not isinstance(held, str)
        and bool(held)
        and all(isinstance(each, Mapping) and any(name in each for name in _VALUES) for each in held)
    )


def _value(held: Mapping[str, Any]) -> Any:
    """What an attribute says; a point that NGSIv2 writes as "latitude, longitude" as a geometry."""
    value = next(held[each] for each in _VALUES if each in held)
    if held.get("type") != "geo:point" or not isinstance(value, str):
        return value
    try:
        latitude, longitude = map(float, value.split(","))
    except ValueError:
        return value
    return {"type": "Point", "coordinates": [longitude, latitude]}


def _plain(value: Any) -> Any:
    """A value without the type that JSON-LD gives it."""
    return value["@value"] if isinstance(value, Mapping) and "@value" in value else value


def _short(name: str) -> str:
    """The end of a name that no context made short."""
    return name.replace("#", "/").rstrip("/").rpartition("/")[2] or name
