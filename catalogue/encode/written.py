"""Whole rows put together from the JSON that the row index keeps of them, as a RowPage tells of such rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from catalogue.geometry import geometry_column
from schemas.dataset import Column


def records(columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> Iterator[bytes]:
    """Each row as a JSON object."""
    place, dumps = geometry_column(tuple(columns)), orjson.dumps
    name, nothing = (b"", b"") if place is None else (b",%b:" % dumps(place), b"null")
    for identity, ahead, shape, behind in rows:
        yield b'{"_id":%b%b%b%b%b}' % (dumps(identity), ahead, name, shape or nothing, behind)


def features(rows: Iterable[tuple[Any, ...]]) -> Iterator[bytes]:
    """Each row as a GeoJSON feature, its geometry null where it has none."""
    dumps = orjson.dumps
    for identity, ahead, shape, behind in rows:
        yield b'{"type":"Feature","id":%b,"geometry":%b,"properties":{%b}}' % (
            dumps(identity),
            shape or b"null",
            (ahead + behind)[1:],
        )
