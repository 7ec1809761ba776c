"""What search engines read: which pages to leave alone, and where every dataset is."""

from __future__ import annotations

from flask import Response, abort

from gateway.api.answers import link
from gateway.portal.blueprint import portal
from gateway.services import services

LARGEST = 50_000  # addresses in one list (sitemaps.org, 2.0)


@portal.get("/robots.txt")
def robots() -> Response:
    """Pages of datasets are welcome to be found; endless searches, forms and the API are not."""
    lists = range(-(-len(services().catalogue.ids()) // LARGEST))
    lines = ["User-agent: *", "Disallow: /datasets?", "Disallow: /developers", "Disallow: /api/"]
    return _plain([*lines, *(f"Sitemap: {link(f'/sitemaps/{number}.txt')}" for number in lists)])


@portal.get("/sitemaps/<int:number>.txt")
def sitemap(number: int) -> Response:
    """The addresses of up to 50,000 dataset pages, one a line."""
    ids = services().catalogue.ids()[number * LARGEST : (number + 1) * LARGEST]
    if not ids:
        abort(404)
    return _plain([link(f"/datasets/{dataset}") for dataset in ids])


def _plain(lines: list[str]) -> Response:
    return Response("\n".join([*lines, ""]), mimetype="text/plain")
