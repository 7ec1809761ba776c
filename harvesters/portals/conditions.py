"""Ask for a document on condition that it changed since it was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harvesters.fetch import Fetched
from harvesters.secrets import Secret


def unless_same(known: Mapping[str, Any], url: str) -> dict[str, str]:
    """The headers that ask so, where the document of this address is known by an entity tag."""
    etag = known.get("etag")
    return {"If-None-Match": str(etag)} if etag and known.get("url") == url else {}


def to_know(url: str, fetched: Fetched) -> dict[str, str]:
    """What to remember of a document: its entity tag, where it has one that can be sent back."""
    etag = fetched.headers.get("etag", "")
    # An address that is a secret is written down nowhere.
    sound = etag.isascii() and etag.isprintable() and bool(etag) and not isinstance(url, Secret)
    return {"url": url, "etag": etag} if sound else {}
