"""What the OpenAPI 3.0 document says of tiles: their grid, their tilesets and the tiles themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from catalogue import DEEPEST_TILE
from gateway.api.asking.patterns import NAMES
from gateway.api.reading.tiles import MVT
from gateway.dialects.ogc_features.links import HTML, JSON
from gateway.dialects.ogc_features.tiles import GRID

_SETS, _TILES = "/tileMatrixSets", "/collections/{collectionId}/tiles"
_PLACE = {"tileMatrix": DEEPEST_TILE, "tileRow": 2**DEEPEST_TILE - 1, "tileCol": 2**DEEPEST_TILE - 1}
"""The parts of a tile's address, and the most that each can be."""
TILE_PARAMETERS: tuple[dict[str, Any], ...] = (
    *(
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 0, "maximum": most},
            "example": 0,
        }
        for name, most in _PLACE.items()
    ),
    {
        "name": "properties",
        "in": "query",
        "description": "Columns that features have as attributes, by commas; else all.",
        "required": False,
        "schema": {"type": "string", "pattern": NAMES},
    },
)


def tile_paths(refusals: Iterable[str]) -> dict[str, Any]:
    """The paths of tiles; `refusals` are the statuses that the document describes."""
    refused = {status: {"$ref": f"#/components/responses/{status}"} for status in refusals}
    resources = {
        _SETS: ("tilematrixsets.list", "The grids of tiles", ()),
        f"{_SETS}/{GRID}": ("tilematrixset", "The grid of tiles", ()),
        _TILES: ("collection.vector.list", "The tilesets of a collection", ("collectionId",)),
        f"{_TILES}/{GRID}": ("collection.vector.tileset", "A tileset", ("collectionId",)),
    }
    paths = {path: _get(*told, JSON, refused) for path, told in resources.items()}
    asked = ("collectionId", *_PLACE, "properties", "snapshot")
    tile = _get("collection.vector.tile", "A vector tile", asked, MVT, refused)
    tile["get"]["responses"]["204"] = {"description": "Nothing lies there"}
    address = "/".join(f"{{{name}}}" for name in _PLACE)
    return {**paths, f"{_TILES}/{GRID}/{address}": tile}


def _get(id: str, summary: str, names: Iterable[str], media_type: str, refused: dict[str, Any]) -> Any:
    content: dict[str, Any] = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    if media_type == JSON:
        content = {JSON: {"schema": {"type": "object"}}, HTML: {"schema": {"type": "string"}}}
        names = (*names, "f")
    operation = {
        "operationId": id,
        "summary": summary,
        "tags": ["tiles"],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in (*names, "lang")],
        "responses": {
            "200": {"description": summary, "content": content},
            **refused,
        },
    }
    return {"get": operation}
