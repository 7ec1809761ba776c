"""What the city publishes: landed whole, found by words, read by rows, and never half replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from catalogue import garbage, lists, rejects, repairs, snapshots
from catalogue.allowances import Allowances
from catalogue.parts import Parts
from catalogue.publication import Pieces, Publication
from catalogue.queue import new_id
from catalogue.reader import Reader
from catalogue.tables import datasets
from schemas.dataset import Dataset
from schemas.feed import DeletionsSpec
from schemas.run import Run
from schemas.snapshot import Snapshot


class Catalogue(Reader):
    """The front door. Every method may be called from any thread and any process at once."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.allowances = Allowances(parts.engine, parts.clock)

    # What comes in.

    def publish(self, publication: Publication, run: Run, deletions: DeletionsSpec | None = None) -> Run:
        """Make the rows of a publication the dataset's current snapshot, and return the run as recorded.

        Files first, then one transaction, then the search index: a crash at any point leaves the former
        snapshot whole. Raises RunLost when the run's lease was given up, Taken when another feed
        publishes under this id, Barred when a steward archived or withdrew it, ValueError when the rows
        are not those that the columns promise.

        Rows with a key are compared with those that stand: the run says what came, changed and went. With
        `deletions` MassDeletion is raised where too many went; those that may go stay for the grace.
        """
        run = replace(run, dataset=publication.dataset.id)
        now = self._clock()
        written = snapshots.write(publication, self._storage, new_id(now), now)
        rejects.keep(self._storage, run, publication.rejects)
        repairs.keep(self._storage, run, publication.repaired)
        run = self._publisher.publish(publication, written, run, deletions)
        self._sum_up(run)
        self._current.forget(run.dataset)
        self._indexing.try_drain()
        return run

    def publish_entries(
        self,
        feed: str,
        entries: Iterable[Dataset],
        run: Run,
        rejected: Pieces,
        deletions: DeletionsSpec | None = None,
    ) -> Run:
        """Make `entries` (datasets whose rows are elsewhere) all that the feed publishes; the rest of its
        former ones is withdrawn, with `deletions` after their grace, or not at all where too many would go:
        MassDeletion. Raises RunLost, Taken, or ValueError for an entry twice or with rows."""
        run = replace(run, dataset=feed)
        rejects.keep(self._storage, run, rejected)
        run = lists.replace_entries(self._parts.engine, entries, run, self._clock(), deletions)
        self._sum_up(run)
        self._indexing.try_drain()
        return run

    def record(self, run: Run, rejected: Pieces | None = None) -> Run:
        """Remember a run that published nothing: unchanged, held or failed. What is published stays.

        A run that has an outcome for this dataset keeps it: stopping a worker undoes no publication.
        """
        rejects.keep(self._storage, run, rejected)
        run = self._runs.record(run, self._clock())
        if run.status == "held":
            self._sum_up(run)
        return run

    # Upkeep.

    def build_index(self, snapshot: Snapshot) -> None:
        """Make the look-up copy of a snapshot's rows, and the downloads that are likely to be asked for.

        Until it stands, scans answer. A dataset that grows has neither: its parts, few and each of its own
        time, are scanned as quickly.
        """
        if snapshot.lineage is None:
            self._parts.rows.build(snapshot)
            self._parts.downloads.prepare(snapshot)

    def drain_search(self) -> int:
        """Tell the search engine what it missed and count it; an engine that is away is told later."""
        return self._indexing.try_drain()

    def reindex(self) -> int:
        """Build the search index anew from SQL and return its size; raises SearchUnavailable."""
        return self._indexing.rebuild()

    def collect_garbage(self, keep: Mapping[str, timedelta]) -> int:
        """Remove snapshots replaced longer ago than `keep` of their feed says, and what crashes left.

        Feeds that `keep` does not name keep theirs 30 days. Returns the number of snapshots removed.
        """
        now = self._clock()
        gone = garbage.collect(self._parts.engine, keep, now)
        for snapshot in gone:
            self._parts.rows.forget(snapshot)
            self._parts.latest.forget(snapshot)
            self._parts.downloads.exports.forget(snapshot)
        self.events.forget(now - max([garbage.KEEP, *keep.values()]))
        self.trials.sweep()
        self._parts.comparer.sweep()
        self._parts.latest.sweep(self.ids())
        garbage.sweep(self._parts.engine, self._storage, now)
        return len(gone)

    def ready(self) -> bool:
        """Whether datasets can be read: the database answers and has its tables."""
        try:
            with self._parts.engine.connect() as connection:
                connection.execute(sa.select(datasets.c.id).limit(1))
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Let go of all files and sockets, and of those who wait for events."""
        self.watch.close()
        self._parts.downloads.close()
        self._parts.latest.close()
        self._parts.rows.close()
        self._parts.comparer.close()
        self._parts.search.close()
        self._parts.engine.dispose()
