"""One file per way data is written; the file name is the `kind` of a feed's [format]."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from schemas.dataset import ColumnType
from schemas.feed import FormatSpec
from schemas.run import REJECTS

ALIASES = {
    **dict.fromkeys(("shapefile", "geojson", "gpkg", "topojson", "kml", "gml", "filegdb"), "gis"),
    **dict.fromkeys(("flatgeobuf", "mapinfo", "osm", "gpx"), "gis"),
    **{"tsv": "csv", "ndjson": "json", "geoparquet": "parquet", "feather": "arrow"},
}
"""Other names that a feed may give a kind; the content decides among them."""

GEOMETRY = "geometry"
"""The column of a parsed table that holds WKB, in the CRS of `Parsed.crs`."""

PIECE = 96 << 20
"""Bytes of Arrow data that a piece of a large table holds, about: a run needs some eight times as much."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a table too large to be held whole: rows, their places, and unreadable ones."""

    table: pa.Table
    lines: pa.Array
    rejects: pa.Table = field(default_factory=REJECTS.empty_table)


@dataclass(frozen=True)
class Parsed:
    """One table as it is written in the source, before it is normalised.

    `table` holds the columns under their own names. A format without types gives text (null where the
    cell is empty); one with types gives Arrow's. A geometry is WKB in the column `geometry`, in the CRS
    `crs` (an authority code such as `EPSG:5186`, or WKT; None when the source does not say).
    `lines` is int64, the place of each row in the source from 1 (line of the file, sheet row, item).
    `rejects` holds rows that could not be read at all (schemas.run.REJECTS, scope `row`).
    `name` is the table's name where a source holds several, else "". `units` are the units that the
    source names for its columns, by their own names, `types` those that the format's own standard gives to
    them; the types of other texts are found from their values. `repairs` counts by rule what was mended.
    A large table comes in pieces of about PIECE bytes: the first is here, `rest` gives the others in order,
    each with the same columns of the same types. A format gives them once, before its next table is asked
    for; in a table that is kept (harvesters.reading.shelf) they may be asked for again, `beyond` counts
    their rows and rejects, and the first piece may be empty.
    """

    table: pa.Table
    lines: pa.Array
    kind: str
    name: str = ""
    encoding: str | None = None
    crs: str | None = None
    rejects: pa.Table = field(default_factory=REJECTS.empty_table)
    units: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, ColumnType] = field(default_factory=dict)
    repairs: Mapping[str, int] = field(default_factory=dict)
    rest: Iterable[Piece] = ()
    beyond: int = 0

    @property
    def read(self) -> int:
        """How many rows of the source there are, those that could not be read too."""
        return len(self.table) + len(self.rejects) + self.beyond

    def pieces(self) -> Iterator[Piece]:
        """All pieces in order, the first one too where it holds anything."""
        if len(self.table) or len(self.rejects) or not self.beyond:
            yield Piece(self.table, self.lines, self.rejects)
        yield from self.rest


class Format(Protocol):
    """What a module of this package provides. OPTIONS names the fields of FormatSpec that it obeys."""

    OPTIONS: frozenset[str]

    def read(self, path: Path, spec: FormatSpec) -> Iterator[Parsed]:
        """Read every table of a file; raises Unreadable with what, where and how to mend it."""


def format_kinds() -> tuple[str, ...]:
    """The kinds a feed may name."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)))


def resolved_kind(kind: str) -> str:
    """The kind that a feed's word means; raises LookupError when there is none."""
    resolved = ALIASES.get(kind, kind).replace("_", "-")
    if resolved not in format_kinds():
        raise LookupError(kind)
    return resolved


def format_reader(kind: str) -> Format:
    """The module of a kind; raises LookupError when there is none."""
    module: Format = import_module(f"{__name__}.{resolved_kind(kind).replace('-', '_')}")
    return module
