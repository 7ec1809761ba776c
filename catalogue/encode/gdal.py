"""All rows of an answer as a file that GDAL writes: FlatGeobuf or GeoPackage."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalogue.encode.texts import wkt
from catalogue.geometry import geometry_column
from catalogue.rows.question.plan import ID_COLUMN
from schemas.arrow import ARROW_TYPES
from schemas.dataset import Column

DRIVERS = {"fgb": "FlatGeobuf", "gpkg": "GPKG"}
_KINDS = frozenset(
    {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"}
)
_INSTANT = pa.timestamp("ms", "UTC")
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Places:
    """What is known of where rows are.

    `kinds` are the GeoParquet names of the types their geometries may have; `everywhere`: none is nowhere.
    """

    kinds: tuple[str, ...] = ()
    everywhere: bool = False


NOT_KNOWN = Places()


@dataclass(frozen=True)
class Layer:
    """What a file's one layer is called, the columns of its rows without `_id`, and when these came to be."""

    name: str
    columns: tuple[Column, ...]
    places: Places = NOT_KNOWN
    created: datetime = UNDATED


def write(file: Path, format: str, layer: Layer, batches: Iterable[pa.RecordBatch]) -> None:
    """Write a file in one of DRIVERS; the first geometry places a row, others are well-known text.

    The same rows make the same bytes. Instants are kept to the millisecond, those before 1970 to the second.
    """
    import pyogrio  # Only here: it brings GDAL, and every command would wait for it.

    place = geometry_column(layer.columns)
    names = _names(layer.columns) if format == "gpkg" else [ID_COLUMN.name, *(c.name for c in layer.columns)]
    described = (ID_COLUMN, *layer.columns)
    types = [_type(column, place) for column in described]
    schema = pa.schema(list(zip(names, types, strict=True)))
    where = next((name for name, c in zip(names, described, strict=True) if c.name == place), "geometry")
    pyogrio.write_arrow(
        pa.RecordBatchReader.from_batches(schema, _fitted(batches, schema)),
        str(file),
        layer=layer.name,
        driver=DRIVERS[format],
        geometry_name=where,
        geometry_type=_kind(layer.places),
        # Both formats put longitude first, whatever the authority says.
        crs="EPSG:4326",
        layer_options=_options(format, layer.places, names, where),
        # Of a later version, which these rows need nothing of, older programs warn.
        dataset_options={"VERSION": "1.2"} if format == "gpkg" else {},
    )
    if format == "gpkg":
        _date(file, layer.created)


def _kind(places: Places) -> str:
    """The one type of all geometries in GDAL's words, or that it is not known."""
    return places.kinds[0] if len(places.kinds) == 1 and places.kinds[0] in _KINDS else "Unknown"


def _options(format: str, places: Places, names: list[str], where: str) -> dict[str, str]:
    if format == "gpkg":
        return {"FID": _free("fid", names), "GEOMETRY_NAME": where}
    # The index of a FlatGeobuf takes no row that is nowhere.
    return {"SPATIAL_INDEX": "YES" if places.everywhere else "NO"}


def _type(column: Column, place: str | None) -> pa.DataType:
    if column.type == "time":
        return _INSTANT
    other_place = column.type == "geometry" and column.name != place
    return pa.string() if other_place else ARROW_TYPES[column.type]


def _fitted(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        arrays = [_array(v, f) for v, f in zip(batch.columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Any, field: pa.Field) -> Any:
    if pa.types.is_binary(values.type) and pa.types.is_string(field.type):
        return wkt(values).cast(pa.string())
    return _floored(values) if field.type == _INSTANT else values.cast(field.type)


def _floored(instants: Any) -> Any:
    """Instants to the millisecond; before 1970 to the second, since GDAL 3.12 mistakes fractions there."""
    found = pc.floor_temporal(instants, unit="millisecond").cast(_INSTANT)
    early = pc.less(found, pa.scalar(0, pa.int64()).cast(_INSTANT))
    if not pc.any(early).as_py():
        return found
    return pc.if_else(early, pc.floor_temporal(found, unit="second"), found)


def _names(columns: tuple[Column, ...]) -> list[str]:
    """Names that SQLite, which does not see case, can tell apart."""
    taken: list[str] = []
    for name in (ID_COLUMN.name, *(column.name for column in columns)):
        taken.append(_free(name, taken))
    return taken


def _free(name: str, taken: list[str]) -> str:
    lower = {each.casefold() for each in taken}
    number, free = 1, name
    while free.casefold() in lower:
        number += 1
        free = f"{name}_{number}"
    return free


def _date(file: Path, when: datetime) -> None:
    """Say of a GeoPackage that it was changed when its rows were, not when it was written."""
    text = when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE gpkg_contents SET last_change = ?", (text,))
