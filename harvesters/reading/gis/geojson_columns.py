"""Turn features of a GeoJSON into the columns that GDAL makes of them: properties, and places as WKB."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from harvesters.reading.gis.geojson import Block, Features, Unusual
from harvesters.reading.gis.geojson_places import as_wkb
from harvesters.reading.gis.geojson_quick import Quick, quick
from harvesters.reading.shelf import Shelf

WKB = "wkb_geometry"
"""The column of places, by the name that GDAL gives it."""

_ID = "id"
_MISSES = 8
"""After so many blocks that were not like those before them, the others are not expected to be."""
_EXACT = 1 << 53
_ENDLESS = float(1 << 63)
_PLAIN = (pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string())
_NUMBERED = frozenset({int, type(None)})
_NAMED = frozenset({str, type(None)})


class Rows:
    """The features of a file as rows on a shelf, block by block, each block with the types it needs."""

    def __init__(self, features: Features, folder: Path) -> None:
        """Raises Unusual where GDAL would understand the file better."""
        self._shelf = Shelf(folder)
        self._types: dict[str, set[pa.DataType]] = {}
        self._long: set[str] = set()
        self._ids: set[type] = set()
        self._missed = 0
        try:
            for found in features:
                if isinstance(found, Block):
                    self._put(found)
                    continue
                self._put(_block(found))
                self._missed += features.quick is not None
                features.quick = self._quick(found) if self._missed < _MISSES else None
            self._schema = self._settled()
        except Unusual:
            self._shelf.clear()
            raise

    def pieces(
        self, most: int, weigh: Callable[[pa.Table], int] = attrgetter("nbytes")
    ) -> Iterator[pa.Table]:
        """All rows in tables of the same columns, each of about so many bytes as they are weighed."""
        held: list[pa.Table] = []
        size = 0
        for block in self._shelf:
            rows = _fitted(block, self._schema)
            weight = weigh(rows)
            step = max(1, len(rows) * most // max(1, weight))
            for start in range(0, len(rows), step):
                held.append(rows.slice(start, step))
                size += weight * len(held[-1]) // len(rows)
                if size >= most:
                    yield pa.concat_tables(held)
                    held, size = [], 0
        if held:
            yield pa.concat_tables(held)

    def _put(self, block: Block) -> None:
        self._long.update(name for name, column in block.properties.items() if _is_long(column))
        columns = {**self._named(block.ids, block.properties), **block.properties, WKB: block.places}
        for name, column in columns.items():
            self._types.setdefault(name, set()).add(column.type)
        self._shelf.append(pa.table(columns))

    def _quick(self, features: Sequence[Any]) -> Quick | None:
        """What reads features that are like those so far."""
        written = {name: found - {pa.null()} for name, found in self._types.items() if name != WKB}
        types = {name: _common(found) if found else pa.null() for name, found in written.items()}
        if _ID in types and str in self._ids:
            del types[_ID]
        return quick(types, self._ids, [each.get("geometry") for each in features])

    def _named(self, ids: list[Any], columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """The column of the names of features, where they have names; numbers are no column for GDAL."""
        self._ids.update(map(type, ids))
        if self._ids <= _NUMBERED:
            return {}
        if not self._ids <= _NAMED or _ID in columns or (_ID in self._types and str not in self._ids):
            raise Unusual("ids of several kinds")
        return {_ID: pa.array(ids, pa.string())}

    def _settled(self) -> pa.Schema:
        """The types that hold what all blocks have."""
        if self._types.pop(WKB) != {pa.binary()}:
            raise Unusual("no places")
        rounded = [name for name in self._long if pa.float64() in self._types[name]]
        if rounded:
            raise Unusual("figures that a number would round")
        columns = [(name, _common(found)) for name, found in self._types.items()]
        if str in self._ids:
            columns.sort(key=lambda column: column[0] != _ID)
        return pa.schema([*columns, (WKB, pa.binary())])


def _block(features: Sequence[Any]) -> Block:
    if not all(type(each) is dict and each.get("type") == "Feature" for each in features):
        raise Unusual("something else than features")
    properties = _properties([each.get("properties", ()) for each in features])
    places = as_wkb([each.get("geometry") for each in features])
    return Block([each.get("id") for each in features], properties, places)


def _properties(rows: list[Any]) -> dict[str, pa.Array]:
    """The properties of features by name, in the order in which they come first."""
    # Features without the member have their properties beside it, for GDAL.
    if not all(type(row) is dict for row in rows):
        raise Unusual("features without properties")
    names = list(rows[0])
    if all(list(row) == names for row in rows):
        columns: Iterator[Any] = zip(*[row.values() for row in rows], strict=True)
    else:
        names = list(dict.fromkeys(chain.from_iterable(rows)))
        columns = ([row.get(name) for row in rows] for name in names)
    if WKB in names:
        raise Unusual("a property named like the geometry")
    return {name: _column(values) for name, values in zip(names, columns, strict=True)}


def _column(values: Sequence[Any]) -> pa.Array:
    """Values of one plain type; figures of both kinds are numbers where none of them is rounded."""
    try:
        found = pa.array(values)
    except (pa.ArrowException, OverflowError, UnicodeError) as error:
        raise Unusual(str(error)) from error
    if found.type not in _PLAIN:
        raise Unusual("nested properties")
    if found.type == pa.float64() and _is_rounded(found, values):
        raise Unusual("figures that a number would round")
    return found


def _is_rounded(found: pa.Array, values: Sequence[Any]) -> bool:
    """Whether a whole number was too long for those that it stands among."""
    largest = pc.max(pc.abs(found)).as_py() or 0.0
    if largest >= _ENDLESS:
        return True
    return int in set(map(type, values)) and any(type(each) is int and abs(each) > _EXACT for each in values)


def _is_long(column: pa.Array) -> bool:
    """Whether whole numbers are longer than other numbers can be."""
    if column.type != pa.int64() or column.null_count == len(column):
        return False
    ends = pc.min_max(column).as_py()
    return bool(ends["min"] < -_EXACT or ends["max"] > _EXACT)


def _common(types: set[pa.DataType]) -> pa.DataType:
    written = types - {pa.null()}
    if written == {pa.int64(), pa.float64()}:
        return pa.float64()
    if len(written) > 1:
        raise Unusual("values of several types")
    return written.pop() if written else pa.string()


def _fitted(block: pa.Table, schema: pa.Schema) -> pa.Table:
    """A block with all columns in their types."""
    there = set(block.column_names)
    columns = [
        block[field.name].cast(field.type) if field.name in there else pa.nulls(len(block), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
