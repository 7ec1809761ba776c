"""Read a stretch of the features of a GeoJSON as columns, where they are all like those before them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pyarrow import json as arrow_json

from harvesters.reading.gis.geojson import Block, Unusual
from harvesters.reading.gis.geojson_places import DEPTHS, Floats, Offsets, shapes_of
from harvesters.reading.gis.points import as_points

_NEXT = re.compile(rb"\}\s*,\s*\{")
_EXACT = float(1 << 53)
_IDS = {str: pa.string(), int: pa.int64()}


@dataclass(frozen=True)
class Quick:
    """Reads features that have the properties of `schema`, and positions so many lists deep.

    Arrow is as strict as JSON demands: a value of another type, a member that is not known or comes twice,
    and a text that was parted in the wrong place are errors; it knows NaN, and needs no sign between objects.
    """

    schema: pa.Schema

    def __call__(self, text: bytes) -> Block | None:
        """The features of a text, each behind a comma; None where they must be looked at one by one."""
        if b"\\" in text and b"\\u0000" in text:
            return None
        # A line break in a text is an error: what looks like the end of a feature is one.
        lines, ends = _NEXT.subn(b"}\n{", text)
        try:
            rows = _read(lines, self.schema, ends)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return None
        return _block(rows) if len(rows) == ends + 1 else None


def quick(properties: Mapping[str, pa.DataType], ids: set[type], geometries: list[Any]) -> Quick | None:
    """The reader of features like those that were read; None where they are of several kinds."""
    depths = {DEPTHS[each["type"]] for each in geometries if each is not None}
    named = {_IDS.get(each) for each in ids - {type(None)}}
    if len(depths) != 1 or len(named) > 1 or None in named or not properties:
        return None
    places: pa.DataType = pa.list_(pa.float64())
    for _ in range(depths.pop()):
        places = pa.list_(places)
    fields = [("type", pa.string()), *(("id", each) for each in named)]
    fields += [("properties", pa.struct(list(properties.items())))]
    fields += [("geometry", pa.struct([("type", pa.string()), ("coordinates", places)]))]
    return Quick(pa.schema(fields))


def _read(lines: bytes, schema: pa.Schema, ends: int) -> pa.Table:
    return arrow_json.read_json(
        pa.BufferReader(lines),
        arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
        arrow_json.ParseOptions(
            explicit_schema=schema,
            newlines_in_values=lines.count(b"\n") > ends,
            unexpected_field_behavior="error",
        ),
    )


def _block(rows: pa.Table) -> Block | None:
    kinds, properties, places = (rows[name].combine_chunks() for name in ("type", "properties", "geometry"))
    if kinds.null_count or properties.null_count or not pc.all(pc.equal(kinds, "Feature")).as_py():
        return None
    columns = dict(zip(properties.type.names, properties.flatten(), strict=True))
    if not all(_is_exact(column) for column in columns.values()):
        return None
    try:
        wkb = _wkb(places)
    except Unusual:
        return None
    ids = rows["id"].to_pylist() if "id" in rows.column_names else [None] * len(rows)
    return Block(ids, columns, wkb)


def _is_exact(column: pa.Array) -> bool:
    """Whether no number may be a whole one that was rounded, or none at all."""
    if column.type != pa.float64():
        return True
    return bool(pc.all(pc.less(pc.abs(column), _EXACT), min_count=0).as_py())


def _wkb(places: pa.StructArray) -> pa.Array:
    """The geometries as WKB, null where there is none; raises Unusual as `as_wkb` does."""
    kinds, coordinates = places.flatten()
    if places.null_count == len(places):
        return pa.nulls(len(places))
    given = places.is_valid().to_numpy(zero_copy_only=False)
    if kinds.null_count != places.null_count or coordinates.null_count != places.null_count:
        raise Unusual("a geometry that is no plain one")
    shapes = np.full(len(places), None, dtype=object)
    for kind in pc.unique(kinds.drop_null()).to_pylist():
        chosen = pc.fill_null(pc.equal(kinds, kind), False)
        positions, offsets = _opened(kind, coordinates.filter(chosen))
        if kind == "Point" and positions.shape[1] == 2 and len(positions) == given.sum():
            spread = np.zeros((len(places), 2))
            spread[given] = positions
            return as_points(spread[:, 0], spread[:, 1], given)
        shapes[chosen.to_numpy(zero_copy_only=False)] = shapes_of(kind, positions, offsets)
    return pa.array(shapely.to_wkb(shapes), pa.binary())


def _opened(kind: str, level: pa.ListArray) -> tuple[Floats, list[Offsets]]:
    """The positions of geometries of one kind, and where the lists around them begin, inmost first."""
    offsets: list[Offsets] = []
    while pa.types.is_list(level.type.value_type):
        sizes = np.diff(level.offsets.to_numpy())
        if level.null_count or not sizes.all():
            raise Unusual("a geometry of which a part is empty")
        offsets.insert(0, np.concatenate(([0], np.cumsum(sizes))))
        level = level.flatten()
    numbers = level.flatten()
    sizes = np.diff(level.offsets.to_numpy())
    if DEPTHS.get(kind) != len(offsets) or level.null_count or numbers.null_count or not _is_exact(numbers):
        raise Unusual("positions that are none")
    if sizes.min() != sizes.max() or sizes[0] not in (2, 3):
        raise Unusual("positions of several lengths")
    return numbers.to_numpy().reshape(-1, sizes[0]), offsets
