"""The vocabularies of columns that words are looked for in again, kept in memory."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any

import duckdb
import pyarrow as pa

from catalogue.rows.engines import sql
from catalogue.rows.engines.decoded import AGAIN, REMEMBERED, THREAD
from catalogue.rows.engines.parts import source_of
from catalogue.rows.engines.vocabulary import Vocabulary, vocabulary
from catalogue.rows.engines.words import Places, Search, columns
from catalogue.rows.joins import Joined
from catalogue.rows.question.plan import Plan
from catalogue.snapshots import Parts
from schemas.snapshot import Snapshot

_log = logging.getLogger(__name__)

LEAST_ROWS = 20_000
"""Fewer are read from their parts in some milliseconds."""
_A_ROW = 8
"""Bytes that a column takes for a row at least, or it is of few words."""

_TOGETHER = 100_000
_Column = tuple[str, str]


@dataclass(frozen=True)
class _Kept:
    table: str
    snapshot: str
    vocabulary: Vocabulary


class Lexicon:
    """Vocabularies of the columns asked for repeatedly, `bytes` of them at most.

    They are made beside the questions, which the parts answer until then. Safe to share by threads.
    """

    def __init__(self, database: Any, storage: Parts, bytes: int) -> None:
        self._database, self._storage, self._bytes = database, storage, bytes
        self._kept: OrderedDict[_Column, _Kept] = OrderedDict()
        self._asked: Counter[tuple[str, frozenset[str]]] = Counter()
        self._number = 0
        self._work: Thread | None = None
        self._lock = Lock()

    def narrowed(self, cursor: Any, plan: Plan, dialect: sql.Dialect) -> tuple[Plan, Places] | None:
        """The rows that words of a plan leave, and what is still to be asked of them; None for all rows."""
        snapshot = plan.snapshot
        if snapshot.rows < LEAST_ROWS or isinstance(snapshot, Joined) or not (names := columns(plan)):
            return None
        with self._lock:
            known = {}
            for name in sorted(names):
                kept = self._kept.get((snapshot.dataset, name))
                if kept and kept.snapshot == snapshot.id:
                    self._kept.move_to_end((snapshot.dataset, name))
                    known[name] = kept.table, kept.vocabulary
            self._want(snapshot, names.difference(known))
        return Search(plan, known, dialect).run(cursor)

    def settle(self) -> None:
        """Wait for what is being made."""
        if self._work:
            self._work.join()

    def _want(self, snapshot: Snapshot, names: frozenset[str]) -> None:
        """Make vocabularies beside, of one question at a time, when it is time for them."""
        if not names or (self._work and self._work.is_alive()):
            return
        if len(self._asked) > REMEMBERED:
            self._asked.clear()
        self._asked[snapshot.id, names] += 1
        fits = snapshot.rows * _A_ROW * len(names) <= self._bytes
        if fits and self._asked[snapshot.id, names] == AGAIN:
            arguments = (snapshot, sorted(names))
            self._work = Thread(target=self._make, args=arguments, name=THREAD, daemon=True)
            self._work.start()

    def _make(self, snapshot: Snapshot, names: list[str]) -> None:
        cursor = self._database.cursor()
        try:
            for name in names:
                made = vocabulary(self._texts(cursor, snapshot, name), self._bytes)
                if made:
                    self._keep(cursor, snapshot, name, *made)
        except duckdb.Error as error:
            # Whoever asks is answered from the parts, and told what is wrong with them.
            _log.warning("dataset=%s snapshot=%s words=none fault=%s", snapshot.dataset, snapshot.id, error)
        finally:
            cursor.close()

    def _texts(self, cursor: Any, snapshot: Snapshot, name: str) -> Iterator[pa.Array]:
        source = source_of(snapshot, self._storage)
        found = cursor.execute(f"SELECT {name} FROM {source.text}", source.files)  # noqa: S608
        return (batch.column(0) for batch in found.to_arrow_reader(_TOGETHER))

    def _keep(self, cursor: Any, snapshot: Snapshot, name: str, words: pa.Array, made: Vocabulary) -> None:
        """Keep a vocabulary, of the others those no more that are of a former snapshot or have no room."""
        self._number += 1
        kept = _Kept(f"words_{self._number}", snapshot.id, made)
        cursor.register("made", pa.table({name: words, "word": range(len(words))}))
        cursor.execute(f"CREATE TABLE {kept.table} AS SELECT * FROM made")  # noqa: S608
        cursor.unregister("made")
        with self._lock:
            former = [
                k
                for k, each in self._kept.items()
                if k[0] == snapshot.dataset and each.snapshot != snapshot.id
            ]
            gone = [self._kept.pop(key) for key in former]
            while sum(each.vocabulary.bytes for each in self._kept.values()) + made.bytes > self._bytes:
                gone.append(self._kept.popitem(last=False)[1])
            dropped = {each.snapshot for each in gone}
            self._asked = Counter({a: n for a, n in self._asked.items() if a[0] not in dropped})
            self._kept[snapshot.dataset, name] = kept
        for each in gone:
            cursor.execute(f"DROP TABLE {each.table}")
