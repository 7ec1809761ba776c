"""The parameters of features in the words of OpenAPI 3.0, their style said where others assume it."""

from __future__ import annotations

from typing import Any

from gateway.api.asking import cql2
from gateway.dialects.ogc_features.asking import DEFAULT, MOST
from gateway.dialects.ogc_features.blueprint import FORMATS
from gateway.dialects.ogc_features.crs import CRS84, OFFERED
from gateway.portal.language import LANGUAGES

_CRS = {"type": "string", "format": "uri", "enum": list(OFFERED), "default": CRS84.uri}


def _query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": False,
        "style": "form",
        "explode": False,
        "schema": {"type": "string", **schema},
    }


PARAMETERS: tuple[dict[str, Any], ...] = (
    _query("limit", "Features in a page.", type="integer", minimum=1, maximum=MOST, default=DEFAULT),
    _query("offset", "Features to skip; the link next is quicker.", type="integer", minimum=0, default=0),
    _query("cursor", "Where a page goes on, from the link next."),
    _query(
        "bbox",
        "Features that meet a box: its lower corner and its upper one, in the order of the axes of bbox-crs; "
        "six numbers where heights are given, which are not looked at. A feature without a place is in none.",
        type="array",
        minItems=4,
        maxItems=6,
        items={"type": "number"},
    ),
    _query("bbox-crs", "The coordinate reference system of bbox.", **_CRS),
    _query(
        "datetime",
        "Features of a time: an instant, a day in the city's zone, or two of them around a slash, of which "
        "one may be .. for an open end or a duration such as P2D.",
    ),
    _query("filter", "Features that answer a filter in CQL2."),
    _query("filter-lang", "How filter is written.", enum=list(cql2.LANGUAGES), default=cql2.LANGUAGES[0]),
    _query("filter-crs", "The coordinate reference system of shapes in filter.", **_CRS),
    _query("crs", "The coordinate reference system of the answer, in the order of its axes.", **_CRS),
    _query("properties", "Properties to show.", type="array", items={"type": "string"}),
    _query("snapshot", "A version by its id."),
    _query("as_of", "The version of a time.", format="date-time"),
    _query("f", "The format, before what Accept says.", enum=list(FORMATS)),
    _query("lang", "The language of titles.", enum=list(LANGUAGES)),
)
"""Each declared once, and referred to."""
