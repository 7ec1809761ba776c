"""Count each request once: into a file before its answer goes out, and then into SQL within a second."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from gateway.clients.usage import UsageRecord
from gateway.gate.segments import Segment, new_segment, orphans

Fold = Callable[[str, list[UsageRecord]], object]
log = logging.getLogger(__name__)


class Meter:
    """Append records to a segment in `folder`, and `fold` finished segments; made after any fork.

    `fold(segment_id, records)` adds the records in one transaction, and nothing for an id it has seen. Where
    it fails the segment is kept and tried again.
    """

    def __init__(self, folder: Path, fold: Fold, *, every: float = 1.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._fold, self._every = folder, fold, every
        self._writing = threading.Lock()
        self._folding = threading.Lock()
        self._segment: Segment | None = None
        self._finished: list[Segment] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def record(self, record: UsageRecord) -> None:
        """Keep one request, also through kill -9; OSError where the disk is full."""
        with self._writing:
            if self._segment is None:
                self._segment = new_segment(self._folder)
            self._segment.append(record)

    def start(self) -> None:
        """Fold in the background each second, until `close`."""
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)
        self._thread.start()

    def flush(self) -> None:
        """Fold what this process and dead ones recorded so far; raises what `fold` raises."""
        with self._folding:
            # While folding fails the segment grows on, instead of one more file each second.
            self._fold_finished()
            self._finish()
            self._fold_finished()
            for orphan in orphans(self._folder):
                self._fold_orphan(orphan)

    def close(self) -> None:
        """Stop, and fold what is left; what cannot be folded waits for the next process."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._try()
        for segment in (*self._finished, *filter(None, [self._segment])):
            segment.release()
        self._finished, self._segment = [], None

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self._try()

    def _try(self) -> None:
        try:
            self.flush()
        except (SQLAlchemyError, OSError) as error:
            log.warning("usage is kept in %s until it can be counted: %s", self._folder, type(error).__name__)

    def _finish(self) -> None:
        with self._writing:
            if self._segment is not None and self._segment.lines:
                self._finished.append(self._segment)
                self._segment = None

    def _fold_finished(self) -> None:
        while self._finished:
            segment = self._finished[0]
            self._fold(segment.id, segment.records())
            segment.remove()
            del self._finished[0]

    def _fold_orphan(self, orphan: Segment) -> None:
        try:
            if records := orphan.records():
                self._fold(orphan.id, records)
        except BaseException:
            orphan.release()
            raise
        orphan.remove()
