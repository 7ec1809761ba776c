"""Let one process at a time write into a folder, by a lock that the system frees with its holder."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalogue.search.engine import SearchUnavailable

LOCK = "entrepot.lock"


@contextmanager
def alone(folder: Path, patience: float) -> Iterator[None]:
    """Hold the lock of `folder`, which is made where it is missing, for the block.

    SearchUnavailable where another writer, a thread or a process, keeps it for `patience` seconds.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("w")
    except OSError as fault:
        raise SearchUnavailable(
            f"the search index in {folder} cannot be written ({fault})", "make the folder writable"
        ) from fault
    with lock:
        deadline = time.monotonic() + patience
        while not _acquired(lock.fileno()):
            if time.monotonic() > deadline:
                raise SearchUnavailable(
                    f"another process has been writing the search index in {folder} for {patience:g} s",
                    "wait for it, or end it, and try again",
                )
            time.sleep(0.02)
        yield


def _acquired(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
