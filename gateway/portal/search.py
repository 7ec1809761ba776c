"""The search page: words, facets to narrow by, an order, and pages of results."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlencode

from flask import render_template, request

from catalogue import SearchUnavailable
from gateway.portal.blueprint import portal
from gateway.services import services
from schemas.query import FACETS, SearchPage, SearchQuery, Sort

PAGE = 20
LAST_OFFSET = 100_000
LONGEST = 200
SORTS: tuple[Sort, ...] = get_args(Sort)
_FACETS = {"theme": "themes", "publisher": "publishers", "format": "formats", "licence": "licences"}


@portal.get("/datasets")
def search() -> tuple[str, int]:
    """Search results with facets to narrow them."""
    asked = _asked()
    page = find(asked)
    shown = render_template(
        "search.html",
        asked=asked,
        page=page or SearchPage(0, ()),
        unavailable=page is None,
        chosen={name: getattr(asked, field) for name, field in _FACETS.items()},
        sorts=SORTS,
        facet_url=facet_url,
        url_with=_url_with,
        page_size=PAGE,
    )
    return shown, 200 if page else 503


def find(asked: SearchQuery) -> SearchPage | None:
    """What was found; None while the search engine does not answer."""
    try:
        return services().catalogue.find(asked)
    except SearchUnavailable:
        return None


def _asked() -> SearchQuery:
    """What the address asks; a page forgives what the API would refuse."""
    facets: dict[str, Any] = {
        field: tuple(value for value in request.args.getlist(name) if value)
        for name, field in _FACETS.items()
    }
    offset, sort = request.args.get("offset", "0")[:9], request.args.get("sort")
    return SearchQuery(
        q=request.args.get("q", "")[:LONGEST],
        offset=min(int(offset), LAST_OFFSET) if offset.isdecimal() else 0,
        sort=next((known for known in SORTS if known == sort), "relevance"),
        limit=PAGE,
        facets=FACETS,
        **facets,
    )


def facet_url(name: str, value: str) -> str:
    """The search that has this facet value added, or taken away where it is chosen."""
    pairs, pair = _kept("sort"), (name, value)
    return _url([p for p in pairs if p != pair] if pair in pairs else [*pairs, pair])


def _url_with(name: str, value: object) -> str:
    """The same search in another order, or another page of it."""
    return _url([*(_kept("sort") if name == "offset" else _kept()), (name, str(value))])


def _kept(*more: str) -> list[tuple[str, str]]:
    kept = ("q", *_FACETS, *more)
    return [(name, value) for name, value in request.args.items(multi=True) if name in kept and value]


def _url(pairs: list[tuple[str, str]]) -> str:
    return f"/datasets?{urlencode(pairs)}"
