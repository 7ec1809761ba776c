"""Publish a whole new listing in the place of the one that stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime

from catalogue.entries import Entries, Stood
from catalogue.errors import MassDeletion, Overtaken
from catalogue.history.reconcile import Reconciled, Reconciler
from catalogue.publication import Publication
from catalogue.rows.compare import Counts
from catalogue.storage import Storage
from schemas.feed import DeletionsSpec
from schemas.run import Run
from schemas.snapshot import Snapshot

ATTEMPTS = 3
"""How often a publication is compared anew because a steward changed what stands meanwhile."""
COMPARED = 40_000_000
"""Rows of both snapshots above which changes are not counted where nothing depends on it."""


class Publisher:
    """Compares what a run has written with what stands, and commits it."""

    def __init__(
        self, entries: Entries, storage: Storage, reconciler: Reconciler, clock: Callable[[], datetime]
    ) -> None:
        self._entries = entries
        self._storage = storage
        self._reconciler = reconciler
        self._clock = clock

    def publish(
        self, publication: Publication, written: Snapshot, run: Run, allowed: DeletionsSpec | None
    ) -> Run:
        """Commit a written snapshot, and return the run as recorded; raises as Catalogue.publish does."""
        for attempt in range(ATTEMPTS):
            former = self._entries.standing(written.dataset)
            try:
                found = self._compared(publication, written, former, allowed)
                if found.counts is not None:
                    run = replace(run, **asdict(found.counts))
                stood = Stood(former.id if former else None, found.missing)
                return self._entries.commit(publication.dataset, found.snapshot, run, stood)
            except MassDeletion:
                for part in written.parts:
                    self._storage.remove(part.path)
                raise
            except Overtaken:
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _compared(
        self,
        publication: Publication,
        written: Snapshot,
        former: Snapshot | None,
        allowed: DeletionsSpec | None,
    ) -> Reconciled:
        """What the snapshot changes, its counts None where that is not compared."""
        if not any(column.key for column in written.columns):
            return Reconciled(written, None, [])
        if former is None or not former.rows:
            return Reconciled(written, Counts(written.rows, 0, 0), [])
        if allowed is None and former.rows + written.rows > COMPARED:
            return Reconciled(written, None, [])
        missing = self._entries.missing(written.dataset)
        return self._reconciler.reconcile(
            written, former, publication, allowed, missing=missing, now=self._clock()
        )
