"""Lay a document out as the flat fields that every engine indexes, and a query as ranges over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

from catalogue.search import text
from catalogue.search.engine import SearchDocument
from schemas.dataset import BBox
from schemas.query import SearchQuery, Sort

Value = str | int | float | list[str]

TITLE_BOOST = 3.0
"""How much more a word counts in a title than elsewhere."""
MOST_FACETS = 100
WORDS = ("title", "body", "name")
LISTS = ("theme", "publisher", "format", "licence")
ORDERS: Mapping[Sort, str] = {
    "relevance": "id",
    "title": "by_title",
    "updated": "by_updated",
    "rows": "by_rows",
}
"""The field whose ascending order is the sort; where there are words, it only breaks ties of relevance."""
SLOTS = ("a", "b")
EDGES = tuple(f"{edge}_{slot}" for slot in SLOTS for edge in ("west", "south", "east", "north"))
TIMES = ("start", "end")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EVER = 2**62  # microseconds; further off than datetime reaches, and a long for every engine


@dataclass(frozen=True)
class Range:
    """A field's value lies from `low` to `high`, both included; None is open."""

    field: str
    low: float | None = None
    high: float | None = None


def entry(document: SearchDocument) -> dict[str, Value]:
    """The fields of a document; those without a value are left out.

    `name` is the title as written, for autocompletion; the `by_` fields sort and end in the id, so that
    no two are equal.
    """
    titles = (document.title_ko, document.title_en)
    rest = (document.description, *document.keywords, document.publisher, *document.themes)
    fields: dict[str, Value] = {
        "id": document.id,
        "title": text.analyse(*titles),
        "body": text.analyse(*rest, document.id, document.identifier or ""),
        "name": text.spell(*titles),
        "theme": list(dict.fromkeys(document.themes)),
        "publisher": [document.publisher],
        "format": list(dict.fromkeys(document.formats)),
        "licence": [document.licence],
        "by_title": f"{text.fold(' '.join(filter(None, titles)))[:200]}\0{document.id}",
        "by_updated": f"{_descending(micros(document.updated))} {document.id}",
        "by_rows": f"{_descending(document.rows)} {document.id}",
    }
    for name in LISTS:
        fields[name] = [value for value in fields[name] if value]  # type: ignore[union-attr]
    return fields | _extent(document) | _period(document)


def micros(time: datetime | None) -> int | None:
    """Microseconds since 1970 UTC of an aware datetime."""
    return None if time is None else (time - _EPOCH) // timedelta(microseconds=1)


def chosen(query: SearchQuery) -> dict[str, tuple[str, ...]]:
    """The values asked of each facet field that is filtered by."""
    asked = dict(zip(LISTS, (query.themes, query.publishers, query.formats, query.licences), strict=True))
    return {name: values for name, values in asked.items() if values}


def place_and_time(query: SearchQuery) -> list[list[list[Range]]]:
    """Conditions that must all hold; each is a choice of range lists of which one must hold wholly."""
    conditions: list[list[list[Range]]] = []
    if query.bbox:
        conditions.append([_meets(box, slot) for box, slot in product(boxes(query.bbox), SLOTS)])
    if query.start or query.end:
        conditions.append(
            [[Range("end", low=_or(query.start, -_EVER)), Range("start", high=_or(query.end, _EVER))]]
        )
    return conditions


def boxes(bbox: BBox) -> tuple[BBox, ...]:
    """A box as one, or two where it crosses the antimeridian, with west <= east in each."""
    west, south, east, north = bbox
    if west <= east:
        return (bbox,)
    return (west, south, 180.0, north), (-180.0, south, east, north)


def _meets(box: BBox, slot: str) -> list[Range]:
    west, south, east, north = box
    return [
        Range(f"west_{slot}", high=east),
        Range(f"south_{slot}", high=north),
        Range(f"east_{slot}", low=west),
        Range(f"north_{slot}", low=south),
    ]


def _extent(document: SearchDocument) -> dict[str, Value]:
    edges = [edge for box in document.boxes[: len(SLOTS)] for edge in box]
    return dict(zip(EDGES, map(float, edges), strict=False))


def _period(document: SearchDocument) -> dict[str, Value]:
    if document.start is None and document.end is None:
        return {}
    return {"start": _or(document.start, -_EVER), "end": _or(document.end, _EVER)}


def _or(time: datetime | None, otherwise: int) -> int:
    value = micros(time)
    return otherwise if value is None else value


def _descending(number: int | None) -> str:
    """Text that sorts large numbers first and unknown ones last."""
    return "~" if number is None else f"{_EVER - number:020d}"
