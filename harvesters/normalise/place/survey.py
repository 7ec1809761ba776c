"""Look at some rows of a table for where it is: their coordinates, and what they say of it in words."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import shapely

from harvesters.formats import GEOMETRY
from harvesters.normalise.names import find, tidy
from harvesters.normalise.place.crs import Floats, Lonlat
from harvesters.normalise.place.places import Axes, coordinate_columns
from harvesters.normalise.place.plausible import Sample
from harvesters.normalise.place.regions import boxes_of
from harvesters.normalise.spread import spread_rows
from harvesters.normalise.values.cast import Reading, cast
from harvesters.normalise.values.cells import as_given
from schemas.feed import Feed


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
    some = spread_rows([table], columns)
    x, y = _coordinates(some, axes, reading)
    good = np.isfinite(x) & np.isfinite(y)
    others = some.filter(pa.array(good)).drop_columns(list(columns))
    beside = coordinate_columns([name for name in others.column_names if name != GEOMETRY])
    lonlat = None
    if beside is not None and beside.named:
        lonlat = numbers(others, beside.x, reading), numbers(others, beside.y, reading)
    return Sample(x[good], y[good], columns if axes else (), len(some), boxes_of(others), lonlat)


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
