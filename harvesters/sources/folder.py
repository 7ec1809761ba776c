"""A folder on the machine that harvests: its newest file, or all of its files as one table."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from harvesters.faults import FeedMisconfigured, SourceUnavailable
from harvesters.reading.copies import copy_of
from harvesters.sources import Raw, Unmodified, Visit, one_table

OPTIONS = frozenset({"path", "glob", "take"})
REQUIRED = frozenset({"path"})
FORMAT: str | None = None

_SETTLED = 2.0
"""Seconds after which a file's date tells whether it was written to again; file systems round it."""


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`path` is a text, `glob` a pattern below it, `take` either newest or all."""
    path, glob = options.get("path"), options.get("glob", "*")
    if path is not None and (not isinstance(path, str) or not path or "\0" in path):
        yield "path", "takes the path of a folder, absolute or relative to the feed's file"
    if not _is_pattern(glob):
        yield "glob", 'takes a pattern of names below path, as in "*.csv" or "2026/*.zip"'
    if options.get("take", "newest") not in ("newest", "all"):
        yield "take", 'takes "newest", the file written last, or "all", every file as one table'


def read(visit: Visit) -> Raw | Unmodified:
    """Copy the newest file, or all in the order of their names; unmodified while names, sizes and dates of
    those files are as they were."""
    folder = visit.feed.folder / visit.options["path"]
    found = _files(folder, visit.options.get("glob", "*"))
    if visit.options.get("take", "newest") == "newest":
        found = [max(found, key=lambda file: (file.stat().st_mtime_ns, file.name))]
    stats = [file.stat() for file in found]
    named = [
        f"{file.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}"
        for file, stat in zip(found, stats, strict=True)
    ]
    mark = hashlib.sha256("\n".join(named).encode("utf-8", "surrogateescape")).hexdigest()
    if mark == visit.known.get("files"):
        return Unmodified(f"{folder}: name, size and date of {len(found)} files are as they were")
    raws = [_raw(file, visit.folder / f"source-{place}") for place, file in enumerate(found)]
    settled = all(time.time() - stat.st_mtime > _SETTLED for stat in stats)
    return one_table(raws, {"files": mark} if settled else {})


def _files(folder: Path, glob: str) -> list[Path]:
    if not folder.is_dir():
        raise SourceUnavailable(f"there is no folder {folder}", hint="mend path under [source], or make it")
    try:
        found = sorted(file for file in folder.glob(glob) if file.is_file() and not _is_hidden(file, folder))
    except OSError as fault:
        raise SourceUnavailable(f"{folder} cannot be read: {fault.strerror}") from fault
    if not found:
        raise SourceUnavailable(f"{folder} holds no file {glob}", hint="mend glob under [source]")
    home = os.path.realpath(folder)
    for file in found:
        if not Path(os.path.realpath(file)).is_relative_to(home):
            raise FeedMisconfigured(
                f"{file} is a link that leads out of {folder}", hint="put the file itself there"
            )
    return found


def _raw(file: Path, copy: Path) -> Raw:
    size, digest = copy_of(file, copy)
    return Raw(path=copy, name=file.name, bytes=size, sha256=digest)


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(step.startswith(".") for step in file.relative_to(folder).parts)


def _is_pattern(glob: object) -> bool:
    if not isinstance(glob, str) or not glob or "\0" in glob:
        return False
    path = PurePath(glob)
    return not path.is_absolute() and ".." not in path.parts
