"""Tell the search engine of what changed in SQL, however often it was away meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from catalogue import stored
from catalogue.commit import note_changes
from catalogue.database import writing
from catalogue.search import SearchEngine, SearchUnavailable, document
from catalogue.tables import datasets, search_work
from schemas.dataset import Dataset

BATCH = 30_000  # changes at a time; SQLite takes 32,766 values in one statement
_log = logging.getLogger(__name__)

State = tuple[int, Dataset | None]
"""A dataset's version, and what is to be found of it: None once it is withdrawn."""


class Indexing:
    """Works off the list of changes that every publishing transaction leaves behind."""

    def __init__(self, engine: Engine, search: SearchEngine) -> None:
        self._engine = engine
        self._search = search

    def try_drain(self) -> int:
        """Bring the search engine up to date as far as it answers; what is left waits for the next time."""
        try:
            return self.drain()
        except SearchUnavailable as fault:
            _log.warning("search index is behind: %s", fault)
            return 0

    def drain(self) -> int:
        """Bring the search engine up to date and count the datasets told; raises SearchUnavailable."""
        told = 0
        while work := self._pending():
            states = self._states(set(work.values()))
            live = [document(dataset) for _, dataset in states.values() if dataset]
            gone = [id for id, (_, dataset) in states.items() if dataset is None]
            if live:
                self._search.put(live)
            if gone:
                self._search.drop(gone)
            self._settle(work, states)
            told += len(states)
        return told

    def rebuild(self) -> int:
        """Forget the whole index and fill it from SQL; returns how many datasets it holds."""
        with writing(self._engine) as connection:
            everything = sa.select(datasets.c.id).where(datasets.c.withdrawn.is_(None))
            connection.execute(sa.insert(search_work).from_select(["dataset"], everything))
        self._search.clear()
        self.drain()
        return self._search.count()

    def _pending(self) -> dict[int, str]:
        oldest = sa.select(search_work.c.seq, search_work.c.dataset).order_by(search_work.c.seq).limit(BATCH)
        with self._engine.connect() as connection:
            return {row.seq: row.dataset for row in connection.execute(oldest)}

    def _states(self, ids: Iterable[str]) -> dict[str, State]:
        asked = sa.select(datasets).where(datasets.c.id.in_(list(ids)))
        with self._engine.connect() as connection:
            return {
                row.id: (row.version, stored.dataset(row.described) if row.withdrawn is None else None)
                for row in connection.execute(asked)
            }

    def _settle(self, done: dict[int, str], states: dict[str, State]) -> None:
        """Strike off the work that was done, and note again what changed while it was done.

        Two processes may tell the engine of one dataset in the wrong order; whoever told an old version
        sees here that it is old, or the newer one is told later. Work is struck off by its own number,
        never up to a number: numbers become visible in another order than they are given. And by its
        dataset: SQLite gives the number of work that another process struck off to the next work.
        """
        this = (search_work.c.seq == sa.bindparam("number")) & (search_work.c.dataset == sa.bindparam("of"))
        struck = [{"number": number, "of": dataset} for number, dataset in done.items()]
        asked = sa.select(datasets.c.id, datasets.c.version).where(datasets.c.id.in_(list(states)))
        with writing(self._engine) as connection:
            connection.execute(sa.delete(search_work).where(this), struck)
            versions = connection.execute(asked).all()
            note_changes(connection, [id for id, version in versions if version != states[id][0]])
