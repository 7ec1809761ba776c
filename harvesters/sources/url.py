"""A file on the web, by http or https."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from harvesters.fetch import Fetch, is_address
from harvesters.sources import Raw
from schemas.feed import Feed

OPTIONS = frozenset({"url"})
REQUIRED = frozenset({"url"})
FORMAT: str | None = None


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` is an absolute http or https address."""
    if "url" in options and not is_address(options["url"]):
        yield "url", "takes an address that starts with http:// or https://"


def read(feed: Feed, fetch: Fetch, folder: Path) -> Raw:
    """Fetch the address as it stands."""
    fetched = fetch(feed.source.options["url"], folder / "source")
    return Raw(
        path=fetched.path,
        name=fetched.filename or unquote(Path(urlsplit(fetched.url).path).name) or "source",
        bytes=fetched.bytes,
        sha256=fetched.sha256,
        media_type=fetched.media_type,
    )
