"""The parameters of features in the words of OpenAPI 3.0, their style said where others assume it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.api.asking import cql2
from gateway.api.asking.patterns import SPAN
from gateway.dialects.ogc_features.asking import DEEPEST, DEFAULT, MOST
from gateway.dialects.ogc_features.blueprint import FORMATS
from gateway.dialects.ogc_features.crs import CRS84, OFFERED
from gateway.portal.language import LANGUAGES

_CRS = {"format": "uri", "enum": list(OFFERED)}


def shown(names: Sequence[str]) -> dict[str, Any]:
    """The parameter that chooses among the properties of a collection."""
    items = {"type": "string", "enum": list(names)}
    return _query(
        "properties", "Properties to show.", type="array", minItems=1, uniqueItems=True, items=items
    )


def _query(name: str, description: str, *, example: object = None, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": False,
        "style": "form",
        "explode": False,
        "schema": {"type": "string", **schema},
    } | ({"example": example} if example is not None else {})


# No default of what goes with another parameter only: programs made from a description send each.
PARAMETERS: tuple[dict[str, Any], ...] = (
    _query("limit", "Features in a page.", type="integer", minimum=1, maximum=MOST, default=DEFAULT),
    _query(
        "offset",
        "Features to skip, where no cursor is given; the link next is quicker.",
        type="integer",
        minimum=0,
        maximum=DEEPEST - 1,
    ),
    _query("cursor", "Where a page goes on, from the link next.", minLength=1),
    _query(
        "bbox",
        "Features that meet a box: its lower corner and its upper one, in the order of the axes of bbox-crs; "
        "six numbers where heights are given, which are not looked at. A feature without a place is in none.",
        example=[128.8, 35.1, 129.2, 35.4],
        type="array",
        minItems=4,
        maxItems=6,
        items={"type": "number"},
    ),
    _query("bbox-crs", "The coordinate reference system of bbox, which is there; else CRS84.", **_CRS),
    _query(
        "datetime",
        "Features of a time: an instant, a day in the city's zone, or two of them around a slash, of which "
        "one may be .. for an open end or a duration such as P2D.",
        example="2026-01-01T00:00:00Z/..",
        pattern=SPAN,
    ),
    _query("filter", "Features that answer a filter in CQL2.", minLength=1),
    _query(
        "filter-lang",
        f"How filter, which is there, is written; {cql2.LANGUAGES[0]} where nothing is said.",
        enum=list(cql2.LANGUAGES),
    ),
    _query("filter-crs", "The coordinate reference system of shapes in filter; else CRS84.", **_CRS),
    _query(
        "crs",
        "The coordinate reference system of the answer, in the order of its axes.",
        default=CRS84.uri,
        **_CRS,
    ),
    _query("snapshot", "A version by its id.", minLength=1),
    _query("as_of", "The version of a time.", format="date-time"),
    _query("f", "The format, before what Accept says.", enum=list(FORMATS)),
    _query("lang", "The language of titles.", enum=list(LANGUAGES)),
)
"""Each declared once, and referred to."""
