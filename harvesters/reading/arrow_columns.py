"""Make plain columns of Arrow data: structures flattened, lists as JSON text, geometry where metadata say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely

from harvesters.faults import Unreadable
from harvesters.formats import GEOMETRY, Parsed, Piece
from harvesters.reading.delimited.encoding import refuse_mojibake
from harvesters.reading.headers import column_names
from schemas.run import REJECTS

_DEEPEST = 8
_MOST_BYTES = 2 << 30
"""What one batch may unpack to; text packed as a dictionary can grow a millionfold."""
_WKB = ("geoarrow.wkb", "ogc.wkb")
_LONLAT = "OGC:CRS84"


@dataclass(frozen=True)
class Places:
    """The column of WKB, its CRS, the other columns of geometries, and those that are derived from them."""

    column: str | None = None
    crs: str | None = None
    others: tuple[str, ...] = ()
    derived: frozenset[str] = field(default_factory=frozenset)


def places_in(schema: pa.Schema) -> Places:
    """Where the schema says that geometries are (GeoParquet 1.1, or GeoArrow's WKB); raises Unreadable."""
    try:
        schema.names  # noqa: B018 - pyarrow decodes names only when they are asked for
    except UnicodeDecodeError as error:
        raise Unreadable("the names of its columns are no UTF-8", "write the file again") from error
    metadata = _json((schema.metadata or {}).get(b"geo", b"null"))
    if isinstance(metadata, Mapping) and isinstance(metadata.get("columns"), Mapping):
        return _geoparquet(metadata, schema)
    marked = [each for each in schema if _extension(each) in _WKB]
    if not marked:
        return Places()
    said = _json((marked[0].metadata or {}).get(b"ARROW:extension:metadata", b"null"))
    crs = said.get("crs") if isinstance(said, Mapping) else None
    return Places(marked[0].name, _crs(crs), tuple(each.name for each in marked[1:]))


def _geoparquet(metadata: Mapping[str, Any], schema: pa.Schema) -> Places:
    primary, columns = metadata.get("primary_column"), metadata["columns"]
    about = columns.get(primary)
    if not isinstance(about, Mapping) or primary not in schema.names:
        raise Unreadable(f"the metadata name a geometry column {primary!r} that is not there")
    if about.get("encoding") != "WKB":
        raise Unreadable(
            f"the geometries are written as {about.get('encoding')!r}", "write the GeoParquet file with WKB"
        )
    covering = (about.get("covering") or {}).get("bbox") or {}
    derived = frozenset(path[0] for path in covering.values() if isinstance(path, list) and len(path) > 1)
    others = tuple(name for name in columns if name != primary and name in schema.names)
    # No crs is longitude and latitude; null is one that nobody knows (GeoParquet 1.1).
    return Places(primary, _crs(about.get("crs", _LONLAT)), others, derived)


def _crs(said: Any) -> str | None:
    """The authority code of a CRS where it is sure, else its WKT."""
    if not said:
        return None
    try:
        crs = pyproj.CRS.from_user_input(said)
    except pyproj.exceptions.CRSError as error:
        raise Unreadable(f"the metadata name no CRS that is known ({str(said)[:80]})") from error
    code = crs.to_authority(min_confidence=70)
    return ":".join(code) if code else crs.to_wkt()


def _extension(column: pa.Field) -> str:
    if isinstance(column.type, pa.BaseExtensionType):
        return str(column.type.extension_name)
    name: bytes = (column.metadata or {}).get(b"ARROW:extension:name", b"")
    return name.decode()


def parsed(batches: Iterator[pa.RecordBatch], schema: pa.Schema, kind: str) -> Parsed:
    """The table of these batches, piece by piece; there may be none."""
    places = places_in(schema)
    pieces = _pieces(batches, schema, places)
    first = next(pieces)
    return Parsed(first.table, first.lines, kind, crs=places.crs, rejects=first.rejects, rest=pieces)


def _pieces(batches: Iterator[pa.RecordBatch], schema: pa.Schema, places: Places) -> Iterator[Piece]:
    at, empty = 0, True
    for batch in batches:
        if batch.num_rows:
            yield _sound_piece(batch, places, at)
            at, empty = at + batch.num_rows, False
    if empty:
        yield _piece(schema.empty_table(), places, 0)


def _sound_piece(batch: pa.RecordBatch, places: Places, at: int) -> Piece:
    try:
        # Nothing else asks whether offsets and letters are what they should be; a wrong one is fatal.
        batch.validate(full=True)
        return _piece(pa.Table.from_batches([batch]), places, at)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise Unreadable(f"rows from {at + 1:,} on are broken ({reason})", "write the file again") from error


def _piece(table: pa.Table, places: Places, at: int) -> Piece:
    lines = pa.array(np.arange(at + 1, at + len(table) + 1, dtype=np.int64))
    names, columns = [], []
    geometry: pa.Array | None = None
    broken = np.zeros(len(table), dtype=bool)
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name == places.column:
            geometry, broken = _shapes(column)
        elif name in places.others:
            names.append(name)
            columns.append(pa.array(shapely.to_wkt(_read(column)), pa.string()))
        elif name not in places.derived:
            for inner, values in _flat(name, column, 0):
                names.append(inner)
                columns.append(values)
    plain = pa.table(
        columns, names=column_names([GEOMETRY, *names])[1:] if geometry is not None else column_names(names)
    )
    if geometry is None:
        return Piece(plain, lines)
    whole = pa.table([*plain.columns, geometry], names=[*plain.column_names, GEOMETRY])
    sound = pa.array(~broken)
    return Piece(whole.filter(sound), lines.filter(sound), _rejects(plain, broken, at))


def _flat(name: str, column: pa.ChunkedArray, depth: int) -> Iterator[tuple[str, pa.ChunkedArray]]:
    """The column, or those of its members: `names` with a member `primary` becomes `names_primary`."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        column, kind = column.cast(kind.storage_type), kind.storage_type
    if pa.types.is_struct(kind) and kind.num_fields and depth < _DEEPEST:
        for place in range(kind.num_fields):
            inner = pa.chunked_array(
                [_member(chunk, place) for chunk in column.chunks], kind.field(place).type
            )
            yield from _flat(f"{name}_{kind.field(place).name}", inner, depth + 1)
    else:
        yield name, _plain(name, column)


def _member(values: pa.StructArray, place: int) -> pa.Array:
    return values.flatten()[place]


def _plain(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without dictionary, its lists and maps as JSON text, its bytes as hexadecimal text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        _refuse_growth(name, column)
        return _plain(name, column.cast(kind.value_type))
    if pa.types.is_nested(kind):
        written = (_written(value) for value in column.to_pylist())
        return pa.chunked_array([pa.array(written, pa.string())])
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        hexadecimal = [None if value is None else value.hex() for value in column.to_pylist()]
        return pa.chunked_array([pa.array(hexadecimal, pa.string())])
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _plain(name, column.cast(pa.string()))
    if pa.types.is_string(kind):
        distinct = "\n".join(pc.unique(column).drop_null().to_pylist())
        refuse_mojibake(distinct.encode("utf-8", "surrogatepass"), f"the column {name!r}")
    return pa.chunked_array([pa.nulls(len(column), pa.string())]) if pa.types.is_null(kind) else column


def _refuse_growth(name: str, column: pa.ChunkedArray) -> None:
    """Raise Unreadable where a dictionary stands for more text than a batch of rows can mean."""
    kind = column.type.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)):
        return
    lengths = [pc.binary_length(chunk.dictionary).take(chunk.indices) for chunk in column.chunks]
    total = sum(pc.sum(pc.cast(each, pa.int64())).as_py() or 0 for each in lengths)
    if total > _MOST_BYTES:
        raise Unreadable(
            f"the column {name!r} would unpack to {total:,} bytes in {len(column):,} rows",
            "archives this dense are refused",
        )


def _written(value: Any) -> str | None:
    if value is None:
        return None
    return orjson.dumps(value, default=_strange, option=orjson.OPT_NON_STR_KEYS).decode()


def _strange(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _read(column: pa.ChunkedArray) -> Any:
    storage = column.cast(pa.binary()) if not pa.types.is_binary(column.type) else column
    try:
        return shapely.from_wkb(storage.to_numpy(), on_invalid="ignore")
    except NotImplementedError as error:
        raise Unreadable("the geometries hold curves", "write them as straight lines") from error


def _shapes(column: pa.ChunkedArray) -> tuple[pa.Array, np.ndarray[Any, np.dtype[np.bool_]]]:
    """The geometries in two dimensions, null where empty; and which could not be read."""
    column = (
        column.cast(column.type.storage_type) if isinstance(column.type, pa.BaseExtensionType) else column
    )
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    shapes = _read(column)
    broken = np.asarray(pc.is_valid(column).to_numpy(), dtype=bool) & shapely.is_missing(shapes)
    shapes = shapely.force_2d(shapes)
    shapes[shapely.is_empty(shapes)] = None
    return pa.array(shapely.to_wkb(shapes), pa.binary()), broken


def _rejects(plain: pa.Table, broken: np.ndarray[Any, np.dtype[np.bool_]], at: int) -> pa.Table:
    rows = []
    for place in np.flatnonzero(broken).tolist():
        value = json.dumps(plain.slice(place, 1).to_pylist()[0], ensure_ascii=False, default=str)
        rows.append({"line": at + place + 1, "scope": "row", "column": GEOMETRY, "value": value,
                     "reason": "geometry", "detail": "the geometry is no WKB"})  # fmt: skip
    return pa.Table.from_pylist(rows, schema=REJECTS)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise Unreadable("the metadata of its geometries are no JSON") from error
