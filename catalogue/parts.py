"""What a catalogue is made of, and the files it hands out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Engine

from catalogue.encode.downloads import Downloads
from catalogue.rows import Rows
from catalogue.rows.compare import Comparer
from catalogue.rows.latest import Latest
from catalogue.search import SearchEngine
from catalogue.storage import Storage


@dataclass(frozen=True)
class Parts:
    """The stores behind a catalogue."""

    engine: Engine
    storage: Storage
    search: SearchEngine
    rows: Rows
    latest: Latest
    comparer: Comparer
    downloads: Downloads
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Export:
    """A whole snapshot as a file of `rows` rows; `etag` is strong and names this snapshot in this format.

    `sha256` is the digest of the file's bytes.
    """

    path: Path
    media_type: str
    filename: str
    etag: str
    snapshot: str
    rows: int
    sha256: bytes
