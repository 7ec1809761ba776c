"""Read the datasets of a DCAT catalogue, in RDF/XML, Turtle, N-Triples or JSON-LD, as entries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harvesters.faults import Unreadable
from harvesters.formats import Parsed
from harvesters.reading.catalogues import table_of_entries
from harvesters.reading.catalogues.dcat import entries
from harvesters.reading.catalogues.rdf import graph_of, text_of
from schemas.feed import FormatSpec

OPTIONS = frozenset({"encoding"})


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One row for each dcat:Dataset; raises Unreadable where there is none."""
    text, encoding = text_of(path, spec.encoding)
    found = list(entries(graph_of(text)))
    if not found:
        raise Unreadable("the RDF holds no dcat:Dataset", "other RDF is not read here")
    yield table_of_entries(found, "dcat", encoding)
