"""Lay out what a SensorThings service holds as rows: each with what it belongs to, and its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Any]
Geometry = Mapping[str, Any]

EXPAND = {
    "Datastreams": "Thing($expand=Locations),ObservedProperty",
    "Observations": "Datastream($select=id)",
    "Things": "Locations",
    "Locations": "",
}
"""What comes with each kind of entity. Observations are never expanded: what they belong to is read once."""

ID = "@iot.id"


@dataclass(frozen=True)
class Series:
    """What a datastream measures, and where: the columns that each of its observations gets."""

    row: Mapping[str, Any]
    place: Geometry | None


def series(stream: Item) -> Series:
    """A datastream as expanded above."""
    unit, thing = _object(stream, "unitOfMeasurement"), _object(stream, "Thing")
    return Series(
        {
            "datastream_id": stream.get(ID),
            "datastream": stream.get("name"),
            "observed_property": _object(stream, "ObservedProperty").get("name"),
            "unit": unit.get("symbol") or unit.get("name"),
            "thing_id": thing.get(ID),
            "thing": thing.get("name"),
        },
        _place(thing),
    )


def observation(item: Item, streams: Mapping[str, Series]) -> tuple[dict[str, Any], Geometry | None]:
    """An observation's row and place; raises KeyError where its datastream is none of those known."""
    held = streams[str(_object(item, "Datastream").get(ID))]
    start, _, end = str(item.get("phenomenonTime") or "").partition("/")
    row = {
        "id": item.get(ID),
        **held.row,
        "phenomenonTime": start or None,
        "phenomenonTime_end": end or None,
        "resultTime": item.get("resultTime"),
        "result": item.get("result"),
        "parameters": item.get("parameters"),
    }
    return row, held.place


def datastream(item: Item) -> tuple[dict[str, Any], Geometry | None]:
    """A datastream's row, and the place of its thing."""
    held = series(item)
    start, _, end = str(item.get("phenomenonTime") or "").partition("/")
    said = {"description": item.get("description"), "first": start or None, "last": end or start or None}
    return {"id": item.get(ID), **held.row, **said}, held.place


def thing(item: Item) -> tuple[dict[str, Any], Geometry | None]:
    """A thing's row and its place."""
    return {"id": item.get(ID), **_said(item)}, _place(item)


def location(item: Item) -> tuple[dict[str, Any], Geometry | None]:
    """A location's row and its place."""
    return {"id": item.get(ID), **_said(item)}, _shape(item.get("location"))


ROWS: Mapping[str, Callable[[Item], tuple[dict[str, Any], Geometry | None]]] = {
    "Datastreams": datastream,
    "Things": thing,
    "Locations": location,
}


def _said(item: Item) -> dict[str, Any]:
    return {name: item.get(name) for name in ("name", "description", "properties")}


def _object(item: Item, name: str) -> Item:
    held = item.get(name)
    return held if isinstance(held, Mapping) else {}


def _place(thing: Item) -> Geometry | None:
    """Where a thing is: the first of its locations that has a geometry."""
    held = thing.get("Locations")
    found = (
        [each.get("location") for each in held if isinstance(each, Mapping)] if isinstance(held, list) else []
    )
    return next((shape for each in found if (shape := _shape(each))), None)


def _shape(held: Any) -> Geometry | None:
    """A geometry of GeoJSON, bare or in a feature."""
    if isinstance(held, Mapping) and held.get("type") == "Feature":
        held = held.get("geometry")
    return held if isinstance(held, Mapping) and "type" in held else None
