"""The rows of a snapshot as a layer of a map, drawn tile by tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from catalogue.encode.tiles.attributes import Attributes
from catalogue.encode.tiles.choosing import largest, thinned
from catalogue.encode.tiles.drawing import Strokes, dots, fitted, kinds, meet, strokes
from catalogue.encode.tiles.grid import UNITS, Tile
from catalogue.encode.tiles.writing import Integers, field, sizes, summed, varint, varints
from catalogue.geometry import Floats

CORNERS = ("~west", "~north", "~east", "~south")
"""Columns of the sides of each row's box, in sides of the world; no column of a dataset is called so."""
SHAPE = "~shape"
_BLOCK = 1024
"""Rows that are looked at together: neighbours lie in one another's neighbourhood."""
_NAME, _FEATURES, _EXTENT, _VERSION = 1, 2, 5, 15


@dataclass(frozen=True)
class Drawn:
    """A tile: its bytes, empty where nothing is seen, how many features it shows and how many it leaves out
    because it is crowded or they are smaller than a step."""

    data: bytes
    features: int
    omitted: int


class Layer:
    """A table of rows with CORNERS and SHAPE (WKB), which may lie on a disk; safe to share by threads."""

    def __init__(self, name: str, table: pa.Table) -> None:
        self._name, self._table = name, table
        self._corners = [_plain(table[side]) for side in CORNERS]
        starts = np.arange(0, int(table.num_rows), _BLOCK)
        ends = (np.fmin, np.fmin, np.fmax, np.fmax)
        self._blocks = [
            end.reduceat(side, starts) if len(table) else side
            for end, side in zip(ends, self._corners, strict=True)
        ]

    def __len__(self) -> int:
        """The rows of the layer, those without a place too."""
        return len(self._table)

    def __contains__(self, tile: Tile) -> bool:
        """Whether some row's box meets a tile."""
        return len(self._meeting(tile)) > 0

    def draw(self, tile: Tile, properties: Sequence[str]) -> Drawn:
        """The tile with these columns as attributes; ids are the positions of the rows in the snapshot."""
        rows = self._meeting(tile)
        corners = np.column_stack([side[rows] for side in self._corners])
        places = (corners[:, :2] == corners[:, 2:]).all(axis=1)
        points, others = rows[places], rows[~places]
        kept = thinned(corners[places, :2], tile)
        seen = largest(corners[~places], tile)
        steps = np.rint(tile.inside(corners[places][kept, :2])).astype(np.int64)
        shapes, elsewhere = self._shapes(others[seen], tile)
        groups = [(points[kept], dots(steps)), *shapes]
        shown = np.concatenate([rows for rows, _ in groups])
        data = self._written(shown, [strokes for _, strokes in groups], properties) if len(shown) else b""
        return Drawn(data, len(shown), len(rows) - len(shown) - elsewhere)

    def _meeting(self, tile: Tile) -> Integers:
        """The rows whose boxes meet a tile and its buffer, in their order."""
        blocks = np.flatnonzero(_meet(self._blocks, tile))
        if not len(blocks):
            return blocks
        rows = (blocks[:, None] * _BLOCK + np.arange(_BLOCK)).ravel()
        rows = rows[rows < len(self._table)]
        near: Integers = rows[_meet([side[rows] for side in self._corners], tile)]
        return near

    def _shapes(self, rows: Integers, tile: Tile) -> tuple[list[tuple[Integers, Strokes]], int]:
        """The rows of each kind that are seen in a tile and what draws them; and how many others lie around
        the tile, and not in it."""
        if not len(rows):
            return [], 0
        shapes = shapely.from_wkb(self._table[SHAPE].take(rows).to_numpy())
        each, elsewhere = kinds(shapes), 0
        found: list[tuple[Integers, Strokes]] = []
        for kind in np.unique(each[each > 0]).tolist():
            drawn = fitted(shapes[each == kind], kind, tile)
            there = kinds(drawn) == kind
            elsewhere += int((~meet(shapes[each == kind][~there], tile)).sum())
            if there.any():
                found.append((rows[each == kind][there], strokes(drawn[there], kind)))
        return found, elsewhere

    def _written(self, rows: Integers, drawn: Sequence[Strokes], properties: Sequence[str]) -> bytes:
        attributes = Attributes(self._table.select(list(properties)).take(rows))
        layer = [
            field(_NAME, self._name.encode()),
            varints(_features(rows, attributes, drawn)),
            attributes.written(),
            varint(_EXTENT << 3) + varint(UNITS),
            varint(_VERSION << 3) + varint(2),
        ]
        return field(3, b"".join(layer))


def _meet(sides: Sequence[Floats], tile: Tile) -> Any:
    """Which boxes meet a tile; those that are nowhere meet none."""
    west, north, east, south = tile.sides()
    return (sides[2] >= west) & (sides[0] <= east) & (sides[3] >= north) & (sides[1] <= south)


def _plain(column: Any) -> Floats:
    """A column as it lies in memory, or on the disk where it is in one piece."""
    values: Floats = column.to_numpy()
    return values


def _features(rows: Integers, attributes: Attributes, drawn: Sequence[Strokes]) -> Any:
    """All features of a layer as one row of integers: each a message of an id, tags, a kind and strokes."""
    tags, tag_counts = attributes.tags()
    geometry = np.concatenate([each.tokens for each in drawn]).astype(np.uint64)
    counts = np.concatenate([each.counts for each in drawn])
    kind = np.repeat([each.kind for each in drawn], [len(each.counts) for each in drawn])
    ids = rows
    tag_bytes, geometry_bytes = summed(sizes(tags), tag_counts), summed(sizes(geometry), counts)
    # One byte for each tag of a field, one for the kind.
    size = 5 + sizes(ids) + sizes(tag_bytes) + tag_bytes + sizes(geometry_bytes) + geometry_bytes
    one = np.ones(len(rows), np.int64)
    heads = np.column_stack([one * 0x12, size, one * 0x08, ids, one * 0x12, tag_bytes])
    middles = np.column_stack([one * 0x18, kind, one * 0x22, geometry_bytes])
    return _interleaved(
        [(heads.ravel(), one * 6), (tags, tag_counts), (middles.ravel(), one * 4), (geometry, counts)]
    )


def _interleaved(streams: Sequence[tuple[Any, Integers]]) -> Any:
    """Of each stream the piece of the first feature, then the pieces of the second, and so on."""
    counts = np.column_stack([count for _, count in streams])
    starts = (np.cumsum(counts) - counts.ravel()).reshape(counts.shape)
    whole = np.empty(int(counts.sum()), np.uint64)
    for (values, count), start in zip(streams, starts.T, strict=True):
        within = np.arange(len(values)) - np.repeat(np.cumsum(count) - count, count)
        whole[np.repeat(start, count) + within] = values
    return whole
