"""A file on the machine that harvests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harvesters.reading.copies import copy_of
from harvesters.sources import Raw, Visit

OPTIONS = frozenset({"path"})
REQUIRED = frozenset({"path"})
FORMAT: str | None = None


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`path` is a text."""
    path = options.get("path")
    if path is not None and (not isinstance(path, str) or not path or "\0" in path):
        yield "path", "takes a path, absolute or relative to the feed's file"


def read(visit: Visit) -> Raw:
    """Copy the file into the run's folder."""
    path, copy = visit.feed.folder / visit.options["path"], visit.folder / "source"
    size, digest = copy_of(path, copy)
    return Raw(path=copy, name=path.name, bytes=size, sha256=digest)
