"""Read the packages in a recorded answer, or a dump, of a CKAN catalogue as entries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harvesters.formats import Parsed
from harvesters.reading.catalogues import table_of_entries
from harvesters.reading.catalogues.ckan import entry, packages_of
from harvesters.reading.catalogues.documents import read_json
from schemas.feed import FormatSpec

OPTIONS = frozenset({"encoding"})


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One row for each package; raises Unreadable where there is none, or a fault was recorded."""
    document, encoding = read_json(path, spec.encoding)
    yield table_of_entries(map(entry, packages_of(document)), "ckan", encoding)
