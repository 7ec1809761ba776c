"""Add the rows of a run to those published before: new parts behind the old ones, which stay as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import chain

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue import rejects, repairs, snapshots, stored
from catalogue.commit import described, expect, lock, make_current
from catalogue.database import writing
from catalogue.entries import Entries
from catalogue.errors import Overtaken
from catalogue.history.alignment import aligned, united
from catalogue.history.joining import joined
from catalogue.history.sifting import DIFFERS, Sifter
from catalogue.publication import Publication, pieces_of
from catalogue.queue import new_id
from catalogue.runs import confirm, land
from catalogue.storage import Storage
from catalogue.tables import snapshots as table
from schemas.dataset import Column
from schemas.run import Run
from schemas.snapshot import Snapshot

ATTEMPTS = 3


class Appender:
    """Appends to datasets; each append is a snapshot, and those before it are its first rows."""

    def __init__(
        self, engine: Engine, entries: Entries, storage: Storage, clock: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._entries = entries
        self._storage = storage
        self._clock = clock

    def append(self, publication: Publication, run: Run) -> tuple[Run, bool]:
        """Publish what is new of the rows, and return the run as recorded and whether a lineage began."""
        for attempt in range(ATTEMPTS):
            try:
                return self._append(publication, run, self._entries.standing(publication.dataset.id))
            except (Overtaken, FileNotFoundError):  # Changed or compacted meanwhile.
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _append(self, publication: Publication, run: Run, former: Snapshot | None) -> tuple[Run, bool]:
        now = self._clock()
        id = new_id(now)
        publication = united(publication, former) if former else publication
        grows = former is not None and _shape(former.columns) == _shape(publication.columns)
        sifter = Sifter(former, publication, id, self._storage)
        history = () if former is None or grows else aligned(former, publication.columns, self._storage)
        counted = _Counted()
        rows = chain(history, counted.through(sifter.pieces()))
        written = snapshots.write(replace(publication, rows=rows), self._storage, id, now)
        run = _told(run, sifter, counted.rows)
        rejects.keep(self._storage, run, chain(pieces_of(publication.rejects), sifter.differing))
        repairs.keep(self._storage, run, publication.repaired)
        if former is not None and not counted.rows:
            self._remove(written)
            return self._keep(run, former), False
        if former is not None and grows and former.lineage and former.columns == publication.columns:
            written = replace(written, lineage=former.lineage)
        else:
            written = replace(written, lineage=id)
        try:
            return self._commit(publication, written, run, former if grows else None, former)
        except Overtaken:
            self._remove(written)
            raise

    def _commit(
        self,
        publication: Publication,
        written: Snapshot,
        run: Run,
        grown: Snapshot | None,
        former: Snapshot | None,
    ) -> tuple[Run, bool]:
        """Make the parts that stand and those written one snapshot, in one transaction."""
        with writing(self._engine) as connection:
            confirm(connection, run)
            row = lock(connection, publication.dataset)
            expect(row, former.id if former else None)
            before = described(row)
            dataset = replace(publication.dataset, created=before.created if before else None)
            if grown is not None:
                stands = _newest(connection, grown)
                written = joined(written, stands.parts, stands)
                if written.lineage == stands.lineage:
                    _lighten(connection, stands)
            snapshot = make_current(connection, dataset, replace(written, run=run.run), self._clock(), run)
            run = replace(run, status="published", snapshot=snapshot.id)
            return land(connection, run, snapshot.created), snapshot.lineage == snapshot.id

    def _keep(self, run: Run, former: Snapshot) -> Run:
        """Record a run all of whose rows were published before."""
        with writing(self._engine) as connection:
            confirm(connection, run)
            run = replace(run, status="published", snapshot=former.id)
            return land(connection, run, self._clock())

    def _remove(self, written: Snapshot) -> None:
        for part in written.parts:
            self._storage.remove(part.path)


class _Counted:
    """Counts rows on their way."""

    rows = 0

    def through(self, pieces: Iterator[pa.Table]) -> Iterator[pa.Table]:
        for piece in pieces:
            self.rows += len(piece)
            yield piece


def _told(run: Run, sifter: Sifter, inserted: int) -> Run:
    """The run with what the sifting found: rows that differ from published ones are rejected."""
    odd = sum(len(table) for table in sifter.differing)
    reasons = Counter(run.reasons) + Counter({DIFFERS: odd})
    run = replace(run, published=run.published - odd, rejected=run.rejected + odd, reasons=dict(reasons))
    return replace(run, inserted=inserted, updated=0, deleted=0)


def _newest(connection: Connection, former: Snapshot) -> Snapshot:
    """The snapshot with the parts that it has now: they may have been compacted since it was looked at."""
    manifest = connection.execute(sa.select(table.c.manifest).where(table.c.id == former.id)).scalar_one()
    return stored.snapshot(manifest, None)


def _lighten(connection: Connection, former: Snapshot) -> None:
    """Let the manifest of a snapshot that is continued say no more than how far it goes."""
    connection.execute(sa.update(table).where(table.c.id == former.id).values(manifest=stored.light(former)))


def _shape(columns: tuple[Column, ...]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]
