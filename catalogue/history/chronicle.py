"""The front door's side for growing and changing datasets: appended to, kept small, compared over time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from catalogue import snapshots
from catalogue.errors import Barred, ChangesGone, SnapshotGone, UnknownSnapshot
from catalogue.history import following
from catalogue.history.appends import Appender
from catalogue.history.changes import Changes, Difference, between, shown
from catalogue.history.following import Followed, Place
from catalogue.history.publishing import Publisher
from catalogue.history.reconcile import Reconciler
from catalogue.history.upkeep import Upkeep
from catalogue.history.walks import Walks
from catalogue.publication import Publication
from catalogue.queue import new_id
from catalogue.stewards.stewardship import Stewardship
from schemas.problem import BadInput, InputError
from schemas.run import Run
from schemas.snapshot import Snapshot

if TYPE_CHECKING:
    from catalogue.parts import Parts


ATTEMPTS = 3
"""How often a comparison is begun again because parts were joined under it."""


class Chronicle(Stewardship):
    """Snapshots follow each other; what one has and the next has not is never a guess."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._parts = parts
        reconciler = Reconciler(parts.comparer, parts.storage)
        self._publisher = Publisher(self._entries, parts.storage, reconciler, parts.clock)
        growth = (parts.engine, self._entries, parts.storage, parts.clock)
        self._appender = Appender(*growth)
        self._walks = Walks(parts.comparer.spill.with_name("changes"), parts.comparer, parts.storage)
        self._upkeep = Upkeep(*growth)

    def append(self, publication: Publication, run: Run) -> Run:
        """Add the rows of a publication to those of the dataset, as a new snapshot, and return the run.

        A row whose key is published already is not added: as it is, it only counts as published; with
        other values it is rejected. Rows without a key are all new. A column that stands and does
        not come stays, empty in the new rows; where one is new or has another type, all rows are written
        anew. Raises as `publish` does, or CannotAppend.

        The search index hears of it with the next upkeep, but at once of a dataset's first rows.
        """
        run, began = self._appender.append(publication, replace(run, dataset=publication.dataset.id))
        self._current.forget(run.dataset)
        self._sum_up(run)
        if began:
            self._indexing.try_drain()
        return run

    def tend(self, dataset: str, after: timedelta | None = None) -> None:
        """Join the small parts of a growing dataset; with `after`, let rows of a longer ago time go.

        Rows keep their positions when parts are joined. Old rows go by whole row groups, in a new snapshot.
        """
        changed = self._upkeep.compact(dataset)
        if after is not None:
            try:
                changed = self._upkeep.trim(dataset, after) or changed
            except Barred:
                return
        if changed:
            self._current.forget(dataset)

    @contextmanager
    def follow(
        self, dataset: str, since: str, until: str | None = None, limit: int | None = None
    ) -> Iterator[Followed]:
        """The next changes for whoever keeps a copy: `since` is the snapshot they have, or their cursor.

        Walked by cursor each change comes exactly once, in whatever steps, while others are published.
        Raises UnknownDataset, NoRows, UnknownSnapshot, SnapshotGone, BadInput, or ChangesGone where the
        copy must be made anew.
        """
        place = following.read(dataset, since)
        if place.until is not None and until not in (None, place.until):
            raise BadInput([InputError("until", "is not where this cursor leads", "leave it out")])
        pair = self._pair(dataset, since, place, until)
        with self._walks.page(pair[0], pair[1], place, limit) as found:
            yield found

    def difference(self, dataset: str, since: str, until: str | None = None, limit: int = 20) -> Difference:
        """The counts of the same, and the first `limit` changes."""
        for _ in range(ATTEMPTS):
            with suppress(FileNotFoundError), self._between(dataset, since, until) as found:
                return _shown(found, limit)
        with self._between(dataset, since, until) as found:
            return _shown(found, limit)

    def preview(self, publication: Publication, limit: int = 20) -> Difference | None:
        """What publishing this in the place of what stands would change, None where nothing stands.

        Nothing is changed; the rows lie beside the parts as long as they are compared.
        """
        now = self._clock()
        standing = self._entries.standing(publication.dataset.id)
        if standing is None:
            return None
        written = snapshots.write(publication, self._storage, f"{new_id(now)}-trial", now)
        try:
            with between(standing, written, self._parts.comparer, self._storage) as found:
                return _shown(found, limit)
        finally:
            for part in written.parts:
                self._storage.remove(part.path)

    def _pair(self, dataset: str, since: str, place: Place, until: str | None) -> list[Snapshot]:
        """The snapshots that a place lies between; of growing datasets not even ids are kept for ever."""
        current = self._entries.current(dataset)
        missing = (SnapshotGone, UnknownSnapshot) if following.is_cursor(since) else SnapshotGone
        try:
            first = self._entries.snapshot(dataset, place.since)
            if place.until is not None:
                return [first, self._entries.snapshot(dataset, place.until)]
        except missing as gone:
            raise ChangesGone(dataset, place.since, current) from gone
        return [first, self._entries.snapshot(dataset, until or current)]

    def _between(self, dataset: str, since: str, until: str | None) -> AbstractContextManager[Changes]:
        current = self._entries.current(dataset)
        pair: list[Snapshot] = [self._entries.snapshot(dataset, id) for id in (since, until or current)]
        return between(pair[0], pair[1], self._parts.comparer, self._storage)


def _shown(found: Changes, limit: int) -> Difference:
    some = shown(found.batches, limit)
    return Difference(found.since.id, found.until.id, found.columns, found.counts, some)
