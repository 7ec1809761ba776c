"""Read the records in an answer of a catalogue service (CSW GetRecords) as entries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harvesters.faults import SourceRefused, SourceUnavailable, Unreadable
from harvesters.formats import Parsed
from harvesters.reading.catalogues import table_of_entries
from harvesters.reading.catalogues.csw import page_of
from schemas.feed import FormatSpec

OPTIONS: frozenset[str] = frozenset()


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One row for each record of whichever schema; raises Unreadable."""
    try:
        page = page_of(path.read_bytes())
    except (SourceRefused, SourceUnavailable) as fault:
        raise Unreadable(str(fault), "it recorded a fault, not data") from None
    yield table_of_entries(page.entries, "csw", page.encoding)
