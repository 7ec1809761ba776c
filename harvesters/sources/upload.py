"""A file that a steward uploaded together with its feed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harvesters.faults import FeedMisconfigured, SourceUnavailable
from harvesters.reading.copies import copy_of
from harvesters.sources import Raw, Visit

OPTIONS: frozenset[str] = frozenset()
REQUIRED: frozenset[str] = frozenset()
FORMAT: str | None = None

PATH, NAME = "path", "name"
"""Where the file lies and what it is called: not lines of a feed, but filled in by whoever has the file."""


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """There is nothing to write but the kind."""
    yield from ()


def read(visit: Visit) -> Raw:
    """Copy the uploaded file into the run's folder."""
    if PATH not in visit.options:
        raise FeedMisconfigured(
            "no file was uploaded with this feed", "upload both: entrepot feeds upload FILE --feed TOML"
        )
    path, copy = Path(visit.options[PATH]), visit.folder / "source"
    if not path.is_file():
        raise SourceUnavailable(
            "the uploaded file was replaced or removed", "it is read anew at the next run, or upload it again"
        )
    size, digest = copy_of(path, copy)
    return Raw(path=copy, name=visit.options[NAME], bytes=size, sha256=digest)
