"""The public pages: home, search, a dataset, the API console, what a problem means."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, g, make_response, render_template, request

from catalogue import SearchUnavailable
from gateway.api.answers import base_url
from gateway.portal.blueprint import CONTENT_SECURITY_POLICY, portal
from gateway.portal.language import choose
from gateway.portal.snippets import snippets
from gateway.problems import PROBLEMS
from gateway.services import services
from schemas.dataset import Column
from schemas.problem import Problem
from schemas.query import FACETS, RowQuery, SearchPage, SearchQuery

PAGE = 20
PREVIEW = 10
LAST_OFFSET = 100_000
_PARAMETERS = {"theme": "themes", "publisher": "publishers", "format": "formats", "licence": "licences"}


@portal.get("/")
def home() -> str:
    """What there is, at a glance, and where to look for more."""
    newest = services().catalogue.find(SearchQuery(sort="updated", limit=8, facets=("theme", "publisher")))
    return render_template("home.html", page=newest, facet_url=_facet_url)


@portal.get("/datasets")
def search() -> str:
    """Search results with facets to narrow them."""
    asked = _asked()
    page, unavailable = SearchPage(0, ()), False
    try:
        page = services().catalogue.find(asked)
    except SearchUnavailable:
        unavailable = True
    return render_template(
        "search.html",
        asked=asked,
        page=page,
        unavailable=unavailable,
        chosen={name: getattr(asked, field) for name, field in _PARAMETERS.items()},
        facet_url=_facet_url,
        page_url=_page_url,
        page_size=PAGE,
    )


def _asked() -> SearchQuery:
    """What the address asks; a page forgives what the API would refuse."""
    values: dict[str, Any] = {
        field: tuple(v for v in request.args.getlist(name) if v) for name, field in _PARAMETERS.items()
    }
    offset = request.args.get("offset", "0")
    return SearchQuery(
        q=request.args.get("q", "")[:200],
        offset=min(int(offset), LAST_OFFSET) if offset.isdecimal() else 0,
        limit=PAGE,
        facets=FACETS,
        **values,
    )


def _facet_url(name: str, value: str) -> str:
    """The search that has this facet value added, or taken away where it is chosen."""
    pairs = [(n, v) for n, v in request.args.items(multi=True) if n in ("q", *_PARAMETERS) and v]
    pair = (name, value)
    pairs = [p for p in pairs if p != pair] if pair in pairs else [*pairs, pair]
    return f"/datasets?{urlencode(pairs)}"


def _page_url(offset: int) -> str:
    pairs = [(n, v) for n, v in request.args.items(multi=True) if n in ("q", *_PARAMETERS) and v]
    return f"/datasets?{urlencode([*pairs, ('offset', str(offset))])}"


@portal.get("/datasets/<dataset>")
def one(dataset: str) -> str:
    """A dataset: what it is, its columns, first rows, a map, downloads and code."""
    catalogue = services().catalogue
    described = catalogue.describe(dataset)
    shown: dict[str, Any] = {"dataset": described, "runs": catalogue.runs(dataset=dataset, limit=5)}
    if described.rows is not None:
        columns = catalogue.columns(dataset)
        shown |= {
            "columns": columns,
            "preview": catalogue.rows(dataset, RowQuery(limit=PREVIEW, select=_readable(columns))),
            "snippets": snippets(described, columns),
            "geometry": any(column.type == "geometry" for column in columns),
        }
    return render_template("dataset.html", **shown)


def _readable(columns: tuple[Column, ...]) -> tuple[str, ...]:
    """The columns that a table shows; the map shows the others."""
    return tuple(column.name for column in columns if column.type != "geometry")


@portal.get("/docs")
def docs() -> str:
    """The interactive console of the API."""
    return render_template("docs.html", base=base_url())


@portal.get("/problems/<name>")
def problem(name: str) -> str:
    """What a problem's `type` means and how to mend it."""
    if name not in PROBLEMS:
        abort(404)
    return render_template("problem.html", name=name, meaning=PROBLEMS[name])


def problem_page(problem: Problem) -> Response:
    """An error as a page, for a browser that asked for one."""
    if "language" not in g:
        g.language = choose(request.args.get("lang"), None, request.accept_languages.values())
    response = make_response(render_template("error.html", problem=problem), problem.status)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response
