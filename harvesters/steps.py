"""Keep what a run has fetched until it is published, so that another worker can go on from there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import orjson

from harvesters.sources import Raw

FETCHED = "fetch"
_JOURNAL = "fetched.json"


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run, which outlives its worker; `own` is a part that only this attempt writes to.

    A worker that was thought dead may still be writing in its own part while another goes on.
    """

    path: Path
    own: Path

    def keep(self, raw: Raw, terms: str) -> None:
        """Note what was fetched, once it is on the disk; `terms` says how the feed asked for it.

        What lies outside the folder is not ours to keep and is fetched again.
        """
        try:
            journal = {"terms": terms, "raw": _written(raw, self.path)}
        except ValueError:
            return
        draft = self.own / _JOURNAL
        draft.write_bytes(orjson.dumps(journal))
        _sync(draft)
        draft.replace(self.path / _JOURNAL)
        _sync(self.path)

    def fetched(self, terms: str) -> Raw | None:
        """What an earlier attempt fetched on the same terms; None where it is not here, or not whole."""
        try:
            journal = orjson.loads((self.path / _JOURNAL).read_bytes())
            if journal["terms"] != terms:
                return None
            return _read(journal["raw"], self.path)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remove(self) -> None:
        """Leave nothing of the run behind."""
        shutil.rmtree(self.path, ignore_errors=True)


def run_folder(work: Path, run: str) -> RunFolder:
    """The folder of a run below `work`, made where this is its first attempt on this machine."""
    path = work / run
    path.mkdir(parents=True, exist_ok=True)
    return RunFolder(path, Path(mkdtemp(dir=path)))


def _written(raw: Raw, folder: Path) -> dict[str, Any]:
    """A Raw as JSON, its paths relative to the folder; raises ValueError where one lies outside."""
    members = {each.name: getattr(raw, each.name) for each in fields(raw)}
    place = raw.path.resolve().relative_to(folder.resolve())
    if not raw.path.is_file():
        raise ValueError(f"{place} is no file")
    _sync(raw.path)
    told = {
        "path": str(place),
        "state": dict(raw.state),
        "more": [_written(each, folder) for each in raw.more],
    }
    return members | told | {"size": raw.path.stat().st_size}


def _read(told: Mapping[str, Any], folder: Path) -> Raw | None:
    """The Raw again; None where a file of it is gone or has lost its end."""
    members = dict(told)
    path = folder / members.pop("path")
    more = [_read(each, folder) for each in members.pop("more")]
    whole = [each for each in more if each is not None]
    if path.stat().st_size != members.pop("size") or len(whole) != len(more):
        return None
    return replace(Raw(path=path, **members), more=tuple(whole))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
