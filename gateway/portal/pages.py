"""The plain public pages: home, the API console, what a problem means, and an error as a page."""

from __future__ import annotations

from flask import Response, abort, make_response, render_template

from gateway.api.answers import base_url
from gateway.portal.blueprint import guard, portal
from gateway.portal.search import facet_url, find
from gateway.problems import PROBLEMS
from gateway.services import services
from schemas.problem import Problem
from schemas.query import Hit, SearchPage, SearchQuery

NEWEST = 9


@portal.get("/")
def home() -> str:
    """What there is, at a glance, and where to look for more; without a search engine, any datasets."""
    page = find(SearchQuery(sort="updated", limit=NEWEST, facets=("theme",)))
    if page is None:
        some = services().catalogue.datasets(limit=NEWEST)
        page = SearchPage(len(services().catalogue.ids()), tuple(map(Hit, some)))
    return render_template("home.html", page=page, facet_url=facet_url)


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
    shown = render_template("error.html", problem=problem, meaning=PROBLEMS.get(problem.type))
    response = make_response(shown, problem.status)
    response.headers["Cache-Control"] = "no-store"
    return guard(response)
