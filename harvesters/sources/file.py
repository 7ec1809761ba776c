"""A file on the machine that harvests."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harvesters.faults import FeedMisconfigured, SourceUnavailable
from harvesters.fetch import Fetch
from harvesters.sources import Raw
from schemas.feed import Feed

OPTIONS = frozenset({"path"})
REQUIRED = frozenset({"path"})
FORMAT: str | None = None


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`path` is a text."""
    path = options.get("path")
    if path is not None and (not isinstance(path, str) or not path or "\0" in path):
        yield "path", "takes a path, absolute or relative to the feed's file"


def read(feed: Feed, fetch: Fetch, folder: Path) -> Raw:
    """Copy the file, so that the run reads the same bytes to its end whatever is written meanwhile."""
    path = feed.folder / feed.source.options["path"]
    if not path.exists():
        raise SourceUnavailable(f"there is no file {path}", hint="mend path under [source], or put it there")
    if not path.is_file():
        raise FeedMisconfigured(f"{path} is no regular file", hint="path under [source] names one file")
    copy = folder / "source"
    try:
        shutil.copyfile(path, copy)
    except OSError as fault:
        raise SourceUnavailable(f"{path} cannot be read: {fault.strerror}") from fault
    with copy.open("rb") as body:
        digest = hashlib.file_digest(body, "sha256").hexdigest()
    return Raw(path=copy, name=path.name, bytes=copy.stat().st_size, sha256=digest)
