"""Layers of snapshots in files that lie ready to be drawn, made when a map first asks for them."""

from __future__ import annotations

import os
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from catalogue.encode.tiles.grid import world
from catalogue.encode.tiles.layer import CORNERS, SHAPE, Layer
from catalogue.encode.whole import batches
from catalogue.geometry import boxes, geometry_column, points, shapes
from catalogue.rows.question.plan import ID_COLUMN
from catalogue.snapshots import Parts
from schemas.arrow import arrow_schema
from schemas.dataset import Column
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.snapshot import Snapshot

LAYOUT = 1
"""Raised when the files change, so that none of old is taken for a new one."""
LARGEST = 5_000_000
"""Rows of a layer; a map of more is made elsewhere, of a download."""
OPEN, OPEN_ROWS = 32, 4_000_000
"""Layers that are kept open, and their rows: each takes 32 bytes of memory, the rest stays on the disk."""
_GIGABYTE = 2**30


class Layers:
    """The layers of all snapshots of a storage; what lies in `folder` may be deleted at any time.

    Above `most_bytes` in total, the files not opened for longest are deleted when another is made. Safe to
    share by threads and processes.
    """

    def __init__(self, storage: Parts, folder: Path, *, most_bytes: int = 10 * _GIGABYTE) -> None:
        self._storage, self._folder, self._most_bytes = storage, folder, most_bytes
        self._open: OrderedDict[str, Layer] = OrderedDict()
        self._making: dict[str, Lock] = {}
        self._lock = Lock()

    def of(self, snapshot: Snapshot) -> Layer:
        """The layer of a snapshot; raises BadInput where its rows have no geometry, or are too many."""
        check(snapshot)
        layer = self._used(snapshot.id)
        if layer is None:
            with self._lock:
                making = self._making.setdefault(snapshot.id, Lock())
            with making:  # A map asks for many tiles at once; all but one wait for the first to make it.
                layer = self._open.get(snapshot.id) or self._opened(snapshot)
                self._keep(snapshot.id, layer)
        return layer

    def _used(self, snapshot_id: str) -> Layer | None:
        with self._lock:
            if snapshot_id in self._open:
                self._open.move_to_end(snapshot_id)
            return self._open.get(snapshot_id)

    def _keep(self, snapshot_id: str, layer: Layer) -> None:
        with self._lock:
            self._making.pop(snapshot_id, None)
            self._open[snapshot_id] = layer
            while len(self._open) > 1 and self._too_many():
                self._open.popitem(last=False)

    def _too_many(self) -> bool:
        return len(self._open) > OPEN or sum(map(len, self._open.values())) > OPEN_ROWS

    def forget(self, snapshot_id: str) -> None:
        """Delete the layer of a snapshot."""
        with self._lock:
            self._open.pop(snapshot_id, None)
        self._file(snapshot_id).unlink(missing_ok=True)

    def _opened(self, snapshot: Snapshot) -> Layer:
        file = self._file(snapshot.id)
        if not file.exists():
            self._make(snapshot, file)
        os.utime(file)
        with pa.memory_map(str(file)) as source:
            return Layer(snapshot.dataset, pa.ipc.open_file(source).read_all())

    def _make(self, snapshot: Snapshot, file: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f".{secrets.token_hex(6)}.{file.name}")
        place = geometry_column(snapshot.columns)
        nothing = pa.RecordBatch.from_pylist([], arrow_schema(snapshot.columns))
        try:
            first = _laid(nothing, snapshot, str(place))
            with pa.ipc.new_file(str(partial), first.schema) as writer:
                for batch in batches(snapshot, self._storage):
                    writer.write_batch(_laid(batch, snapshot, str(place)))
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
        self._evict(file)

    def _evict(self, newest: Path) -> None:
        total = 0
        for file in sorted(self._folder.glob("[!.]*.arrow"), key=lambda each: -each.stat().st_mtime):
            total += file.stat().st_size
            if total > self._most_bytes and file != newest:
                file.unlink(missing_ok=True)

    def _file(self, snapshot_id: str) -> Path:
        return self._folder / f"{snapshot_id}.{LAYOUT}.arrow"


def check(snapshot: Snapshot) -> None:
    """Raises BadInput for a snapshot that cannot be drawn."""
    if geometry_column(snapshot.columns) is None:
        raise BadInput([InputError("tiles", "place rows on a map, and these rows have no geometry")])
    if snapshot.rows > LARGEST:
        hint = "ask rows with a bbox, or download the dataset"
        raise BadInput([InputError("tiles", f"are drawn of at most {LARGEST:,} rows", hint)])


def told(columns: tuple[Column, ...], chosen: str | None = None) -> list[str]:
    """The names of the columns that features have as attributes: `_id` and all but geometries, or those
    `chosen` by commas; raises BadInput for one that there is not, or that is named twice."""
    known = [ID_COLUMN.name, *(column.name for column in columns if column.type != "geometry")]
    if chosen is None:
        return known
    names = chosen.split(",")
    faults = [
        InputError("properties", f"there is no column {name!r}", did_you_mean(name, known))
        for name in names
        if name not in known
    ]
    if len(set(names)) < len(names):
        faults.append(InputError("properties", "names a column more than once", "name each once"))
    if faults:
        raise BadInput(faults)
    return names


def fields(columns: tuple[Column, ...], names: Sequence[str]) -> dict[str, str]:
    """Attributes and what they are, in the words of TileJSON."""
    words = {"integer": "Number", "number": "Number", "boolean": "Boolean"}
    kinds = {column.name: words.get(column.type, "String") for column in columns}
    return {name: kinds.get(name, "String") for name in names}


def _laid(batch: pa.RecordBatch, snapshot: Snapshot, place: str) -> pa.RecordBatch:
    """Rows with their boxes in the world, and texts as they are: a file cannot hold growing dictionaries."""
    corners, _ = boxes(pa.chunked_array([batch[place]]))
    corners[_endless(batch[place])] = np.nan
    west_north, east_south = world(corners[:, [0, 3]]), world(corners[:, [2, 1]])
    names = told(snapshot.columns)
    columns: list[Any] = [_plain(batch[name]) for name in names]
    columns += [pa.array(side) for side in np.hstack([west_north, east_south]).T]
    return pa.record_batch([*columns, batch[place]], names=[*names, *CORNERS, SHAPE])


def _endless(wkb: pa.Array) -> Any:
    """Which shapes (n,) have a coordinate that is no number: one would spoil a tile for all others."""
    found = np.zeros(len(wkb), np.bool_)
    if points(wkb) is None:
        coordinates, owners = shapely.get_coordinates(shapes(wkb), return_index=True)
        found[owners[~np.isfinite(coordinates).all(axis=1)]] = True
    return found


def _plain(column: Any) -> Any:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
