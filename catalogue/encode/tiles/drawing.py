"""Shapes in the steps of a tile, and the strokes that draw them (Mapbox Vector Tile 2.1, 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from catalogue.encode.tiles.grid import BUFFER, UNITS, Tile, world
from catalogue.encode.tiles.writing import Integers, zigzag

POINT, LINE, AREA = 1, 2, 3
_MOVE, _DRAW, _CLOSE = 1, 2, 15
_TOLERANCE = 2.0
"""Steps that a simplified line may stray: a quarter of a pixel where a tile is drawn 512 pixels wide."""
_SQUARE = (-float(BUFFER), -float(BUFFER), float(UNITS + BUFFER), float(UNITS + BUFFER))


@dataclass(frozen=True)
class Strokes:
    """Commands and their numbers, `counts` (n,) of them for each of n features of one kind."""

    kind: int
    tokens: npt.NDArray[np.uint64]
    counts: Integers


def kinds(shapes: Any) -> npt.NDArray[np.int64]:
    """What each shape (n,) is drawn as; of a collection what has most dimensions, 0 where it is empty."""
    dimensions = shapely.get_dimensions(shapes)
    found: npt.NDArray[np.int64] = np.where(shapely.is_empty(shapes), 0, dimensions + 1)
    return found


def fitted(shapes: Any, kind: int, tile: Tile) -> Any:
    """Shapes (n,) of degrees and of one kind in whole steps of a tile, cut off behind its buffer, without
    what is too small to be seen; empty where nothing is left."""
    stepped = _stepped(shapes, tile)
    if kind == POINT:
        return shapely.transform(stepped, np.rint)
    thin = shapely.simplify(stepped, _TOLERANCE)
    damaged = ~shapely.is_valid(thin)
    thin[damaged] = shapely.make_valid(thin[damaged])
    cut = shapely.clip_by_rect(thin, *_SQUARE)
    # On whole steps lines may cross; this undoes it, and drops what has become nothing.
    return shapely.set_precision(cut, 1.0)


def meet(shapes: Any, tile: Tile) -> npt.NDArray[np.bool_]:
    """Which shapes (n,) of degrees lie in a tile and its buffer, however small they are there."""
    found: npt.NDArray[np.bool_] = shapely.intersects(shapely.box(*_SQUARE), _stepped(shapes, tile))
    return found


def _stepped(shapes: Any, tile: Tile) -> Any:
    return shapely.transform(shapely.force_2d(shapes), lambda degrees: tile.inside(world(degrees)))


def strokes(shapes: Any, kind: int) -> Strokes:
    """What draws fitted shapes (n,) of one kind, none of them empty of it."""
    parts, owners = shapely.get_parts(shapes, return_index=True)
    nested, inner = shapely.get_parts(parts, return_index=True)
    chains, owners = _chains(nested, owners[inner], kind)
    points, chain = shapely.get_coordinates(chains, return_index=True)
    places = np.rint(points).astype(np.int64)
    if kind == POINT:
        chain = owners[chain]  # All points of a feature are one move.
    elif kind == AREA:
        last = np.append(chain[1:] != chain[:-1], True)
        places, chain = places[~last], chain[~last]
    owner = chain if kind == POINT else owners[chain]
    steps = _from_the_one_before(places, owner)
    return _commands(kind, steps, chain, np.bincount(owner, minlength=len(shapes)), owner)


def dots(places: Integers) -> Strokes:
    """What draws single points (n, 2) of a tile."""
    each = np.arange(len(places))
    return _commands(POINT, places, each, np.ones_like(each), each)


def _chains(parts: Any, owners: Integers, kind: int) -> tuple[Any, Integers]:
    """Single points, lines or rings with the feature of each; outer rings turn as the format wants it."""
    wanted = (shapely.get_dimensions(parts) + 1 == kind) & ~shapely.is_empty(parts)
    parts, owners = parts[wanted], owners[wanted]
    if kind != AREA:
        return parts, owners
    # The rows of a tile count downwards: what turns to the left here turns to the right on the screen.
    rings, of = shapely.get_rings(shapely.orient_polygons(parts, exterior_cw=False), return_index=True)
    return rings, owners[of]


def _from_the_one_before(places: Integers, owner: Integers) -> Integers:
    """Each place (n, 2) from the one before it, the first of a feature from the corner."""
    before = np.zeros_like(places)
    same = owner[1:] == owner[:-1]
    before[1:][same] = places[:-1][same]
    return places - before


def _commands(kind: int, steps: Integers, chain: Integers, vertices: Integers, owner: Integers) -> Strokes:
    """Commands put between the steps (n, 2) of chains (n,); features have so many `vertices`."""
    first = np.append(True, chain[1:] != chain[:-1])[: len(chain)]
    second = np.append(False, first[:-1])[: len(chain)] & (kind != POINT)
    last = np.append(first[1:], True)[: len(chain)] & (kind == AREA)
    lengths = np.diff(np.append(np.flatnonzero(first), len(chain)))
    before = (first | second).astype(np.int64)
    widths = before + 2 + last
    starts = np.cumsum(widths) - widths
    tokens = np.empty(int(widths.sum()), np.uint64)
    moves = lengths if kind == POINT else np.ones_like(lengths)
    tokens[starts[first]] = moves << 3 | _MOVE
    tokens[starts[second]] = (lengths - 1)[: second.sum()] << 3 | _DRAW
    tokens[starts + before], tokens[starts + before + 1] = zigzag(steps[:, 0]), zigzag(steps[:, 1])
    tokens[starts[last] + before[last] + 2] = _CLOSE
    counts = np.bincount(owner, widths, minlength=len(vertices)).astype(np.int64)
    return Strokes(kind, tokens, counts)
