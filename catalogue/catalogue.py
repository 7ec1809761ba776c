"""What the city publishes: landed whole, found by words, read by rows, and never half replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pyarrow as pa
import sqlalchemy as sa

from catalogue import encode, garbage, lists, rejects, repairs, snapshots
from catalogue.allowances import Allowances
from catalogue.errors import UnknownSnapshot
from catalogue.history.chronicle import Chronicle
from catalogue.parts import Export, Parts
from catalogue.publication import Pieces, Publication
from catalogue.queue import new_id
from catalogue.rows import cursor
from catalogue.search.text import highlight
from catalogue.tables import datasets
from schemas.dataset import Column, Dataset
from schemas.feed import DeletionsSpec
from schemas.problem import BadInput, InputError
from schemas.query import Hit, RowPage, RowQuery, SearchPage, SearchQuery
from schemas.run import Run
from schemas.snapshot import Snapshot

READS = 3
"""How often a read is begun again because the parts of a growing dataset were joined under it."""
_Read = TypeVar("_Read")


class Catalogue(Chronicle):
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

    # What goes out.

    def describe(self, dataset: str) -> Dataset:
        """What the catalogue says of a dataset; raises UnknownDataset."""
        return self._entries.one(dataset)

    def datasets(self, *, limit: int, offset: int = 0) -> list[Dataset]:
        """Published datasets in the order of their ids."""
        return self._entries.page(limit, offset)

    def entries(self, feed: str) -> dict[str, Dataset]:
        """The datasets without rows that a feed publishes, by the identifier their publisher gave them."""
        return lists.entries_of(self._parts.engine, feed)

    def ids(self) -> list[str]:
        """The ids of all published datasets."""
        return self._entries.ids()

    def columns(self, dataset: str, snapshot: str | None = None) -> tuple[Column, ...]:
        """The columns of a dataset's rows; raises NoRows for an entry."""
        return self.snapshot(dataset, snapshot).columns

    def snapshot(self, dataset: str, snapshot: str | None = None, as_of: datetime | None = None) -> Snapshot:
        """The current snapshot, the one named, or the one that was current at an instant.

        Raises UnknownDataset, NoRows, UnknownSnapshot, or SnapshotGone when it is no longer kept.
        """
        if snapshot is not None and as_of is not None:
            raise BadInput([InputError("as_of", "names a second snapshot", "give it or `snapshot`")])
        current = self._current.snapshot(dataset)
        if as_of is not None:
            return self._entries.snapshot_at(dataset, as_of)
        return current if snapshot in (None, current.id) else self._entries.snapshot(dataset, snapshot)

    def snapshot_of(self, dataset: str, query: RowQuery) -> Snapshot:
        """The snapshot a row query reads: a cursor goes on in the one where it began."""
        if query.cursor is None:
            return self.snapshot(dataset, query.snapshot, query.as_of)
        begun = cursor.snapshot(query.cursor)
        if query.snapshot not in (None, begun):
            raise BadInput([InputError("cursor", "is of another snapshot", "follow `next` as it is")])
        try:
            return self.snapshot(dataset, begun)
        except UnknownSnapshot:
            raise BadInput(
                [InputError("cursor", "is of another dataset", "follow `next` as it is")]
            ) from None

    def snapshots(self, dataset: str, limit: int = 100) -> list[Snapshot]:
        """The snapshots that can be read, newest first; raises UnknownDataset, NoRows."""
        self._entries.current(dataset)
        return self._entries.snapshots(dataset, limit)

    def rejects(self, dataset: str, *, limit: int = 100, offset: int = 0) -> tuple[int, list[dict[str, Any]]]:
        """What the current snapshot's run set aside, or what holds back the latest: number and a page."""
        run = self._runs.behind(dataset)
        if run is None:
            self._entries.one(dataset)
            return 0, []
        return rejects.read(self._storage, run, limit, offset)

    def repairs(self, dataset: str) -> tuple[Mapping[str, int], list[dict[str, Any]]]:
        """What the run behind `rejects` mended: how much by rule, and examples (schemas.run.REPAIRS)."""
        run = self._runs.behind(dataset)
        if run is None:
            self._entries.one(dataset)
            return {}, []
        return run.repairs, repairs.read(self._storage, run)

    def reject_batches(self, dataset: str) -> Iterator[pa.RecordBatch]:
        """All of the same, a bounded number at a time; raises UnknownDataset before the first."""
        run = self._runs.behind(dataset)
        if run is None:
            self._entries.one(dataset)
            return iter(())
        return rejects.batches(self._storage, run)

    def find(self, query: SearchQuery) -> SearchPage:
        """The datasets that answer a search; raises SearchUnavailable."""
        hits = self._parts.search.search(query)
        found = {dataset.id: dataset for dataset in self._entries.many([id for id, _ in hits.hits])}
        shown = (Hit(found[id], score, _marks(found[id], query.q)) for id, score in hits.hits if id in found)
        return SearchPage(hits.total, tuple(shown), hits.facets)

    def autocomplete(self, q: str, limit: int = 10) -> list[Dataset]:
        """Datasets whose title goes on as `q` begins; raises SearchUnavailable."""
        return self._entries.many(self._parts.search.autocomplete(q, limit))

    def rows(self, dataset: str, query: RowQuery) -> RowPage:
        """A page of rows of one snapshot; raises as `snapshot` does, BadInput, or RowsTimeout."""
        return self.rows_of(self.snapshot_of(dataset, query), query)

    def rows_of(self, snapshot: Snapshot, query: RowQuery) -> RowPage:
        """The same of a snapshot that was looked up before, whatever the query says of snapshots."""
        return self._read(snapshot, lambda whole: self._parts.rows.read(whole, query))

    def export(self, dataset: str, format: str, snapshot: str | None = None) -> Export:
        """A whole snapshot as a file in one of EXPORT_FORMATS; raises as `snapshot` does, or BadInput."""
        whole = self.snapshot(dataset, snapshot)
        path = self._read(whole, lambda w: encode.export(w, format, self._storage, self._parts.exports))
        media_type, extension = encode.EXPORT_FORMATS[format]
        return Export(path, media_type, f"{dataset}.{extension}", f"{whole.id}.{format}")

    def _read(self, snapshot: Snapshot, read: Callable[[Snapshot], _Read]) -> _Read:
        """Read a snapshot, and once more where its parts were joined to others in this instant.

        A part that is gone because its snapshot was collected meanwhile is answered as such.
        """
        for _ in range(READS):
            try:
                return read(snapshot)
            except FileNotFoundError:
                fresh = self._entries.snapshot(snapshot.dataset, snapshot.id)
                if fresh.parts == snapshot.parts:
                    raise
                self._current.forget(snapshot.dataset)
                snapshot = fresh
        return read(snapshot)

    # Upkeep.

    def build_index(self, snapshot: Snapshot) -> None:
        """Make the look-up copy of a snapshot's rows; until it stands, scans answer.

        A dataset that grows has none: its parts, few and each of its own time, are scanned as quickly.
        """
        if snapshot.lineage is None:
            self._parts.rows.build(snapshot)

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
            for file in self._parts.exports.glob(f"{snapshot}.*"):
                file.unlink(missing_ok=True)
        self.trials.sweep()
        self._parts.comparer.sweep()
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
        """Let go of all files and sockets."""
        self._parts.rows.close()
        self._parts.comparer.close()
        self._parts.search.close()
        self._parts.engine.dispose()


def _marks(dataset: Dataset, q: str) -> dict[str, str]:
    """Title and description with what was found marked, each in the first language where it was."""
    found: dict[str, str] = {}
    for name, words in (("title", dataset.title), ("description", dataset.description)):
        marked = (highlight(text, q) for text in (words.ko, words.en) if q and text)
        first = next((text for text in marked if text), None)
        if first:
            found[name] = first
    return found
