"""What stands in the paths of addresses, in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from catalogue import DEEPEST_TILE

_SQUARE = {"type": "integer", "minimum": 0, "maximum": 2**DEEPEST_TILE - 1, "examples": [0]}
# No example of a dataset: what tries examples would withdraw it.
_PLACES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "dataset": ("the dataset's id", {}),
    "feed": ("the feed's id", {}),
    "application": ("the application's id or name", {}),
    "kid": ("the key's id, which stands in its text too", {}),
    "subscription": ("the subscription's id", {}),
    "trial": ("the trial's id", {}),
    "z": ("zoom", {"type": "integer", "minimum": 0, "maximum": DEEPEST_TILE, "examples": [0]}),
    "x": ("column, from the west", _SQUARE),
    "y": ("row, from the north", _SQUARE),
    "extension": ("the format, as names of files end", {}),
}


def place(name: str, known: Sequence[str] = ()) -> dict[str, Any]:
    """A part of a path, one of the `known` where there are some."""
    description, more = _PLACES[name]
    schema = {"type": "string", **more}
    if known:
        schema |= {"enum": list(known)}
    elif schema["type"] == "string":
        schema |= {"minLength": 1}
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}
