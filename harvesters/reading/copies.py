"""Copy a file of this machine for a run, so that it reads the same bytes to its end whatever is written."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from harvesters.faults import FeedMisconfigured, SourceUnavailable


def copy_of(path: Path, to: Path) -> tuple[int, str]:
    """Write the file's bytes to `to`, and return their number and SHA-256.

    Raises SourceUnavailable for a file that is not there, cannot be read, or was written to meanwhile.
    """
    if not path.exists():
        raise SourceUnavailable(f"there is no file {path}", hint="mend path under [source], or put it there")
    if not path.is_file():
        raise FeedMisconfigured(f"{path} is no regular file", hint="path under [source] names one file")
    try:
        before = path.stat()
        shutil.copyfile(path, to)
        after = path.stat()
    except OSError as fault:
        raise SourceUnavailable(f"{path} cannot be read: {fault.strerror}") from fault
    if _stamp(before) != _stamp(after) or to.stat().st_size != after.st_size:
        raise SourceUnavailable(f"{path} was written to while it was read", hint="it is read at the next run")
    with to.open("rb") as body:
        return after.st_size, hashlib.file_digest(body, "sha256").hexdigest()


def _stamp(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns
