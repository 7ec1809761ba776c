"""A data.json catalogue on the web, by the DCAT-US schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harvesters.fetch import is_address
from harvesters.portals.conditions import to_know, unless_same
from harvesters.sources import Raw, Unmodified, Visit

OPTIONS = frozenset({"url"})
REQUIRED = frozenset({"url"})
FORMAT = "dcat-us"


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` is an absolute http or https address."""
    if "url" in options and not is_address(options["url"]):
        yield "url", "takes an address that starts with http:// or https://"


def read(visit: Visit) -> Raw | Unmodified:
    """Fetch the catalogue, on condition that it changed where it is known."""
    url = visit.options["url"]
    fetched = visit.fetch(url, visit.folder / "data.json", headers=unless_same(visit.known, url))
    if fetched.unmodified:
        return Unmodified(f"{fetched.url}: not modified (status 304)")
    return Raw(
        path=fetched.path,
        name="data.json",
        bytes=fetched.bytes,
        sha256=fetched.sha256,
        media_type=fetched.media_type,
        format=FORMAT,
        state=to_know(url, fetched),
    )
