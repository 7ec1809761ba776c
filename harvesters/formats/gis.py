"""Read what GIS write, from zipped shapefiles and FileGDB to GeoJSON and GML, into rows with a geometry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import GEOMETRY, Parsed, Piece
from harvesters.reading.delimited.encoding import refuse_mojibake, shows_mojibake
from harvesters.reading.gis.descriptions import described, with_described
from harvesters.reading.gis.files import GisFile, gis_files
from harvesters.reading.gis.kinds import FLATGEOBUF, GEODATABASE, GEOPACKAGE, GML, KML, SHAPEFILE
from harvesters.reading.gis.layers import Layer, layers, pieces, straight
from harvesters.reading.gis.points import points
from harvesters.reading.gis.shapefile import CODEPAGE, check_complete, encoding_of_texts, recode
from harvesters.reading.gis.surfaces import are_curved, as_polygons
from harvesters.reading.headers import column_names
from harvesters.reading.shelf import Shelf
from schemas.feed import FormatSpec
from schemas.problem import did_you_mean
from schemas.run import REJECTS

OPTIONS = frozenset({"crs", "encoding", "layer", "member"})

# How Google Earth draws a place and what box GML puts around it, not what the place is.
_DRAWING = frozenset(
    {"altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon", "snippet"}
    | {"lowerCorner", "upperCorner"}
)

_CURVED = (FLATGEOBUF, GEODATABASE, GEOPACKAGE, GML)
"""The kinds of file that can hold curves."""


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table a layer; raises Unreadable when a file is broken, incomplete or of another kind."""
    with TemporaryDirectory(prefix="entrepot-gis-") as folder:
        files = gis_files(path, spec, Path(folder))
        wanted = _chosen([layer for file in files for layer in layers(file)], spec.layer)
        for layer in wanted:
            yield _table(layer, spec, name=layer.title if len(wanted) > 1 else "")


def _chosen(found: list[Layer], wanted: str | None) -> list[Layer]:
    chosen = [each for each in found if wanted in (None, each.title)]
    if not chosen and not wanted:
        raise Unreadable("the file holds no layer")
    if not chosen:
        known = [each.title for each in found]
        raise FeedMisconfigured(
            f"[format] layer = {wanted!r} is not in the file", did_you_mean(wanted or "", known)
        )
    return chosen


def _table(layer: Layer, spec: FormatSpec, *, name: str) -> Parsed:
    file = layer.file
    if file.kind is SHAPEFILE:
        check_complete(file.path, file.name)
    stretches = pieces(layer)
    if file.kind is KML:
        stretches = _told(stretches)
    head = next(stretches)
    encoding = file.encoding
    if file.kind.guessed:
        # The texts of all rows say which encoding they are in, also where the first could be in another.
        texts, stretches = _again_and_again(head, stretches, file)
        encoding = encoding_of_texts(texts, spec.encoding, file.path.with_name(CODEPAGE))
    first = _piece(layer, head, encoding, before=0)
    return Parsed(
        table=first.table,
        lines=first.lines,
        kind="gis",
        name=name,
        encoding=encoding,
        crs=_crs(layer.info["crs"]) if layer.wkb else None,
        rejects=first.rejects,
        repairs={**file.repairs, **_curves(layer, head)},
        rest=_rest(layer, stretches, encoding, len(head)),
    )


def _told(stretches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The rows with what their descriptions tell; the columns are those that the first stretch tells of."""
    names: tuple[str, ...] | None = None
    for table in stretches:
        names = described(table) if names is None else names
        yield with_described(table, names)


def _again_and_again(
    head: pa.Table, stretches: Iterator[pa.Table], file: GisFile
) -> tuple[Iterable[pa.Table], Iterator[pa.Table]]:
    """All stretches of a layer, and all but the first; a disk is quicker than GDAL to read them twice."""
    second = next(stretches, None)
    if second is None:
        return [head], iter(())
    shelf = Shelf(file.path.with_name("stretches"))
    for stretch in chain([head, second], stretches):
        shelf.append(stretch)
    return shelf, islice(iter(shelf), 1, None)


def _curves(layer: Layer, head: pa.Table) -> dict[str, int]:
    """How many shapes of the first piece are curves, which become lines of short stretches."""
    if layer.wkb is None or layer.file.kind not in _CURVED:
        return {}
    bent = int(are_curved(head.column(layer.wkb).combine_chunks()).sum())
    return {"curve_straightened": bent} if bent else {}


def _rest(layer: Layer, stretches: Iterator[pa.Table], encoding: str | None, before: int) -> Iterator[Piece]:
    for table in stretches:
        yield _piece(layer, table, encoding, before=before)
        before += len(table)


def _piece(layer: Layer, table: pa.Table, encoding: str | None, *, before: int) -> Piece:
    """The rows of a stretch that starts behind so many others of its layer."""
    lines = pa.array(np.arange(before + 1, before + 1 + table.num_rows, dtype=np.int64))
    beside = _attributes(table.drop_columns([layer.wkb] if layer.wkb else []), layer.file, encoding)
    if layer.wkb is None:
        return Piece(beside, lines)
    geometry, broken = _flat(table.column(layer.wkb).combine_chunks(), layer, before)
    rejects = _broken(beside, broken, lines)
    # Not append_column: a layer may have no other column, and then no length.
    whole = pa.table([*beside.columns, geometry], names=[*beside.column_names, GEOMETRY])
    if not broken.any():
        return Piece(whole, lines, rejects)
    sound = pa.array(~broken)
    return Piece(whole.filter(sound), lines.filter(sound), rejects)


def _attributes(table: pa.Table, file: GisFile, encoding: str | None) -> pa.Table:
    """The columns beside the geometry, in their true encoding and under names of their own."""
    if file.kind.guessed and encoding is not None:
        table = recode(table, encoding)
    if file.kind in (KML, GML):
        table = table.drop_columns([each for each in table.column_names if each in _DRAWING])
    table = _plain(table)
    names = column_names([GEOMETRY, *table.column_names])
    return table.rename_columns(names[1:])


def _flat(wkb: pa.Array, layer: Layer, before: int) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """The geometries, straight, null where empty; and which could not be read."""
    if points(wkb) is not None:
        return wkb, np.zeros(len(wkb), dtype=bool)
    raw = wkb.to_numpy(zero_copy_only=False)
    try:
        shapes = shapely.from_wkb(raw, on_invalid="ignore")
    except NotImplementedError:  # curves
        raw = straight(layer, before, len(wkb))
        shapes = shapely.from_wkb(raw, on_invalid="ignore")
    given = np.array([each is not None for each in raw], dtype=bool)
    broken = given & shapely.is_missing(shapes)
    for place in np.flatnonzero(broken):
        shapes[place] = _patched(raw[place])
    broken &= shapely.is_missing(shapes)
    shapes[shapely.is_empty(shapes)] = None
    return pa.array(shapely.to_wkb(shapes), pa.binary()), broken


def _patched(wkb: bytes) -> shapely.Geometry | None:
    """A surface of triangles or patches as polygons; None where it is none of those either."""
    try:
        return shapely.from_wkb(as_polygons(wkb), on_invalid="ignore")
    except (ValueError, NotImplementedError):
        return None


def _broken(attributes: pa.Table, broken: npt.NDArray[np.bool_], lines: pa.Array) -> pa.Table:
    """The rejects of rows whose geometry is none; their value is the row's other columns."""
    rows: list[dict[str, Any]] = []
    for place in np.flatnonzero(broken).tolist():
        row = {name: attributes.column(name)[place].as_py() for name in attributes.column_names}
        rows.append(
            {
                "line": lines[place].as_py(),
                "scope": "row",
                "column": GEOMETRY,
                "value": orjson.dumps(row, default=str).decode(),
                "reason": "geometry",
                "detail": "the geometry is broken, such as a ring of two points",
            }
        )
    return pa.Table.from_pylist(rows, schema=REJECTS)


def _plain(table: pa.Table) -> pa.Table:
    """The table with nested values as JSON text and no lost letters in its text."""
    for place, column in enumerate(table.columns):
        name = table.column_names[place]
        if pa.types.is_dictionary(column.type):
            table = table.set_column(place, name, column.cast(column.type.value_type))
        elif pa.types.is_nested(column.type):
            text = [None if value is None else orjson.dumps(value).decode() for value in column.to_pylist()]
            table = table.set_column(place, name, pa.array(text, pa.string()))
        elif pa.types.is_string(column.type):
            _refuse_mojibake(column, name)
    return table.replace_schema_metadata(None)


def _refuse_mojibake(column: pa.ChunkedArray, name: str) -> None:
    """Raise Unreadable where texts were decoded wrongly; nearly all columns are done without parting them."""
    written = (chunk.buffers()[2] for chunk in column.chunks)
    if any(data is not None and shows_mojibake(data.to_pybytes()) for data in written):
        distinct = pc.unique(column).drop_null().to_pylist()
        refuse_mojibake("\n".join(distinct).encode("utf-8", "surrogatepass"), f"the column {name!r}")


def _crs(written: str | None) -> str | None:
    """The authority code of a CRS where it is sure, else as written."""
    if not written:
        return None
    try:
        code = pyproj.CRS.from_user_input(written).to_2d().to_authority(min_confidence=70)
    except pyproj.exceptions.CRSError:
        return written
    return ":".join(code) if code else written
