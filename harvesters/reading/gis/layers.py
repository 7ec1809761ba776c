"""Open the layers of a GIS file with GDAL and give their rows in pieces, its errors in our words."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa
import pyogrio
import pyogrio.raw
from pyogrio.errors import DataLayerError, DataSourceError

from harvesters.faults import Unreadable
from harvesters.formats import PIECE
from harvesters.reading.gis.checks import check_blobs, check_lines, check_markup, check_tables
from harvesters.reading.gis.files import STEM, GisFile
from harvesters.reading.gis.geojson import Features, Unusual
from harvesters.reading.gis.geojson_columns import WKB, Rows
from harvesters.reading.gis.kinds import GPX, JSON, OSM, OSM_PBF, SHAPEFILE, SQLITE
from harvesters.reading.gis.points import points

_BATCH = 16_384
"""Rows that are asked for at once: they are turned into columns while the processor holds them."""
_SHAPELY, _SHAPE = 3, 400
"""A geometry to reckon with takes so many times the memory of one as it is stored, and so many bytes."""
_FEW = 4_096
"""Rows that are asked for at once where a layer does not say how many it has."""

# What is read names no address that GDAL follows; should it find one all the same, there is no way out.
_ALONE = {
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTPS_PROXY": "127.0.0.1:9",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
}


@dataclass(frozen=True)
class Layer:
    """A layer of a file, its own name, and what GDAL says of it (pyogrio.read_info).

    `rows` are those of a GeoJSON that are read already; GDAL has seen the first of them then.
    """

    file: GisFile
    name: str
    info: Mapping[str, Any]
    rows: Rows | None = None

    @property
    def title(self) -> str:
        """The layer's name, or the file's where the layer has none of its own."""
        return self.file.name if self.name == STEM else self.name

    @property
    def wkb(self) -> str | None:
        """The column of the geometries, None for a layer without any."""
        return (self.info["geometry_name"] or WKB) if self.info["geometry_type"] or self.rows else None


def layers(file: GisFile) -> list[Layer]:
    """The layers of a file; raises Unreadable where GDAL cannot open it, or opens it as another kind."""
    if file.kind is SQLITE:
        check_tables(file.path, file.name)
    collection = _collection(file) if file.kind is JSON else None
    if collection is not None:
        return [collection]
    with gdal(file):
        # To open a GeoJSON is to read it from end to end, and it holds one layer.
        only = _info(file) if file.kind in (JSON, SHAPEFILE) else None
        if only is not None and only["driver"] != "TopoJSON":
            names = [STEM if file.kind is SHAPEFILE else str(only["layer_name"])]
        else:
            only, names = None, [str(name) for name in pyogrio.list_layers(file.path)[:, 0]]
    found = [Layer(file, name, only or _info_of(file, name)) for name in names]
    driver = found[0].info["driver"] if found else None
    if driver not in file.kind.drivers:
        expected = " or ".join(sorted(file.kind.drivers))
        raise Unreadable(f"{file.name} opens as {driver or 'nothing'}, not as {expected}")
    _check_whole(file, driver)
    return found


def _collection(file: GisFile) -> Layer | None:
    """The layer of a plain GeoJSON, its rows read without GDAL; None for all that GDAL understands better."""
    features = Features(file.path)
    try:
        rows = Rows(features, file.path.with_name("features"))
    except Unusual:
        return None
    outline = file.path.with_name("outline") / file.path.name  # GDAL may take the file's name for the layer's
    outline.parent.mkdir()
    outline.write_bytes(features.outline)
    with gdal(file):
        info = _info(replace(file, path=outline))
    return Layer(file, str(info["layer_name"]), info, rows) if info["driver"] == "GeoJSON" else None


def _info_of(file: GisFile, layer: str) -> dict[str, Any]:
    try:
        with gdal(file):
            return _info(file, layer)
    except Unreadable as fault:
        raise Unreadable(f"layer {layer!r}: {fault}") from fault


def _info(file: GisFile, layer: str | None = None) -> dict[str, Any]:
    info: dict[str, Any] = pyogrio.read_info(
        file.path, layer=layer, encoding=_encoding(file), **file.kind.options
    )
    return info


def _encoding(file: GisFile) -> str | None:
    # Latin-1 maps each byte to one character, so that it can be seen as it is and decoded later.
    return "ISO-8859-1" if file.kind.guessed else None


def _check_whole(file: GisFile, driver: str) -> None:
    if driver == "GeoJSONSeq":
        check_lines(file.path, file.name)
    elif file.kind is OSM_PBF:
        check_blobs(file.path, file.name)
    elif file.kind in (OSM, GPX):
        check_markup(file.path, file.name)


def pieces(layer: Layer) -> Iterator[pa.Table]:
    """The rows in order, at least one piece.

    Raises Unreadable, also where the layer gives another number of rows than it says.
    """
    weigh = partial(_weight, layer.wkb)
    if layer.rows is not None:
        yield from layer.rows.pieces(PIECE, weigh)
        return
    held: list[pa.RecordBatch] = []
    rows = size = 0
    schema: pa.Schema | None = None
    for batch in _batches(layer):
        schema, rows, size = batch.schema, rows + batch.num_rows, size + weigh(batch)
        held.append(batch)
        if size >= PIECE:
            yield pa.Table.from_batches(held)
            held, size = [], 0
    _check_count(layer, rows)
    if held and (rows == 0 or sum(each.num_rows for each in held)):
        yield pa.Table.from_batches(held, schema)


def _weight(wkb: str | None, rows: pa.RecordBatch | pa.Table) -> int:
    """The bytes that rows take where their places are reckoned with; plain points are left as they are."""
    weight = int(rows.nbytes)
    if wkb is None or points(rows[wkb]) is not None:
        return weight
    return weight + (_SHAPELY - 1) * int(rows[wkb].nbytes) + _SHAPE * int(rows.num_rows)


def _batches(layer: Layer) -> Iterator[pa.RecordBatch]:
    """The rows as GDAL hands them on, with an empty batch at the end."""
    file, info = layer.file, layer.info
    # Rows of no columns at all are told apart by their number.
    bare = not len(info["fields"]) and not info["geometry_type"]
    with ExitStack() as stack:
        with gdal(file):
            opened = pyogrio.raw.open_arrow(
                file.path,
                layer=layer.name,
                encoding=_encoding(file),
                return_fids=bare,
                batch_size=_together(layer),
                use_pyarrow=True,
                **file.kind.options,
            )
            _, reader = stack.enter_context(opened)
        batch = None
        while True:
            with gdal(file):
                batch = next(reader, None)
                if batch is not None and not file.kind.guessed:
                    batch.validate(full=True)  # GDAL hands on what a file holds, broken texts and places too.
            if batch is None:
                break
            yield batch
        yield pa.RecordBatch.from_pylist([], reader.schema)


def _together(layer: Layer) -> int:
    """So many rows that a batch is a part of a piece, as far as rows are alike and files not packed."""
    rows = int(layer.info["features"])
    if rows < 1:
        return _FEW
    beside = layer.file.path.parent.rglob("*")
    size = sum(each.stat().st_size for each in beside if each.is_file())
    return max(1, min(_BATCH, rows * (PIECE // 8) // max(1, size)))


def _check_count(layer: Layer, rows: int) -> None:
    """Raise Unreadable where a layer gives another number of rows than it says (-1: it does not say)."""
    said = int(layer.info["features"])
    if said not in (-1, rows):
        raise Unreadable(
            f"{layer.file.name}: layer {layer.name!r} says that it holds {said} rows and gives {rows}",
            "fetch it again, or ask the publisher to mend it",
        )


def straight(layer: Layer, start: int, rows: int) -> Any:
    """The geometries (rows,) of a stretch of the rows as WKB without curves: GDAL makes them straight where
    rows are read one by one."""
    with gdal(layer.file):
        _, _, wkb, _ = pyogrio.raw.read(
            layer.file.path,
            layer=layer.name,
            columns=[],
            skip_features=start,
            max_features=rows,
            **layer.file.kind.options,
        )
    return wkb


@contextmanager
def gdal(file: GisFile) -> Iterator[None]:
    """Turn GDAL's errors into ours; its warnings are about M values and field widths that we drop."""
    try:
        pyogrio.set_gdal_config_options(_ALONE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (DataSourceError, DataLayerError, OSError, ValueError, pa.ArrowException) as error:
        reason = str(error).replace(str(file.path), file.name).split(";")[0]
        raise Unreadable(
            f"{file.name} cannot be read ({reason})", "open it in a GIS to see what is broken"
        ) from error
