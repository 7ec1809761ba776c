"""A CKAN portal: all its datasets as entries, or the rows of one of its resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harvesters.fetch import is_address
from harvesters.portals import Portal
from harvesters.portals.packages import read_packages
from harvesters.portals.resources import read_resource
from harvesters.sources import Raw, Unmodified, Visit

OPTIONS = frozenset({"url", "q", "fq", "organisation", "api_key", "page_size", "dataset", "resource"})
REQUIRED = frozenset({"url"})
FORMAT: str | None = None

_TEXTS = ("q", "fq", "organisation", "api_key", "dataset", "resource")
_OF_LISTS = ("q", "fq", "organisation")


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` an address, `page_size` 10 to 32,000, all else texts; filters are of a list of datasets."""
    size = options.get("page_size", 10)
    if "url" in options and not is_address(options["url"]):
        yield "url", "takes an address that starts with http:// or https://"
    if isinstance(size, bool) or not isinstance(size, int) or not 10 <= size <= 32_000:
        yield "page_size", "takes a whole number from 10 to 32000"
    for name in _TEXTS:
        if name in options and not (isinstance(options[name], str) and options[name].strip()):
            yield name, "takes a text"
    if "dataset" in options and "resource" not in options:
        yield "dataset", "needs the line resource: the id or name of one of its resources"
    for name in _OF_LISTS if "resource" in options else ():
        if name in options:
            yield name, "limits a list of datasets, and with resource there is none"


def read(visit: Visit) -> Raw | Unmodified:
    """The rows of `resource` where the feed names one, else the portal's packages."""
    portal = Portal(visit)
    return read_resource(portal) if "resource" in visit.options else read_packages(portal)
