"""All tiles of a snapshot in one file that maps read by ranges, without a server of tiles (PMTiles 3)."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from catalogue.encode.tiles.grid import Tile
from catalogue.encode.tiles.layer import Layer
from catalogue.encode.tiles.layers import fields, told
from schemas.snapshot import Snapshot

SHARPEST = 14
"""The deepest zoom of a file: a step of its tiles is 60 cm, and maps stretch them."""
MOST_TILES = 20_000
"""Tiles of a file; of what lies in more places, it ends at a zoom before."""
_LEVEL = 6
_TENMILLIONTH = 10_000_000
_CENTRE = 10
_WORLD = (-180.0, -85.0, 180.0, 85.0)


def write(layer: Layer, snapshot: Snapshot, path: Path, most: int = MOST_TILES) -> None:
    """Write the tiles of all zooms from 0 on where something lies, as many zooms as make `most` tiles."""
    names = told(snapshot.columns)
    left_out, deepest = 0, 0
    with path.open("wb") as file:
        writer = cast(Any, Writer)(file)  # It has no types.
        for tile in _tiles(layer, most):
            drawn = layer.draw(tile, names)
            if drawn.data or tile.zoom == 0:
                packed = gzip.compress(drawn.data, _LEVEL, mtime=0)
                writer.write_tile(_place(tile), packed)
            if tile.zoom > deepest:
                left_out, deepest = 0, tile.zoom
            left_out += drawn.omitted
        writer.finalize(_header(snapshot), _metadata(snapshot, names, deepest, left_out))


def _tiles(layer: Layer, most: int) -> Iterator[Tile]:
    """The tiles where something lies, zoom by zoom, each in the order of the file."""
    level, count = [Tile(0, 0, 0)], 0
    while level and level[0].zoom <= SHARPEST and (count + len(level) <= most or not level[0].zoom):
        yield from level
        count += len(level)
        level = _deeper(layer, level, most - count)


def _deeper(layer: Layer, level: Sequence[Tile], most: int) -> list[Tile]:
    """The tiles of the next zoom in the order of the file, or one too many of them."""
    found: list[Tile] = []
    for tile in level:
        found += [quarter for quarter in tile.quarters() if quarter in layer]
        if len(found) > most:
            break
    return sorted(found, key=_place)


def _place(tile: Tile) -> int:
    return zxy_to_tileid(tile.zoom, tile.column, tile.row)


def _header(snapshot: Snapshot) -> dict[str, Any]:
    west, south, east, north = snapshot.bbox or _WORLD
    if west > east:  # It lies across the antimeridian.
        west, east = _WORLD[0], _WORLD[2]
    sides = {"min_lon_e7": west, "min_lat_e7": south, "max_lon_e7": east, "max_lat_e7": north}
    centre = {"center_lon_e7": (west + east) / 2, "center_lat_e7": (south + north) / 2}
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "center_zoom": _CENTRE,
        **{name: round(degrees * _TENMILLIONTH) for name, degrees in (sides | centre).items()},
    }


def _metadata(snapshot: Snapshot, names: list[str], deepest: int, left_out: int) -> dict[str, Any]:
    """What the file says of itself; `omitted` counts what even its deepest zoom leaves out, tile by tile."""
    layer = {
        "id": snapshot.dataset,
        "minzoom": 0,
        "maxzoom": deepest,
        "fields": fields(snapshot.columns, names),
    }
    return {
        "name": snapshot.dataset,
        "version": snapshot.id,
        "type": "overlay",
        "omitted": left_out,
        "vector_layers": [layer],
    }
