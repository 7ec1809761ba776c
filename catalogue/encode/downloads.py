"""Downloads for a gateway that must not wait long: made behind the scenes, once, and handed out."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from catalogue.encode.export import Exports, Made
from catalogue.encode.formats import DOWNLOADS, fitting
from schemas.snapshot import Snapshot

SMALL = 1_000_000
"""Rows up to which a snapshot's downloads are made before anybody asks for them."""
_BEFOREHAND = ("csv", "geojson", "parquet")
_NICE = 5


class BeingMade(TimeoutError):
    """A download is not made yet; it will be there in a while."""

    def __init__(self, dataset: str, name: str) -> None:
        self.dataset, self.name = dataset, name
        super().__init__(
            f"the {name} of {dataset} is being made and not ready yet; ask again in a few seconds,"
            " or take export, which is written while you read"
        )


class Downloads:
    """Makes files of whole snapshots in threads of its own, each once however many ask."""

    def __init__(self, exports: Exports, asked: Path, *, patience: float = 10.0) -> None:
        self.exports = exports
        self._asked, self._patience = asked, patience
        # More would only wait for each other. A thread of the pool steps back behind those that answer.
        self._pool = ThreadPoolExecutor(2, "downloads", initializer=_step_back)
        self._making: dict[tuple[str, str], Future[Made]] = {}
        self._lock = threading.Lock()

    def soon(self, snapshot: Snapshot, name: str) -> Made:
        """The file called `name`, waited for at most `patience` seconds; raises BeingMade, or BadInput."""
        made = self.exports.ready(snapshot, name)
        if made is not None:
            return made
        self._note(snapshot.dataset, name)
        try:
            return self._begun(snapshot, name).result(self._patience)
        except TimeoutError:
            raise BeingMade(snapshot.dataset, name) from None

    def prepare(self, snapshot: Snapshot) -> None:
        """Make what is likely to be asked for: of a small snapshot, and what was asked for of earlier ones.

        Nothing of a dataset that grows every few minutes, where most files would never be read.
        """
        if snapshot.lineage is not None:
            return
        fit = fitting(snapshot.columns, DOWNLOADS)
        small = {name for name in _BEFOREHAND if name in fit and snapshot.rows <= SMALL}
        for name in sorted(small | (self._wanted(snapshot.dataset) & set(fit))):
            self.exports.make(snapshot, name)

    def close(self) -> None:
        """Begin nothing more; what is under way is finished."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begun(self, snapshot: Snapshot, name: str) -> Future[Made]:
        key = (snapshot.id, name)
        with self._lock:
            for each in [each for each, future in self._making.items() if future.done()]:
                del self._making[each]
            if key not in self._making:
                self._making[key] = self._pool.submit(self.exports.make, snapshot, name)
            return self._making[key]

    def _note(self, dataset: str, name: str) -> None:
        self._asked.mkdir(parents=True, exist_ok=True)
        (self._asked / f"{dataset}.{name}").touch()

    def _wanted(self, dataset: str) -> set[str]:
        files = self._asked.iterdir() if self._asked.exists() else ()
        return {name for owner, _, name in (file.name.partition(".") for file in files) if owner == dataset}


def _step_back() -> None:
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)  # of one thread, on Linux
