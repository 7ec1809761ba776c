"""Where a client begins: what there is, and what of the standards is kept."""

from __future__ import annotations

from flask import Response

from gateway.dialects.ogc_features import links
from gateway.dialects.ogc_features.blueprint import about, answer, ogc_features, shown
from gateway.dialects.ogc_features.links import HTML, JSON, OPENAPI, both, link, url
from gateway.dialects.ogc_features.tiles import SCHEMES
from gateway.dialects.ogc_features.wording import word
from gateway.portal.blueprint import language

_SPEC = "http://www.opengis.net/spec/"
CLASSES = (
    *(f"ogcapi-common-1/1.0/conf/{name}" for name in ("core", "landing-page", "json", "html", "oas30")),
    "ogcapi-common-2/1.0/conf/collections",
    *(f"ogcapi-features-1/1.0/conf/{name}" for name in ("core", "oas30", "geojson", "html")),
    "ogcapi-features-2/1.0/conf/crs",
    *(f"ogcapi-features-3/1.0/conf/{name}" for name in ("queryables", "queryables-query-parameters")),
    *(f"ogcapi-features-3/1.0/conf/{name}" for name in ("filter", "features-filter")),
    *(f"cql2/1.0/conf/{name}" for name in ("cql2-text", "cql2-json", "basic-cql2")),
    "cql2/1.0/conf/advanced-comparison-operators",
    *(f"cql2/1.0/conf/{name}-insensitive-comparison" for name in ("case", "accent")),
    *(f"cql2/1.0/conf/basic-spatial-functions{more}" for more in ("", "-plus")),
    *(f"cql2/1.0/conf/{name}-functions" for name in ("spatial", "temporal")),
    *(f"cql2/1.0/conf/{name}" for name in ("property-property", "arithmetic")),
    *(f"ogcapi-features-5/1.0/conf/{name}" for name in ("schemas", "core-roles-features", "queryables")),
    "ogcapi-common-3/1.0/conf/schemas",
    *(f"ogcapi-tiles-1/1.0/conf/{name}" for name in ("core", "tileset", "tilesets-list", "geodata-tilesets")),
    "ogcapi-tiles-1/1.0/conf/mvt",
    *(f"tms/2.0/conf/{name}" for name in ("tilematrixset", "json-tilematrixset")),
)
"""Conformance classes below _SPEC."""


@ogc_features.get("/")
def landing() -> Response:
    """The links to everything else."""
    pairs, spoken = about(), language()
    chosen = shown(pairs)
    body = {
        "title": word("title", spoken),
        "description": word("about", spoken),
        "links": [
            *both("/", pairs, chosen),
            link("service-desc", url("/api"), OPENAPI, word("api", spoken)),
            link("service-doc", url("/api", "f=html"), HTML, word("docs", spoken)),
            *_to(("conformance", links.CONFORMANCE), "/conformance", word("conformance", spoken)),
            *_to(("data", links.DATA), "/collections", word("collections", spoken)),
            link(SCHEMES, url("/tileMatrixSets"), JSON, word("grids", spoken)),
        ],
    }
    return answer(body, chosen, "ogc/landing.html")


def _to(relations: tuple[str, ...], path: str, title: str) -> list[links.Link]:
    """Links under the old name of a relation and under its full one."""
    return [link(rel, url(path), JSON, title) for rel in relations]


@ogc_features.get("/conformance")
def conformance() -> Response:
    """The classes of the standards that are kept."""
    pairs = about()
    chosen = shown(pairs)
    body = {
        "conformsTo": [_SPEC + name for name in CLASSES],
        "links": both("/conformance", pairs, chosen),
    }
    return answer(body, chosen, "ogc/conformance.html")
