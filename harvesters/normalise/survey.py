"""Look at some rows of a table for where it is: their coordinates, and what they say of it in words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from harvesters.formats import GEOMETRY
from harvesters.normalise.cast import Reading, cast
from harvesters.normalise.cells import as_given
from harvesters.normalise.crs import Floats, Lonlat
from harvesters.normalise.names import find, tidy
from harvesters.normalise.places import Axes, coordinate_columns
from harvesters.normalise.plausible import Sample
from harvesters.normalise.regions import boxes_of
from harvesters.normalise.rejects import Mask, mask_of
from schemas.feed import Feed

_MOST_ROWS = 2_000
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: products of it with 0, 1, 2 ... lie spread.


def has_shapes(table: pa.Table) -> bool:
    """Whether the table came with a geometry of its own."""
    kind = table.schema.field(GEOMETRY).type if GEOMETRY in table.column_names else pa.string()
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def find_axes(table: pa.Table, feed: Feed) -> Axes | None:
    """The coordinate columns that the feed declares, else those whose names say so; None for shapes."""
    names = [name for name in table.column_names if name != GEOMETRY]
    if feed.format.x and feed.format.y:
        tidied = {name: tidy(name) for name in names}
        return Axes(find(feed.format.x, tidied), find(feed.format.y, tidied), declared=True)
    return None if has_shapes(table) else coordinate_columns(names)


def survey(table: pa.Table, axes: Axes | None, reading: Reading) -> Sample:
    """Some rows with coordinates, which are those of a shape's middle where there are no axes, and what else
    says where those rows are."""
    columns = (axes.x, axes.y) if axes else (GEOMETRY,)
    rows = np.flatnonzero(_written(table, columns))
    rows = rows[_spread(len(rows))]
    some = table.take(pa.array(rows))
    x, y = _coordinates(some, axes, reading)
    good = np.isfinite(x) & np.isfinite(y)
    others = some.filter(pa.array(good)).drop_columns(list(columns))
    beside = coordinate_columns([name for name in others.column_names if name != GEOMETRY])
    lonlat = None
    if beside is not None and beside.named:
        lonlat = numbers(others, beside.x, reading), numbers(others, beside.y, reading)
    return Sample(x[good], y[good], columns if axes else (), len(rows), boxes_of(others), lonlat)


def _coordinates(some: pa.Table, axes: Axes | None, reading: Reading) -> Lonlat:
    if axes is not None:
        return numbers(some, axes.x, reading), numbers(some, axes.y, reading)
    shapes = shapely.from_wkb(some[GEOMETRY].to_numpy(), on_invalid="ignore")
    west, south, east, north = shapely.bounds(shapes).T
    return (west + east) / 2, (south + north) / 2


def numbers(table: pa.Table, name: str, reading: Reading) -> Floats:
    """A column as float64, NaN where it holds no number."""
    floats: Floats = cast(as_given(table[name]), "number", reading).cast(pa.float64()).to_numpy()
    return floats


def _written(table: pa.Table, names: tuple[str, ...]) -> Mask:
    written = np.ones(len(table), dtype=bool)
    for name in names:
        written &= mask_of(pc.is_valid(as_given(table[name])))
    return written


def _spread(rows: int) -> npt.NDArray[np.intp]:
    """At most so many of that many places, spread over them without a rhythm that rows may have too."""
    if rows <= _MOST_ROWS:
        return np.arange(rows)
    ranks = np.arange(rows, dtype=np.uint64) * _GOLDEN
    return np.sort(np.argpartition(ranks, _MOST_ROWS)[:_MOST_ROWS])
