"""Read the datasets of a data.json catalogue (DCAT-US 1.1 and 3.0) as entries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harvesters.formats import Parsed
from harvesters.reading.catalogues import table_of_entries
from harvesters.reading.catalogues.dcat_us import datasets_of, entry
from harvesters.reading.catalogues.documents import read_json
from schemas.feed import FormatSpec

OPTIONS = frozenset({"encoding"})


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One row for each dataset, an empty one for what is no object; raises Unreadable."""
    document, encoding = read_json(path, spec.encoding)
    yield table_of_entries(map(entry, datasets_of(document)), "dcat-us", encoding)
