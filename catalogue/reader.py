"""The front door's side for whoever reads: datasets found and described, their rows in pages and as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa

from catalogue import encode, lists, rejects, repairs
from catalogue.errors import NoRows, UnknownDataset, UnknownSnapshot
from catalogue.history.chronicle import Chronicle
from catalogue.parts import Export
from catalogue.rows.figures.facets import facets
from catalogue.rows.figures.groups import grouped
from catalogue.rows.figures.tables import Values, worked
from catalogue.rows.joins import AND, Joined
from catalogue.rows.latest import MARK
from catalogue.rows.question import cursor
from catalogue.rows.space import areas
from catalogue.rows.space.nearest import nearest
from catalogue.search.text import highlight
from schemas.conditions import Area
from schemas.dataset import Column, Dataset
from schemas.formula import TableQuery
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import (
    FacetPage,
    FacetQuery,
    GroupPage,
    GroupQuery,
    Hit,
    NearestQuery,
    RowPage,
    RowQuery,
    SearchPage,
    SearchQuery,
)
from schemas.snapshot import Snapshot

READS = 3
"""How often a read is begun again because the parts of a growing dataset were joined under it."""
_Read = TypeVar("_Read")


class Reader(Chronicle):
    """What goes out: nothing here changes what is published."""

    def describe(self, dataset: str) -> Dataset:
        """What the catalogue says of a dataset; raises UnknownDataset."""
        return self._entries.one(dataset)

    def datasets(self, *, limit: int, offset: int = 0) -> list[Dataset]:
        """Published datasets in the order of their ids."""
        return self._entries.page(limit, offset)

    def datasets_with_rows(self) -> list[Dataset]:
        """Published datasets whose rows are here, in the order of their ids."""
        return self._entries.with_rows()

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
        """The snapshot a row query reads: a cursor goes on in the one where it began.

        With a join its id is that of both snapshots, and names both where it is given.
        """
        if query.cursor is None:
            return self._beside(self.snapshot(dataset, _first(query.snapshot), query.as_of), query)
        begun = cursor.snapshot(query.cursor).removesuffix(MARK)
        if query.snapshot not in (None, begun):
            raise BadInput([InputError("cursor", "is of another snapshot", "follow `next` as it is")])
        try:
            return self._beside(
                self.snapshot(dataset, _first(begun)), replace(query, snapshot=begun, as_of=None)
            )
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
        query = self._placed(query)
        if isinstance(snapshot, Joined) and query.select is None:
            query = replace(query, select=snapshot.shown())
        return self._read(snapshot, lambda whole: self._parts.rows.read(whole, query))

    def latest_of(self, snapshot: Snapshot, query: RowQuery) -> RowPage:
        """A page of the latest rows, one of each entity: of those that have the same key but for the time.

        The filters choose among them. Raises as `rows_of`, and BadInput for rows without a key.
        """

        placed = self._placed(query)

        def read(whole: Snapshot) -> RowPage:
            rows, latest = self._parts.latest.of(whole)
            return replace(rows.read(latest, placed), snapshot=whole.id)

        return self._read(snapshot, read)

    def nearest_of(self, snapshot: Snapshot, query: NearestQuery) -> RowPage:
        """The rows nearest to a point, their distance in metres as the last column; raises as `rows_of`."""
        rows, query = self._parts.rows, replace(query, rows=self._placed(query.rows))
        return self._read(snapshot, lambda whole: nearest(partial(rows.read, whole), whole, query))

    def groups_of(self, snapshot: Snapshot, query: GroupQuery, zone: tzinfo = UTC) -> GroupPage:
        """Figures of groups of rows, spans of time as clocks in `zone` tell them; raises as `rows_of`."""
        scanner, query = self._parts.rows.scanner, replace(query, rows=self._placed(query.rows))
        return self._read(snapshot, lambda whole: grouped(scanner, whole, query, zone))

    def table_of(self, snapshot: Snapshot, query: TableQuery, zone: tzinfo = UTC) -> Iterator[Values]:
        """The rows of a table that is worked out, page after page, one at least; raises as `rows_of`."""
        scanner = self._parts.rows.scanner
        return self._read(snapshot, lambda whole: worked(scanner, whole, query, zone))

    def facets_of(self, snapshot: Snapshot, query: FacetQuery) -> FacetPage:
        """The most frequent values of columns; raises as `rows_of`."""
        scanner, query = self._parts.rows.scanner, replace(query, rows=self._placed(query.rows))
        return self._read(snapshot, lambda whole: facets(scanner, whole, query))

    def all_rows(self, snapshot: Snapshot, query: RowQuery) -> encode.Answer:
        """All rows that answer, counted, to be written by `encode_stream`; raises as `rows_of`."""
        query = self._placed(query)
        if isinstance(snapshot, Joined) and query.select is None:
            query = replace(query, select=snapshot.shown())
        return self._read(
            snapshot,
            lambda whole: encode.answer_of(whole, self._parts.rows.flow(whole, query), self._storage),
        )

    def export(self, dataset: str, format: str, snapshot: str | None = None) -> Export:
        """A whole snapshot as a file, as DOWNLOADS names it, made where it is not; raises as `snapshot` does,
        or BadInput."""
        whole = self.snapshot(dataset, snapshot)
        return self._handed(whole, format, self._parts.downloads.exports.make)

    def download(self, dataset: str, format: str, snapshot: str | None = None) -> Export:
        """The same within seconds; raises BeingMade where it takes longer."""
        whole = self.snapshot(dataset, snapshot)
        return self._handed(whole, format, self._parts.downloads.soon)

    def layer_of(self, snapshot: Snapshot) -> encode.Layer:
        """The rows of a snapshot as a layer of maps; raises BadInput where they have no geometry."""
        return self._read(snapshot, self._parts.downloads.exports.layers.of)

    def _handed(self, whole: Snapshot, format: str, make: Callable[[Snapshot, str], encode.Made]) -> Export:
        made = self._read(whole, lambda each: make(each, format))
        media_type, extension = encode.DOWNLOADS[format]
        name = f"{whole.dataset}.{extension}"
        return Export(made.path, media_type, name, made.etag, whole.id, whole.rows, made.sha256)

    def now(self) -> datetime:
        """The instant, by the catalogue's clock."""
        return self._clock()

    def beside(self, query: RowQuery) -> tuple[str, ...]:
        """The snapshots of other datasets that an answer depends on: those that have the areas it names."""
        named = dict.fromkeys(area.dataset for area in areas.named(query.filters))
        return tuple(self._areas_in(dataset).id for dataset in named)

    def _beside(self, ours: Snapshot, query: RowQuery) -> Snapshot:
        """The snapshot with columns of the dataset that a query joins; itself where that is none."""
        named = (query.snapshot or "").partition(AND)[2] or None
        join = query.join
        if join is None:
            if named:
                raise BadInput([InputError("snapshot", "names two of them", "give the join they are of")])
            return ours
        try:
            other = self.snapshot(join.dataset, named or join.snapshot, None if named else query.as_of)
        except (UnknownDataset, NoRows):
            hint = did_you_mean(join.dataset, self.ids())
            raise BadInput(
                [InputError("join", f"there is no dataset of rows {join.dataset!r}", hint)]
            ) from None
        return self._read(other, lambda each: self._parts.rows.beside(ours, each, join))

    def _placed(self, query: RowQuery) -> RowQuery:
        """The same query with the shapes of the areas that it names; raises BadInput for one there is not."""
        return areas.placed(query, self._shape_of)

    def _areas_in(self, dataset: str) -> Snapshot:
        try:
            return self.snapshot(dataset)
        except (UnknownDataset, NoRows):
            raise areas.unknown(dataset, self.ids()) from None

    def _shape_of(self, area: Area) -> bytes:
        snapshot = self._areas_in(area.dataset)
        return areas.shape_of(area, snapshot.columns, lambda query: self.rows_of(snapshot, query))

    def _read(self, snapshot: Snapshot, read: Callable[[Snapshot], _Read]) -> _Read:
        """Read a snapshot, and once more where its parts were joined to others in this instant.

        A part that is gone because its snapshot was collected meanwhile is answered as such.
        """
        if isinstance(snapshot, Joined):
            whole = snapshot
            return self._read(
                whole.ours, lambda ours: self._read(whole.other, lambda other: read(whole.of(ours, other)))
            )
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


def _first(snapshots: str | None) -> str | None:
    """The id of our own snapshot, of one or of two that are read together."""
    return snapshots and snapshots.partition(AND)[0]


def _marks(dataset: Dataset, q: str) -> dict[str, str]:
    """Title and description with what was found marked, each in the first language where it was."""
    found: dict[str, str] = {}
    for name, words in (("title", dataset.title), ("description", dataset.description)):
        marked = (highlight(text, q) for text in (words.ko, words.en) if q and text)
        first = next((text for text in marked if text), None)
        if first:
            found[name] = first
    return found
