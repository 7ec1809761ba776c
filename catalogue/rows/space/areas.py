"""Areas that a query names in another dataset, such as a dong: found there, and put in as their shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import shapely

from catalogue import geometry
from schemas.arrow import ID
from schemas.conditions import All, Area, Condition, Filter, Not, Some
from schemas.dataset import Column
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import RowPage, RowQuery

WHERE = "within"
_NAMES = 2_000
"""Rows whose names are compared with one that is not found."""
Read = Callable[[RowQuery], RowPage]
Look = Callable[[Area], bytes]


def placed(query: RowQuery, look: Look) -> RowQuery:
    """The same query with the shape (WKB in OGC:CRS84) of each area in it, which `look` finds."""
    if all(isinstance(each, Filter) for each in query.filters):
        return query
    return replace(query, filters=tuple(_placed(each, look) for each in query.filters))


def named(conditions: Iterable[Condition]) -> Iterator[Area]:
    """The areas in a tree of conditions."""
    for each in conditions:
        match each:
            case Area():
                yield each
            case All(parts) | Some(parts):
                yield from named(parts)
            case Not(part):
                yield from named((part,))


def _placed(condition: Condition, look: Look) -> Condition:
    match condition:
        case Area(wkb=None):
            return replace(condition, wkb=look(condition))
        case All(parts) | Some(parts):
            return replace(condition, parts=tuple(_placed(part, look) for part in parts))
        case Not(part):
            return Not(_placed(part, look))
    return condition


def shape_of(area: Area, columns: Sequence[Column], read: Read) -> bytes:
    """The WKB of the row that an area names: by its `_id`, or by a text that no other row has.

    `read` gives rows of the area's dataset. Raises BadInput.
    """
    place = geometry.geometry_column(tuple(columns))
    if place is None:
        raise _fault(f"{area.dataset!r} has no geometry", "name a dataset of areas")
    texts = [column.name for column in columns if column.type == "text"]
    asked = RowQuery(filters=(Filter(ID, "eq", area.key),), select=(place,), limit=3)
    found = read(asked).values
    if not found:
        by_text = Some(tuple(Filter(name, "eq", area.key) for name in texts))
        found = read(replace(asked, filters=(by_text,))).values
    if not found:
        known = _known(texts, read)
        # A part of a name or code says what is meant better than what is spelt alike.
        hint = did_you_mean(area.key, [each for each in known if area.key in each] or known)
        raise _fault(f"{area.dataset!r} has no {area.key!r}", hint)
    if len(found) > 1:
        ids = ", ".join(str(row[0]) for row in found)
        raise _fault(f"{area.dataset!r} has more than one {area.key!r}", f"name one by its _id: {ids}")
    if found[0][1] is None:
        raise _fault(f"{area.key!r} of {area.dataset!r} is nowhere", "name another area")
    return bytes(shapely.to_wkb(shapely.from_geojson(str(found[0][1]))))


def _known(texts: Sequence[str], read: Read) -> set[str]:
    rows = read(RowQuery(select=tuple(texts), limit=_NAMES)).values
    return {str(value) for row in rows for value in row if value is not None}


def unknown(dataset: str, known: Sequence[str]) -> BadInput:
    """Says that there is no such dataset of areas."""
    return _fault(f"there is no dataset {dataset!r} with rows", did_you_mean(dataset, known))


def _fault(what: str, hint: str) -> BadInput:
    return BadInput([InputError(WHERE, what, hint)])
