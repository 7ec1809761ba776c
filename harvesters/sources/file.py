"""A file on the machine that harvests."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from harvesters.faults import FeedMisconfigured, SourceUnavailable
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
    """Copy the file, so that the run reads the same bytes to its end whatever is written meanwhile."""
    path = visit.feed.folder / visit.options["path"]
    if not path.exists():
        raise SourceUnavailable(f"there is no file {path}", hint="mend path under [source], or put it there")
    if not path.is_file():
        raise FeedMisconfigured(f"{path} is no regular file", hint="path under [source] names one file")
    copy = visit.folder / "source"
    try:
        shutil.copyfile(path, copy)
    except OSError as fault:
        raise SourceUnavailable(f"{path} cannot be read: {fault.strerror}") from fault
    with copy.open("rb") as body:
        digest = hashlib.file_digest(body, "sha256").hexdigest()
    return Raw(path=copy, name=path.name, bytes=copy.stat().st_size, sha256=digest)
