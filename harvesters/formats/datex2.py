"""Read a DATEX II message of road traffic, version 2 or 3: a table for each kind of publication in it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import GEOMETRY, Parsed, Piece
from harvesters.reading.transport.datex import local, names_in, records
from harvesters.reading.transport.datex_rows import ELEMENTS, PUBLICATIONS, Publication
from schemas.feed import FormatSpec
from schemas.problem import did_you_mean

OPTIONS = frozenset({"layer", "member"})

ROWS = 20_000
"""How many rows a piece holds."""


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """The records of a message, streamed: `situations`, `measurements`, `measurement_sites`, `parking` and
    `parking_status`; `layer` chooses one.

    Measurements and their sites meet in `site_id` and `index`. Places are in OGC:CRS84, null where a record
    only names one of a location table. Raises Unreadable for a broken message or one of other publications.
    """
    found = names_in(path, ELEMENTS)
    held = [name for name, each in PUBLICATIONS.items() if found.intersection(each.elements)]
    if spec.layer is not None and spec.layer not in PUBLICATIONS:
        raise FeedMisconfigured(
            f"[format] layer = {spec.layer!r} is no table of DATEX II", did_you_mean(spec.layer, PUBLICATIONS)
        )
    if not held and not spec.layer:
        _refuse_others(path)
    wanted = [spec.layer] if spec.layer else held
    for name in wanted:
        yield _parsed(path, PUBLICATIONS[name], name=name if len(wanted) > 1 else "")


def _refuse_others(path: Path) -> None:
    # Reading it to its end tells a broken message from one of another kind.
    for _ in records(path, ("payloadPublication",)):
        pass
    raise Unreadable(
        f"the message holds none of {', '.join(PUBLICATIONS)}",
        '[format] kind = "xml" and records = "…" read its elements as they are',
    )


def _parsed(path: Path, publication: Publication, *, name: str) -> Parsed:
    pieces = _pieces(path, publication)
    first = next(pieces, None) or _piece([], publication, 1)
    second = next(pieces, None)
    return Parsed(
        first.table,
        first.lines,
        "datex2",
        name,
        crs="OGC:CRS84" if publication.placed else None,
        types=publication.columns,
        rest=chain([second], pieces) if second else (),
    )


def _pieces(path: Path, publication: Publication) -> Iterator[Piece]:
    rows: list[dict[str, Any]] = []
    place = 1
    # All are asked for, so that none of the others gathers in memory.
    for element, published in records(path, ELEMENTS):
        if local(element) in publication.elements:
            rows.extend(publication.rows(element, published))
        if len(rows) >= ROWS:
            yield _piece(rows, publication, place)
            place += len(rows)
            rows = []
    if rows:
        yield _piece(rows, publication, place)


def _piece(rows: list[dict[str, Any]], publication: Publication, place: int) -> Piece:
    """Rows as a table of texts, numbered from `place`."""
    schema = pa.schema([(name, pa.string()) for name in publication.columns])
    table = pa.Table.from_pylist(rows, schema=schema)
    if publication.placed:
        shapes = np.array([each["geometry"] for each in rows], dtype=object)
        table = table.append_column(GEOMETRY, pa.array(shapely.to_wkb(shapes), pa.binary()))
    return Piece(table, pa.array(range(place, place + len(rows)), pa.int64()))
