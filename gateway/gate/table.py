"""A table of counts in a file that all processes of the machine map into their memory.

A subject's cells lie in one bucket, chosen by a keyed hash, under the bucket's lock. A bucket that is full
gives newcomers a cell of its crowd to share, until the crowd's count has run out: a flood of subjects makes
some of them be refused too early; it never lets one pass its limit, and never touches those who have a cell.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import threading
from functools import lru_cache
from pathlib import Path
from types import TracebackType

from gateway.gate.counts import CELL, EMPTY, EXPIRY, Cells, Moment, forgotten

OWN, CROWD = 32, 8
TAGS = OWN + CROWD
BUCKET = TAGS * (1 + CELL)
SALT = 8
"""Words before the first bucket; random bytes, so that nobody can choose names that meet in a bucket."""
STRIPES = 16
_RESERVED = 60
_PLACES = 8192


class Stripe:
    """A lock that excludes the other threads and the other processes.

    The kernel drops a killed process's lock. A copy made by fork would share it: open tables after a fork.
    """

    def __init__(self, path: Path) -> None:
        self._threads = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        os.close(self._file)


class Table:
    """`buckets` buckets of 32 cells and 8 for the crowd, 12 kB each, in `path` and its `.lock` files."""

    def __init__(self, path: Path, buckets: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._buckets = buckets
        self._stripes = [Stripe(path.with_suffix(f".{n:02}.lock")) for n in range(STRIPES)]
        with self._stripes[0], path.open("a+b") as file:
            _fill(file.fileno(), 8 * (SALT + buckets * BUCKET))
            self._map = mmap.mmap(file.fileno(), 0)
        view = memoryview(self._map)
        self.cells = Cells(view.cast("Q"), view.cast("I"))
        self._salt = bytes(view[: 8 * SALT])
        self.bucket = lru_cache(_PLACES)(self._bucket)

    def _bucket(self, name: str) -> tuple[int, int]:
        """The bucket of a subject, and the number that its tags are made with."""
        digest = hashlib.blake2b(name.encode(), digest_size=16, key=self._salt).digest()
        return int.from_bytes(digest[:8], "big") % self._buckets, int.from_bytes(digest[8:], "big")

    def lock(self, bucket: int) -> Stripe:
        return self._stripes[bucket % STRIPES]

    def cell(self, bucket: int, tag: int, crowd: int, moment: Moment) -> int | None:
        """The word where the cell of `tag` begins, or the one of its crowd; None where even that is full.

        The caller holds the bucket's lock.
        """
        first = SALT + bucket * BUCKET
        tags = self.cells.words[first : first + TAGS].tolist()
        if tag in tags:
            return self._at(first, tags.index(tag))
        # While a crowd's count lasts, newcomers join it: who was in it may be among them.
        gathered = tags.index(crowd) if crowd in tags else None
        if gathered is not None and not self._gone(first, gathered, moment):
            return self._at(first, gathered)
        for wanted, places in ((tag, range(OWN)), (crowd, range(OWN, TAGS))):
            for place in places:
                if tags[place] == 0 or self._gone(first, place, moment):
                    return self._take(first, place, wanted, moment.wall)
        return None

    def _at(self, first: int, place: int) -> int:
        return first + TAGS + place * CELL

    def _gone(self, first: int, place: int, moment: Moment) -> bool:
        return forgotten(self.cells.words, self._at(first, place), moment)

    def _take(self, first: int, place: int, tag: int, wall: float) -> int:
        words, at = self.cells.words, self._at(first, place)
        words[first + place] = 0
        words[at : at + CELL] = EMPTY
        words[at + EXPIRY] = int(wall) + _RESERVED
        words[first + place] = tag
        return at

    def close(self) -> None:
        """Give the memory and the locks back; what was counted stays in the file."""
        self.cells.words.release()
        self.cells.halves.release()
        self._map.close()
        for stripe in self._stripes:
            stripe.close()


def _fill(file: int, size: int) -> None:
    """Make a new file `size` bytes of salt and zeros, truly on the disk: to write into a hole of a mapped
    file when the disk is full kills the process."""
    have = os.fstat(file).st_size
    if have == 0:
        os.write(file, os.urandom(8 * SALT))
        have = 8 * SALT
    while have < size:
        have += os.write(file, bytes(min(1 << 20, size - have)))
