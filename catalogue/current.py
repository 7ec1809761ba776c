"""Which snapshot of a dataset is current, asked of the database ten times a second at most."""

from __future__ import annotations

import time
from collections.abc import Callable

from catalogue.entries import Entries
from schemas.snapshot import Snapshot

SECONDS = 0.1
"""How long another process's publication may go unseen here; asking costs as much as a page of rows."""
DATASETS = 1_000


class Current:
    """Remembers each answer for a moment, and a manifest for as long as it is the current one."""

    def __init__(self, entries: Entries, now: Callable[[], float] = time.monotonic) -> None:
        self._entries = entries
        self._now = now
        self._known: dict[str, tuple[float, Snapshot]] = {}

    def snapshot(self, dataset: str) -> Snapshot:
        """The current snapshot; raises UnknownDataset, or NoRows for an entry."""
        until, known = self._known.get(dataset, (0.0, None))
        if known is None or self._now() >= until:
            id = self._entries.current(dataset)
            if known is None or known.id != id:
                known = self._entries.snapshot(dataset, id)
            self._remember(dataset, known)
        return known

    def forget(self, dataset: str) -> None:
        """Ask anew the next time: this process has changed it."""
        self._known.pop(dataset, None)

    def _remember(self, dataset: str, snapshot: Snapshot) -> None:
        if len(self._known) >= DATASETS:
            self._known.clear()
        self._known[dataset] = (self._now() + SECONDS, snapshot)
