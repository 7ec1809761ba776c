"""Read a record of geographic metadata (ISO 19139) as an entry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harvesters.formats import Parsed
from harvesters.reading.catalogues import table_of_entries
from harvesters.reading.catalogues.iso19139 import entry
from harvesters.reading.catalogues.markup import root_of
from schemas.feed import FormatSpec

OPTIONS: frozenset[str] = frozenset()


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One row; raises Unreadable naming the line where the text is no XML, or for another element."""
    root = root_of(path.read_bytes())
    yield table_of_entries(
        [entry(root)], "iso19139", (root.getroottree().docinfo.encoding or "utf-8").lower()
    )
