"""Answer a row query: looked up in the row index where one stands, scanned from the parts elsewhere."""

from __future__ import annotations

import functools
import logging
import os
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from threading import Lock

from catalogue.rows import joins
from catalogue.rows.engines import sql
from catalogue.rows.engines.flow import Flow
from catalogue.rows.engines.values import Found
from catalogue.rows.index import build as index_build
from catalogue.rows.index.lookup import Gone, Index
from catalogue.rows.index.placed import Beyond
from catalogue.rows.question import cursor
from catalogue.rows.question.plan import Plan, plan
from catalogue.rows.scan.scanner import Scanner
from catalogue.snapshots import Parts
from schemas.dataset import Column
from schemas.problem import BadInput, InputError
from schemas.query import Join, RowPage, RowQuery
from schemas.snapshot import Snapshot

_log = logging.getLogger(__name__)

FORMAT = 3
"""Raised when the layout of the index changes; indexes of another format are not looked at."""
OPEN = 64
GIGABYTE = 2**30
ABANDONED = 3600
"""Seconds after which a half-built index is nobody's: a build takes seconds."""


class Rows:
    """The rows of all snapshots of a storage; safe to share by threads.

    Row indexes lie in `index_folder` and may be deleted at any time: without one, scans answer.
    Above `cache_bytes` in total, those not asked for longest are deleted after a build.
    """

    def __init__(
        self,
        storage: Parts,
        index_folder: Path,
        *,
        cache_bytes: int = 20 * GIGABYTE,
        scanner: Scanner | None = None,
    ) -> None:
        self._storage = storage
        self._folder = index_folder
        self._cache_bytes = cache_bytes
        self._scanner = scanner or Scanner(storage)
        self._open: OrderedDict[str, Index] = OrderedDict()
        self._unique: dict[tuple[str, str], None] = {}
        self._lock = Lock()

    def read(self, snapshot: Snapshot, query: RowQuery) -> RowPage:
        """One page of a snapshot; raises BadInput, and RowsTimeout when it takes too much work."""
        asked = plan(snapshot, query)
        if query.cursor and asked.after is not None and asked.after >= snapshot.rows:
            raise BadInput([InputError("cursor", "is not one of ours", "take it from `next`, unchanged")])
        index = self._index(snapshot.id)
        values, last, written = self._page(index, asked)
        return RowPage(
            snapshot=snapshot.id,
            columns=asked.columns[1:],
            names=tuple(column.name for column in asked.columns),
            values=values,
            next=None if last is None else cursor.write(snapshot.id, asked.question, last),
            count=self._count(index, asked) if query.count else None,
            written=written,
        )

    def beside(self, ours: Snapshot, other: Snapshot, join: Join) -> joins.Joined:
        """Rows with columns of another snapshot, to be read as any; raises BadInput where they do not fit."""
        whole = joins.joined(ours, other, join)
        fits = (other.id, whole.on.name)
        if fits not in self._unique:
            joins.check_unique(whole, self._different)
            self._unique[fits] = None
            while len(self._unique) > OPEN:
                self._unique.pop(next(iter(self._unique)), None)
        return whole

    def _different(self, snapshot: Snapshot, column: Column) -> tuple[int, int]:
        name = sql.name(snapshot, column)
        ((values, different),) = self._scanner.over(
            plan(snapshot, RowQuery()), f"count({name}), count(DISTINCT {name})"
        )
        return values, different

    @property
    def scanner(self) -> Scanner:
        """What asks the parts, where no index helps."""
        return self._scanner

    def flow(self, snapshot: Snapshot, query: RowQuery) -> Flow:
        """All rows that answer, whatever the page; raises as `read` does."""
        asked = plan(snapshot, query)
        whole = not (asked.filtered or asked.order or isinstance(snapshot, joins.Joined))
        batches = None if whole else functools.partial(self._scanner.flow, asked)
        return Flow(asked.columns[1:], self._count(self._index(snapshot.id), asked), batches)

    def build(self, snapshot: Snapshot) -> Path | None:
        """Build the row index of a snapshot and return its file; one that stands already is kept.

        None for a snapshot of so many rows that an index costs more than scans do.
        """
        file = self._file(snapshot.id)
        if not file.exists() and not index_build.worth_building(snapshot):
            _log.info(
                "dataset=%s snapshot=%s rows=%d index=none", snapshot.dataset, snapshot.id, snapshot.rows
            )
            return None
        if not file.exists():
            index_build.build(snapshot, self._storage, file)
            self._evict(file)
        return file

    def share(self, snapshot_id: str, with_id: str) -> None:
        """Let a snapshot of the same rows have the index of another, where that stands."""
        with suppress(FileNotFoundError, FileExistsError):
            os.link(self._file(snapshot_id), self._file(with_id))

    def forget(self, snapshot_id: str) -> None:
        """Delete the row index of a snapshot, if there is one."""
        with self._lock:
            index = self._open.pop(snapshot_id, None)
        if index:
            index.close()
        self._file(snapshot_id).unlink(missing_ok=True)

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()
        self._scanner.close()

    def _page(self, index: Index | None, asked: Plan) -> Found:
        whole = asked.snapshot
        if isinstance(whole, joins.Joined) and (own := joins.apart(asked, whole)):
            values, last, _ = self._page(self._index(own.snapshot.id), own)
            return Found(joins.completed(values, asked, whole, self.read), last)
        if index:
            with suppress(Gone):
                return self._looked_up(index, asked)
        return Found(*self._scanner.page(asked))

    def _looked_up(self, index: Index, asked: Plan) -> Found:
        """A page from the index; where finding takes a scan, the rows found are still read from there."""
        anchor = index.anchor(asked)
        with suppress(Beyond):
            return index.page(asked, anchor)
        return index.rows(asked, self._scanner.positions(index.told(asked), anchor))

    def _count(self, index: Index | None, asked: Plan) -> int:
        if not asked.filtered:
            return asked.snapshot.rows
        whole = asked.snapshot
        if isinstance(whole, joins.Joined) and (own := joins.apart(asked, whole)):
            return self._count(self._index(own.snapshot.id), own)
        if index:
            with suppress(Gone):
                with suppress(Beyond):
                    return index.count(asked)
                asked = index.told(asked)
        return self._scanner.count(asked)

    def _index(self, snapshot_id: str) -> Index | None:
        """The open index of a snapshot, None where it is not built."""
        with self._lock:
            index = self._open.get(snapshot_id)
            if index is None:
                index = self._opened(self._file(snapshot_id))
            if index is not None:
                self._open[snapshot_id] = index
                self._open.move_to_end(snapshot_id)
            while len(self._open) > OPEN:
                self._open.popitem(last=False)[1].close()
        return index

    def _opened(self, file: Path) -> Index | None:
        if not file.exists():
            return None
        try:
            file.touch()  # What was asked for last is evicted last.
            return Index(file)
        except (FileNotFoundError, Gone):  # Deleted by another process meanwhile.
            return None

    def _evict(self, newest: Path) -> None:
        """Delete what is over the size allowed, and what builds that died have left."""
        files = sorted(self._folder.glob("*.sqlite"), key=_last_used, reverse=True)
        total = 0
        for file in [newest, *(file for file in files if file != newest)]:
            total += file.stat().st_size if file.exists() else 0
            if total > self._cache_bytes and file != newest:
                self.forget(file.name.split(".")[0])
                file.unlink(missing_ok=True)  # One of another format is not ours to forget.
        for partial in self._folder.glob(".*.sqlite"):
            if _last_used(partial) < _last_used(newest) - ABANDONED:
                partial.unlink(missing_ok=True)

    def _file(self, snapshot_id: str) -> Path:
        return self._folder / f"{snapshot_id}.{FORMAT}.sqlite"


def _last_used(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
