"""Rows on a map: vector tiles of any place and zoom, one by one or all in a file."""

from __future__ import annotations

from catalogue.encode.tiles.grid import DEEPEST, Tile, tile
from catalogue.encode.tiles.layer import Drawn, Layer
from catalogue.encode.tiles.layers import LARGEST, Layers, fields, told

__all__ = ["DEEPEST", "LARGEST", "Drawn", "Layer", "Layers", "Tile", "fields", "tile", "told"]
