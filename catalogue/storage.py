"""Where parts lie: a folder in which a file appears whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath


class Storage:
    """A folder of immutable files, named by paths relative to it with `/` between their parts."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def path(self, relative: str) -> Path:
        """Where a file lies, to be read; raises ValueError for a path that leads out of the folder."""
        steps = PurePosixPath(relative)
        if not steps.parts or steps.is_absolute() or ".." in steps.parts:
            raise ValueError(
                f"{relative!r} is no path inside the storage folder; name it relative to its root"
            )
        return self._root.joinpath(*steps.parts)

    @contextmanager
    def writer(self, relative: str) -> Iterator[Path]:
        """A temporary path to write to; on leaving, its file lies on the disk under `relative`."""
        final = self.path(relative)
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = final.with_name(f".{secrets.token_hex(6)}.{final.name}")
        try:
            yield temporary
            _sync(temporary)
            temporary.replace(final)
            _sync(final.parent)
        finally:
            temporary.unlink(missing_ok=True)

    def files(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Every file below `folder` with the instant it was last written, half-written ones too."""
        for file in self.path(folder).rglob("*"):
            try:
                if file.is_file():
                    yield file.relative_to(self._root).as_posix(), _written(file)
            except FileNotFoundError:  # Another process took it away meanwhile.
                continue

    def remove(self, relative: str) -> None:
        """Take a file away, and the folders that it leaves empty; one that is gone already is no error."""
        file = self.path(relative)
        file.unlink(missing_ok=True)
        for folder in file.parents:
            if folder == self._root or not folder.is_relative_to(self._root):
                break
            try:
                folder.rmdir()
            except OSError:  # Not empty, or somebody else's by now.
                break


def _written(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
