"""Read zipped shapefiles, GeoJSON, TopoJSON, GeoPackage and KML into rows with a geometry."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import pyogrio.raw
import pyproj
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from harvesters.archives import Member, members, unzip
from harvesters.encoding import chunks, encoding_of, refuse_mojibake
from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import GEOMETRY, Parsed
from harvesters.headers import column_names
from harvesters.shapefile import CODEPAGE, check_complete, recode
from schemas.feed import FormatSpec
from schemas.problem import did_you_mean
from schemas.run import REJECTS

OPTIONS = frozenset({"crs", "encoding", "layer", "member"})

_DRIVERS = {
    ".shp": {"ESRI Shapefile"},
    ".json": {"GeoJSON", "TopoJSON", "ESRIJSON", "GeoJSONSeq"},
    ".gpkg": {"GPKG"},
    ".kml": {"LIBKML", "KML"},
}
_NAMED = {".geojson": ".json", ".topojson": ".json"} | {suffix: suffix for suffix in _DRIVERS}
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
# How Google Earth draws a place, not what the place is.
_DRAWING = frozenset({"altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon", "snippet"})
# These make GDAL open what they name: other files, addresses, pipelines.
_POINTERS = re.compile(rb"<(?:OGRVRTDataSource|VRTDataset|OGRVRTLayer)|gdal_streamed_alg|<!ENTITY")


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table a layer; raises Unreadable when a file is broken, incomplete or of another kind."""
    with TemporaryDirectory(prefix="entrepot-gis-") as folder:
        sources = _unpacked(path, spec, Path(folder))
        layers = [(source, layer) for source in sources for layer in _layers(source)]
        wanted = _chosen(layers, spec.layer)
        for source, layer in wanted:
            yield _table(source, layer, spec, name=layer if len(wanted) > 1 else "")


def _unpacked(path: Path, spec: FormatSpec, folder: Path) -> list[Path]:
    """The file under a name that tells GDAL what it is, or the data files of a ZIP, in a private folder."""
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.startswith(b"PK"):
        return [_placed(path, _suffix(head), "data", folder, spec)]
    found = members(path)
    data = [each for each in found if each.suffix in _NAMED and spec.member in (None, each.name)]
    shapes = [each for each in data if each.suffix == ".shp"]
    if not data:
        raise Unreadable(
            f"the ZIP file holds no geometry, only {_listed(found)}", "[format] member names a file of it"
        )
    sources = []
    for number, member in enumerate(shapes or data):
        place = folder / str(number)
        place.mkdir()
        sources.append(_member(path, member, found, place, spec))
    return sources


def _member(path: Path, member: Member, found: tuple[Member, ...], place: Path, spec: FormatSpec) -> Path:
    stem = PurePosixPath(member.name).stem.replace("\0", "") or "data"
    if member.suffix != ".shp":
        unzip(path, member, place / "packed")
        return _placed(place / "packed", _NAMED[member.suffix], stem, place, spec)
    root = member.name[: -len(".shp")].casefold()
    parts = {each.suffix: each for each in found if each.name.casefold() in {root + part for part in _PARTS}}
    for needed in (".shx", ".dbf"):
        if needed not in parts:
            raise Unreadable(
                f"the shapefile {member.name!r} comes without its {needed}",
                "all of .shp .shx .dbf .prj belong in the ZIP",
            )
    for suffix, part in parts.items():
        # GDAL believes a .cpg; we do not, so it is put where GDAL does not look.
        unzip(path, part, place / (CODEPAGE if suffix == ".cpg" else f"{stem}{suffix}"))
    return place / f"{stem}.shp"


def _suffix(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"SQLite format 3\0"):
        return ".gpkg"
    if text.startswith((b"{", b"\x1e")):
        return ".json"
    if text.startswith(b"<") and b"<kml" in head:
        return ".kml"
    if head.startswith(b"\0\0\x27\x0a"):
        raise Unreadable("this is one file of a shapefile", "zip its .shp, .shx, .dbf and .prj together")
    raise Unreadable(
        "this is neither a zipped shapefile nor GeoJSON, TopoJSON, GeoPackage or KML",
        "[format] kind says what it is",
    )


def _placed(path: Path, suffix: str, stem: str, folder: Path, spec: FormatSpec) -> Path:
    """The file under `stem` in UTF-8; text that could send GDAL elsewhere is refused."""
    place = folder / f"{stem}{suffix}"
    if suffix == ".gpkg":
        place.symlink_to(path.resolve())
        return place
    encoding = encoding_of(path, spec.encoding)
    with place.open("wb") as file:
        before = b""
        for chunk in chunks(path, encoding):
            data = chunk.encode()
            pointer = _POINTERS.search(before + data)
            if pointer:
                raise Unreadable(
                    f"the file points elsewhere with {pointer[0].decode()!r}, which is not followed"
                )
            file.write(data)
            before = data[-64:]
    return place


def _layers(source: Path) -> list[str]:
    if source.suffix == ".shp":
        return [source.stem]
    with _gdal(source):
        listed = [str(name) for name in pyogrio.list_layers(source)[:, 0]]
        driver = pyogrio.read_info(source, layer=listed[0])["driver"] if listed else None
    expected = _DRIVERS[source.suffix]
    if driver not in expected:
        raise Unreadable(
            f"{source.name} opens as {driver or 'nothing'}, not as {' or '.join(sorted(expected))}"
        )
    return listed


def _chosen(layers: list[tuple[Path, str]], wanted: str | None) -> list[tuple[Path, str]]:
    if not layers:
        raise Unreadable("the file holds no layer")
    chosen = [each for each in layers if wanted in (None, each[1])]
    if not chosen:
        raise FeedMisconfigured(
            f"[format] layer = {wanted!r} is not in the file",
            did_you_mean(wanted or "", [name for _, name in layers]),
        )
    return chosen


def _table(source: Path, layer: str, spec: FormatSpec, *, name: str) -> Parsed:
    is_shapefile = source.suffix == ".shp"
    if is_shapefile:
        check_complete(source)
    with _gdal(source):
        # Latin-1 maps each byte to one character, so that recode() sees the bytes as they are.
        meta, table = pyogrio.read_arrow(source, layer=layer, encoding="ISO-8859-1" if is_shapefile else None)
    rows = table.num_rows
    wkb_name = (meta["geometry_name"] or "wkb_geometry") if meta["geometry_type"] else None
    wkb = table.column(wkb_name).combine_chunks() if wkb_name else None
    table, encoding = _attributes(table.drop_columns([wkb_name] if wkb_name else []), source, spec)
    lines = pa.array(np.arange(1, rows + 1, dtype=np.int64))
    rejects = REJECTS.empty_table()
    if wkb is not None:
        geometry, broken = _flat(wkb, source, layer)
        rejects = _broken(table, lines, broken)
        # Not append_column: a layer may have no other column, and then no length.
        table = pa.table([*table.columns, geometry], names=[*table.column_names, GEOMETRY])
        table, lines = table.filter(pa.array(~broken)), lines.filter(pa.array(~broken))
    return Parsed(table, lines, "gis", name, encoding, _crs(meta["crs"]), rejects)


def _attributes(table: pa.Table, source: Path, spec: FormatSpec) -> tuple[pa.Table, str]:
    """The columns beside the geometry, in their true encoding and under names of their own."""
    encoding = "utf-8"
    if source.suffix == ".shp":
        table, encoding = recode(table, spec.encoding, source.with_name(CODEPAGE))
    if source.suffix == ".kml":
        table = table.drop_columns([each for each in table.column_names if each in _DRAWING])
    table = _plain(table)
    names = column_names([GEOMETRY, *table.column_names])
    return table.rename_columns(names[1:]), encoding


def _flat(wkb: pa.Array, source: Path, layer: str) -> tuple[pa.Array, np.ndarray[Any, np.dtype[np.bool_]]]:
    """The geometries in two dimensions, straight, null where empty; and which could not be read."""
    raw = wkb.to_numpy(zero_copy_only=False)
    try:
        shapes = shapely.from_wkb(raw, on_invalid="ignore")
    except NotImplementedError:  # curves: GDAL makes them straight where rows are read one by one
        with _gdal(source):
            _, _, raw, _ = pyogrio.raw.read(source, layer=layer, columns=[], force_2d=True)
        shapes = shapely.from_wkb(raw, on_invalid="ignore")
    broken = np.array([each is not None for each in raw], dtype=bool) & shapely.is_missing(shapes)
    shapes = shapely.force_2d(shapes)
    shapes[shapely.is_empty(shapes)] = None
    return pa.array(shapely.to_wkb(shapes), pa.binary()), broken


def _broken(table: pa.Table, lines: pa.Array, broken: np.ndarray[Any, np.dtype[np.bool_]]) -> pa.Table:
    rows = [
        {
            "line": lines[place].as_py(),
            "scope": "row",
            "column": GEOMETRY,
            "value": orjson.dumps(
                table.drop_columns([GEOMETRY]).slice(place, 1).to_pylist()[0], default=str
            ).decode(),
            "reason": "geometry",
            "detail": "the geometry is broken, such as a ring of two points",
        }
        for place in np.flatnonzero(broken).tolist()
    ]
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
        code = pyproj.CRS.from_user_input(written).to_authority(min_confidence=70)
    except pyproj.exceptions.CRSError:
        return written
    return ":".join(code) if code else written


def _listed(found: tuple[Member, ...]) -> str:
    return ", ".join(repr(each.name) for each in found[:5]) + (", …" if len(found) > 5 else "") or "nothing"


@contextmanager
def _gdal(source: Path) -> Iterator[None]:
    """Turn GDAL's errors into ours; its warnings are about M values and field widths that we drop."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (DataSourceError, DataLayerError, UnicodeDecodeError, ValueError) as error:
        reason = str(error).replace(str(source), source.name).split(";")[0]
        raise Unreadable(
            f"{source.name} cannot be read ({reason})", "open it in a GIS to see what is broken"
        ) from error
