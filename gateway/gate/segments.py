"""Files of metered requests, a line each, with a check that tells a line torn by a crash from a whole one."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import orjson

from gateway.clients.usage import UsageRecord

SUFFIX = ".usage"


class Segment:
    """A file that one process appends to, under a lock that the kernel drops when the process dies."""

    def __init__(self, file: int, path: Path) -> None:
        self._file, self.path = file, path
        self.lines = 0
        self._torn = b""

    @property
    def id(self) -> str:
        """The same for the same file, and never used again."""
        return self.path.stem

    def append(self, record: UsageRecord) -> None:
        """Hand one record to the system; it outlives this process from here on."""
        line = self._torn + _line(record)
        # Where the disk is full, what comes next begins on a line of its own.
        self._torn = b"\n"
        if os.write(self._file, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self._torn = b""
        self.lines += 1

    def records(self) -> list[UsageRecord]:
        """All whole lines."""
        return list(_records(self.path.read_bytes()))

    def remove(self) -> None:
        """Take the file away, and only then its lock."""
        self.path.unlink(missing_ok=True)
        os.close(self._file)

    def release(self) -> None:
        """Leave the file to whoever looks for files without an owner."""
        os.close(self._file)


def new_segment(folder: Path) -> Segment:
    """An empty segment, locked; its name begins with the time, so names sort by age."""
    while True:
        path = folder / f"{time.time_ns():020}-{secrets.token_hex(6)}{SUFFIX}"
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        # Another process may have taken it for an orphan's between the two calls above.
        if os.fstat(file).st_nlink:
            return Segment(file, path)
        os.close(file)


def orphans(folder: Path) -> Iterator[Segment]:
    """The segments that no living process owns, oldest first; each is locked when it is given."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        if os.fstat(file).st_nlink:
            yield Segment(file, path)
        else:
            os.close(file)


def _line(record: UsageRecord) -> bytes:
    told = orjson.dumps(tuple(record))
    return b"%08x %b\n" % (zlib.crc32(told), told)


def _records(content: bytes) -> Iterator[UsageRecord]:
    for line in content.splitlines(keepends=True):
        check, _, told = line[:-1].partition(b" ")
        if line.endswith(b"\n") and check == b"%08x" % zlib.crc32(told):
            yield UsageRecord(*orjson.loads(told))
