"""What was asked for again is made beside the questions and kept in memory, as long as there is room."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Callable
from threading import Lock, Thread
from typing import Any, Generic, Protocol, TypeVar

import duckdb

from schemas.snapshot import Snapshot

_log = logging.getLogger(__name__)

AGAIN = 2
"""So often the same of a snapshot is asked for before it is worth its memory."""
REMEMBERED = 1_000


class Item(Protocol):
    """Something of a snapshot in `tables` of DuckDB."""

    @property
    def snapshot(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    def drop(self, cursor: Any) -> None: ...


Some = TypeVar("Some", bound=Item)


class Kept(Generic[Some]):
    """Items of the snapshots that are asked now, `bytes` of them at most; the questions never wait for one.

    Those not asked for longest make room. Safe to share by threads.
    """

    def __init__(self, database: Any, bytes: int) -> None:
        self.bytes = bytes
        self._database = database
        self._items: OrderedDict[tuple[str, str], Some] = OrderedDict()
        self._asked: Counter[tuple[str, frozenset[str]]] = Counter()
        self._work: Thread | None = None
        self._lock = Lock()

    def get(self, snapshot: Snapshot, name: str) -> Some | None:
        """What is kept of a snapshot under a name."""
        with self._lock:
            item = self._items.get((snapshot.dataset, name))
            if item is None or item.snapshot != snapshot.id:
                return None
            self._items.move_to_end((snapshot.dataset, name))
            return item

    def want(self, snapshot: Snapshot, columns: frozenset[str], make: Callable[[Any], None]) -> None:
        """Have something made of columns with a cursor, one at a time, when it is time for it."""
        with self._lock:
            if self._work and self._work.is_alive():
                return
            if len(self._asked) > REMEMBERED:
                self._asked.clear()
            self._asked[snapshot.id, columns] += 1
            if self._asked[snapshot.id, columns] == AGAIN:
                self._work = Thread(target=self._make, args=(snapshot, make), name="keep", daemon=True)
                self._work.start()

    def make_room(self, cursor: Any, snapshot: Snapshot, name: str, needed: int) -> None:
        """Drop what a dataset has under a name or of former snapshots, and what leaves no room for more."""
        with self._lock:
            former = [
                (dataset, other)
                for (dataset, other), item in self._items.items()
                if dataset == snapshot.dataset and (other == name or item.snapshot != snapshot.id)
            ]
            gone = [self._items.pop(key) for key in former]
            while sum(item.bytes for item in self._items.values()) + needed > self.bytes:
                gone.append(self._items.popitem(last=False)[1])
            dropped = {item.snapshot for item in gone}
            self._asked = Counter({a: n for a, n in self._asked.items() if a[0] not in dropped})
        for item in gone:
            item.drop(cursor)

    def put(self, snapshot: Snapshot, name: str, item: Some) -> None:
        """Keep what there is room for."""
        with self._lock:
            self._items[snapshot.dataset, name] = item

    def settle(self) -> None:
        """Wait for what is being made."""
        if self._work:
            self._work.join()

    def _make(self, snapshot: Snapshot, make: Callable[[Any], None]) -> None:
        cursor = self._database.cursor()
        try:
            make(cursor)
        except duckdb.Error as error:
            # Whoever asks is answered from the parts, and told what is wrong with them.
            _log.warning("dataset=%s snapshot=%s kept=none fault=%s", snapshot.dataset, snapshot.id, error)
        finally:
            cursor.close()
