"""The only outgoing sockets: timeouts, retries, size limits, guarded addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Fetched:
    """An answer, its body in a file; `url` is where the last redirect led."""

    path: Path
    url: str
    bytes: int
    sha256: str
    media_type: str | None
    filename: str | None
    headers: Mapping[str, str]


class Fetch(Protocol):
    """Reads a URL into a file; raises SourceUnavailable or SourceRefused."""

    def __call__(
        self, url: str, to: Path, *, params: Mapping[str, str] | None = None
    ) -> Fetched: ...
