"""The whole of a snapshot as a file, made once and kept for the next who asks."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from catalogue.encode import formats, packing
from catalogue.encode.answers import Answer, write
from catalogue.encode.gdal import NOT_KNOWN, Places
from catalogue.encode.tiles import Layers, archive
from catalogue.encode.whole import ROWS, batches
from catalogue.geometry import geometry_column
from catalogue.geoparquet import covering_name
from catalogue.rows.engines.flow import Flow
from catalogue.snapshots import Parts
from schemas.dataset import Column
from schemas.snapshot import Snapshot

LAYOUT = 3
"""Raised when a format is written otherwise than before, so that no file of old is taken for a new one."""
GIGABYTE = 2**30
_ABANDONED = 6 * 3600
"""Seconds without a byte after which a half-made file is nobody's."""


@dataclass(frozen=True)
class Made:
    """A file of a whole snapshot, the SHA-256 of its bytes, and the strong tag that names them."""

    path: Path
    sha256: bytes
    etag: str


class Exports:
    """The files of whole snapshots in a folder that may be deleted at any time; safe to share by processes.

    Above `most_bytes` in total, those not asked for longest are deleted when another is made.
    """

    def __init__(self, storage: Parts, folder: Path, *, most_bytes: int = 20 * GIGABYTE) -> None:
        self._storage, self._folder, self._most_bytes = storage, folder, most_bytes
        self.layers = Layers(storage, folder / "layers")

    def ready(self, snapshot: Snapshot, name: str) -> Made | None:
        """The file of a snapshot that DOWNLOADS calls `name`, None where it is not made; raises BadInput for
        a name that is unknown or a format that needs a geometry."""
        formats.check(name, snapshot.columns, formats.DOWNLOADS, "downloads")
        path, digest = self._paths(snapshot, name)
        try:
            sha256 = bytes.fromhex(digest.read_text())
            os.utime(digest)  # What was asked for last is deleted last.
            return Made(path, sha256, digest.stem) if path.exists() else None
        except (FileNotFoundError, ValueError):
            return None

    def make(self, snapshot: Snapshot, name: str) -> Made:
        """The same, made where it is not; others that want it wait meanwhile, and see the whole of it.

        Raises BadInput as `ready` does.
        """
        if (made := self.ready(snapshot, name)) is not None:
            return made
        path, digest = self._paths(snapshot, name)
        with self._alone(digest):
            if (made := self.ready(snapshot, name)) is not None:
                return made
            if path.parent == self._folder and not path.exists():
                self._make(snapshot, name, path)
            with path.open("rb") as file, _appearing(digest) as partial:
                partial.write_text(hashlib.file_digest(file, "sha256").hexdigest())
        self._evict(digest)
        return Made(path, bytes.fromhex(digest.read_text()), digest.stem)

    def forget(self, snapshot_id: str) -> None:
        """Delete all files of a snapshot."""
        for file in self._folder.glob(f"{snapshot_id}.*"):
            file.unlink(missing_ok=True)
        self.layers.forget(snapshot_id)

    def _make(self, snapshot: Snapshot, name: str, path: Path) -> None:
        format, _, packed = name.partition(".")
        with _appearing(path) as partial:
            if packed:
                packing.pack(self.make(snapshot, format).path, packed, partial)
            elif name == "pmtiles":
                archive.write(self.layers.of(snapshot), snapshot, partial)
            else:
                whole = Flow(snapshot.columns, snapshot.rows, None)
                write(answer_of(snapshot, whole, self._storage), format, partial)

    def _paths(self, snapshot: Snapshot, name: str) -> tuple[Path, Path]:
        """Where the file lies, which is the stored part itself where that is all, and its digest."""
        _, extension = formats.DOWNLOADS[name]
        file = self._folder / f"{snapshot.id}.{LAYOUT}.{extension}"
        digest = file.with_name(f"{file.name}.sha256")
        if name == "parquet" and len(snapshot.parts) == 1 and not snapshot.parts[0].head:
            return self._storage.path(snapshot.parts[0].path), digest
        return file, digest

    @contextmanager
    def _alone(self, digest: Path) -> Iterator[None]:
        """Hold off all others, of this process and the rest, that would make the same."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = digest.with_name(f".{digest.name}.lock")
        with lock.open("w") as held:
            flock(held, LOCK_EX)
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)

    def _evict(self, newest: Path) -> None:
        """Delete what is over the size allowed, and what was left half made by those that died."""
        total = 0
        for digest in sorted(self._folder.glob("*.sha256"), key=_last_used, reverse=True):
            file = digest.with_suffix("")
            total += file.stat().st_size if file.exists() else 0
            if total > self._most_bytes and digest != newest:
                digest.unlink(missing_ok=True)
                file.unlink(missing_ok=True)
        for partial in self._folder.glob(".*"):
            if _last_used(partial) < _last_used(newest) - _ABANDONED:
                partial.unlink(missing_ok=True)


def answer_of(snapshot: Snapshot, flow: Flow, storage: Parts) -> Answer:
    """All rows of a snapshot that answer a query, ready to be written."""
    give = flow.batches
    return Answer(
        snapshot.dataset,
        flow.columns,
        flow.rows,
        lambda: batches(snapshot, storage, flow.columns) if give is None else give(ROWS),
        places(snapshot, flow.columns, storage),
        snapshot.created,
    )


def places(snapshot: Snapshot, columns: tuple[Column, ...], storage: Parts) -> Places:
    """Where the rows of a snapshot are by the geometry of `columns`, as the metadata of its parts say."""
    place = geometry_column(columns)
    if place is None or place != geometry_column(snapshot.columns):
        return NOT_KNOWN
    kinds: set[str] = set()
    nowhere, corner = 0, f"{covering_name(snapshot.columns)}.xmin"
    for part in snapshot.parts:
        metadata = pq.read_metadata(storage.path(part.path))
        geo = json.loads((metadata.metadata or {}).get(b"geo", b"null"))
        if geo is None or geo["primary_column"] != place:
            return NOT_KNOWN
        kinds |= set(geo["columns"][place]["geometry_types"])
        nowhere += _missing(metadata, corner)
    return Places(tuple(sorted(kinds)), not nowhere)


def _missing(metadata: Any, name: str) -> int:
    """How many values of a column a file lacks, by its statistics; at least one where they do not say."""
    missing = 0
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for column in map(group.column, range(metadata.num_columns)):
            if column.path_in_schema == name:
                known = column.statistics is not None and column.statistics.has_null_count
                missing += column.statistics.null_count if known else 1
    return missing


@contextmanager
def _appearing(file: Path) -> Iterator[Path]:
    """A path to write to, whose file appears under its name whole or not at all."""
    partial = file.with_name(f".{secrets.token_hex(6)}.{file.name}")
    try:
        yield partial
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _last_used(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
