"""Read what GIS write, from zipped shapefiles and FileGDB to GeoJSON and GML, into rows with a geometry."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import pyogrio.raw
import pyproj
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import GEOMETRY, Parsed
from harvesters.reading.encoding import refuse_mojibake
from harvesters.reading.gis_checks import check_blobs, check_lines, check_markup
from harvesters.reading.gis_files import STEM, GisFile, gis_files
from harvesters.reading.gis_kinds import GML, GPX, KML, OSM, OSM_PBF, SHAPEFILE
from harvesters.reading.headers import column_names
from harvesters.reading.shapefile import CODEPAGE, check_complete, recode
from harvesters.reading.surfaces import as_polygons
from schemas.feed import FormatSpec
from schemas.problem import did_you_mean
from schemas.run import REJECTS

OPTIONS = frozenset({"crs", "encoding", "layer", "member"})

# What is read names no address that GDAL follows; should it find one all the same, there is no way out.
_ALONE = {
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTPS_PROXY": "127.0.0.1:9",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
}
# How Google Earth draws a place and what box GML puts around it, not what the place is.
_DRAWING = frozenset(
    {"altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon", "snippet"}
    | {"lowerCorner", "upperCorner"}
)


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table a layer; raises Unreadable when a file is broken, incomplete or of another kind."""
    with TemporaryDirectory(prefix="entrepot-gis-") as folder:
        files = gis_files(path, spec, Path(folder))
        layers = [(file, layer) for file in files for layer in _layers(file)]
        wanted = _chosen(layers, spec.layer)
        for file, layer in wanted:
            yield _table(file, layer, spec, name=_title(file, layer) if len(wanted) > 1 else "")


def _layers(file: GisFile) -> list[str]:
    if file.kind is SHAPEFILE:
        return [STEM]
    with _gdal(file):
        listed = [str(name) for name in pyogrio.list_layers(file.path)[:, 0]]
        driver = (
            pyogrio.read_info(file.path, layer=listed[0], **file.kind.options)["driver"] if listed else None
        )
    if driver not in file.kind.drivers:
        expected = " or ".join(sorted(file.kind.drivers))
        raise Unreadable(f"{file.name} opens as {driver or 'nothing'}, not as {expected}")
    _check_whole(file, driver)
    return listed


def _check_whole(file: GisFile, driver: str) -> None:
    if driver == "GeoJSONSeq":
        check_lines(file.path, file.name)
    elif file.kind is OSM_PBF:
        check_blobs(file.path, file.name)
    elif file.kind in (OSM, GPX):
        check_markup(file.path, file.name)


def _title(file: GisFile, layer: str) -> str:
    """The layer's name, or the file's where the layer has none of its own."""
    return file.name if layer == STEM else layer


def _chosen(layers: list[tuple[GisFile, str]], wanted: str | None) -> list[tuple[GisFile, str]]:
    chosen = [each for each in layers if wanted in (None, _title(*each))]
    if not chosen and not wanted:
        raise Unreadable("the file holds no layer")
    if not chosen:
        known = [_title(*each) for each in layers]
        raise FeedMisconfigured(
            f"[format] layer = {wanted!r} is not in the file", did_you_mean(wanted or "", known)
        )
    return chosen


def _table(file: GisFile, layer: str, spec: FormatSpec, *, name: str) -> Parsed:
    if file.kind is SHAPEFILE:
        check_complete(file.path, file.name)
    with _gdal(file):
        # Latin-1 maps each byte to one character, so that recode() sees the bytes as they are.
        latin1 = "ISO-8859-1" if file.kind.guessed else None
        info = pyogrio.read_info(file.path, layer=layer, encoding=latin1, **file.kind.options)
        # Rows of no columns at all are told apart by their number.
        bare = not len(info["fields"]) and not info["geometry_type"]
        meta, table = pyogrio.read_arrow(
            file.path, layer=layer, encoding=latin1, return_fids=bare, **file.kind.options
        )
    rows = table.num_rows
    _check_count(file, layer, int(info["features"]), rows)
    wkb_name = (meta["geometry_name"] or "wkb_geometry") if meta["geometry_type"] else None
    wkb = table.column(wkb_name).combine_chunks() if wkb_name else None
    table, encoding = _attributes(table.drop_columns([wkb_name] if wkb_name else []), file, spec)
    lines = pa.array(np.arange(1, rows + 1, dtype=np.int64))
    if wkb is None:
        return Parsed(table, lines, "gis", name, encoding, repairs=file.repairs)
    geometry, broken = _flat(wkb, file, layer)
    rejects = _broken(table, broken)
    # Not append_column: a layer may have no other column, and then no length.
    table = pa.table([*table.columns, geometry], names=[*table.column_names, GEOMETRY])
    sound = pa.array(~broken)
    return Parsed(
        table.filter(sound),
        lines.filter(sound),
        "gis",
        name,
        encoding,
        _crs(meta["crs"]),
        rejects,
        repairs=file.repairs,
    )


def _check_count(file: GisFile, layer: str, said: int, rows: int) -> None:
    """Raise Unreadable where a layer gives another number of rows than it says (-1: it does not say)."""
    if said not in (-1, rows):
        raise Unreadable(
            f"{file.name}: layer {layer!r} says that it holds {said} rows and gives {rows}",
            "fetch it again, or ask the publisher to mend it",
        )


def _attributes(table: pa.Table, file: GisFile, spec: FormatSpec) -> tuple[pa.Table, str | None]:
    """The columns beside the geometry, in their true encoding and under names of their own."""
    encoding = file.encoding
    if file.kind.guessed:
        table, encoding = recode(table, spec.encoding, file.path.with_name(CODEPAGE))
    if file.kind in (KML, GML):
        table = table.drop_columns([each for each in table.column_names if each in _DRAWING])
    table = _plain(table)
    names = column_names([GEOMETRY, *table.column_names])
    return table.rename_columns(names[1:]), encoding


def _flat(wkb: pa.Array, file: GisFile, layer: str) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """The geometries in two dimensions, straight, null where empty; and which could not be read."""
    raw = wkb.to_numpy(zero_copy_only=False)
    try:
        shapes = shapely.from_wkb(raw, on_invalid="ignore")
    except NotImplementedError:  # curves: GDAL makes them straight where rows are read one by one
        with _gdal(file):
            _, _, raw, _ = pyogrio.raw.read(file.path, layer=layer, columns=[], force_2d=True)
        shapes = shapely.from_wkb(raw, on_invalid="ignore")
    given = np.array([each is not None for each in raw], dtype=bool)
    broken = given & shapely.is_missing(shapes)
    for place in np.flatnonzero(broken):
        shapes[place] = _patched(raw[place])
    broken &= shapely.is_missing(shapes)
    shapes = shapely.force_2d(shapes)
    shapes[shapely.is_empty(shapes)] = None
    return pa.array(shapely.to_wkb(shapes), pa.binary()), broken


def _patched(wkb: bytes) -> shapely.Geometry | None:
    """A surface of triangles or patches as polygons; None where it is none of those either."""
    try:
        return shapely.from_wkb(as_polygons(wkb), on_invalid="ignore")
    except (ValueError, NotImplementedError):
        return None


def _broken(attributes: pa.Table, broken: npt.NDArray[np.bool_]) -> pa.Table:
    """The rejects of rows whose geometry is none; their value is the row's other columns."""
    rows: list[dict[str, Any]] = []
    for place in np.flatnonzero(broken).tolist():
        row = {name: attributes.column(name)[place].as_py() for name in attributes.column_names}
        rows.append(
            {
                "line": place + 1,
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
            distinct = pc.unique(column).drop_null().to_pylist()
            refuse_mojibake("\n".join(distinct).encode("utf-8", "surrogatepass"), f"the column {name!r}")
    return table.replace_schema_metadata(None)


def _crs(written: str | None) -> str | None:
    """The authority code of a CRS where it is sure, else as written."""
    if not written:
        return None
    try:
        code = pyproj.CRS.from_user_input(written).to_2d().to_authority(min_confidence=70)
    except pyproj.exceptions.CRSError:
        return written
    return ":".join(code) if code else written


@contextmanager
def _gdal(file: GisFile) -> Iterator[None]:
    """Turn GDAL's errors into ours; its warnings are about M values and field widths that we drop."""
    try:
        pyogrio.set_gdal_config_options(_ALONE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (DataSourceError, DataLayerError, OSError, ValueError) as error:
        reason = str(error).replace(str(file.path), file.name).split(";")[0]
        raise Unreadable(
            f"{file.name} cannot be read ({reason})", "open it in a GIS to see what is broken"
        ) from error
