"""The links that carry a client from one resource to the next, with every parameter it gave."""

from __future__ import annotations

from collections.abc import Container, Iterable
from urllib.parse import quote

from gateway.api.answers import base_url
from gateway.api.asking.parameters import Pairs

ROOT = "/ogc"
JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html"
PROBLEM = "application/problem+json"
SCHEMA = "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
SCHEMA_OF = "http://www.opengis.net/def/rel/ogc/1.0/schema"
CONFORMANCE = "http://www.opengis.net/def/rel/ogc/1.0/conformance"
DATA = "http://www.opengis.net/def/rel/ogc/1.0/data"

Link = dict[str, str]


def path(*segments: str) -> str:
    """A path under the landing page; a segment may hold any letters, slashes too."""
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


def url(path: str, asked: str = "") -> str:
    """The absolute URL of a path under the landing page."""
    return f"{base_url()}{ROOT}{path}" + (f"?{asked}" if asked else "")


def link(rel: str, href: str, type: str, title: str = "") -> Link:
    """A link as all resources write it."""
    return {"rel": rel, "type": type, "href": href, **({"title": title} if title else {})}


def asking(pairs: Pairs, without: Container[str] = ()) -> str:
    """Parameters as a query string that goes on with the format: all but it and those of `without`."""
    return "".join(
        f"{quote(name, safe='')}={quote(value, safe=',:/')}&"
        for name, value in pairs
        if name != "f" and name not in without
    )


def both(path: str, pairs: Pairs, shown: str, json_type: str = JSON) -> list[Link]:
    """The links to this representation of a resource and to its other one, each asked for by name."""
    here, other = url(path, asking(pairs) + "f="), "html" if shown == "json" else "json"
    types = {"json": json_type, "html": HTML}
    return [link("self", here + shown, types[shown]), link("alternate", here + other, types[other])]


def header(links: Iterable[Link]) -> str:
    """Links for the header of an answer (RFC 8288), without titles: those may be in Korean."""
    return ", ".join([f'<{each["href"]}>; rel="{each["rel"]}"; type="{each["type"]}"' for each in links])
