"""A file on the web, by http or https."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from harvesters.fetch import is_address
from harvesters.sources import Raw, Visit

OPTIONS = frozenset({"url"})
REQUIRED = frozenset({"url"})
FORMAT: str | None = None


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` is an absolute http or https address."""
    if "url" in options and not is_address(options["url"]):
        yield "url", "takes an address that starts with http:// or https://"


def read(visit: Visit) -> Raw:
    """Fetch the address as it stands."""
    fetched = visit.fetch(visit.options["url"], visit.folder / "source")
    return Raw(
        path=fetched.path,
        name=fetched.filename or unquote(Path(urlsplit(fetched.url).path).name) or "source",
        bytes=fetched.bytes,
        sha256=fetched.sha256,
        media_type=fetched.media_type,
    )
