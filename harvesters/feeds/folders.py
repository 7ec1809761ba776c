"""Keep the feeds at hand, read anew when a file in their folders changes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from harvesters.feeds import FeedSet, read_feeds
from schemas.feed import Feed

log = logging.getLogger(__name__)
_Stamp = tuple[tuple[str, int, int], ...]


class FeedFolders:
    """The feeds of some folders as they are on disk now; may be asked from any thread."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._lock = Lock()
        self._stamp: _Stamp | None = None
        self._known = FeedSet({})

    def __call__(self) -> dict[str, Feed]:
        """The feeds by id; a broken file is logged once and left out until it is mended."""
        with self._lock:
            stamp = self._look()
            if stamp != self._stamp:
                self._known, self._stamp = read_feeds(self._folders), stamp
                for fault in self._known.faults:
                    log.error("feed=%s fault=%s", fault.path, fault)
            return dict(self._known.feeds)

    def _look(self) -> _Stamp:
        found = []
        for folder in self._folders:
            for path in sorted(folder.glob("*.toml")):
                try:
                    state = path.stat()
                except FileNotFoundError:
                    continue  # Removed in this instant.
                found.append((str(path), state.st_mtime_ns, state.st_size))
        return tuple(found)
