"""One file per way to reach data; the file name, with dashes, is the `kind` of a feed's [source]."""

from __future__ import annotations

import hashlib
import pkgutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from harvesters.fetch import Fetch
from schemas.feed import Feed


@dataclass(frozen=True)
class Raw:
    """Bytes as fetched, in a file of the run's own folder.

    `name` is the file name as the source gave it (its ending helps to detect the format); `format` is
    set when the source knows how it wrote the file; `expected` is the number of rows the source says
    it holds. `more` are further files of the same table; `bytes`, `sha256` and `expected` of the first are
    those of all. `state` is what the next visit shall know (validators, a watermark): it is remembered
    only when all that was fetched has been published. `repairs` counts by rule what the source mended itself.
    """

    path: Path
    name: str
    bytes: int
    sha256: str
    media_type: str | None = None
    format: str | None = None
    expected: int | None = None
    more: tuple[Raw, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    repairs: Mapping[str, int] = field(default_factory=dict)


def raw_of(path: Path, format: str | None, expected: int | None) -> Raw:
    """A file that a source has written itself, `expected` rows in a format that it knows."""
    with path.open("rb") as body:
        digest = hashlib.file_digest(body, "sha256").hexdigest()
    return Raw(path, path.name, path.stat().st_size, digest, format=format, expected=expected)


@dataclass(frozen=True)
class Unmodified:
    """The source's own word that nothing changed since what the visit knew; `evidence` quotes it."""

    evidence: str
    bytes: int = 0


@dataclass(frozen=True)
class Visit:
    """One call at a source.

    `feed` has its secrets filled in, `folder` is the run's own. `known` is the `state` of the latest visit
    whose rows are those published now, read as the feed still says; empty where there is none. `published`
    are, on the same terms, the feed's entries by identifier, with when each was updated.
    """

    feed: Feed
    fetch: Fetch
    folder: Path
    known: Mapping[str, Any] = field(default_factory=dict)
    published: Mapping[str, datetime | None] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep

    @property
    def options(self) -> Mapping[str, Any]:
        """The lines of [source] beside its kind."""
        return self.feed.source.options


def one_table(files: Sequence[Raw], state: Mapping[str, Any]) -> Raw:
    """The files of one table as what a visit gives: the first, with the others as `more`."""
    first, *more = files
    if not more:
        return replace(first, state=state)
    counts = [each.expected for each in files]
    return replace(
        first,
        bytes=sum(each.bytes for each in files),
        sha256=hashlib.sha256("".join(each.sha256 for each in files).encode()).hexdigest(),
        expected=None if None in counts else sum(filter(None, counts)),
        more=tuple(more),
        state=state,
    )


class Source(Protocol):
    """What a module of this package provides.

    OPTIONS names what its [source] may hold beside `kind`; REQUIRED is the subset that it must. FORMAT is
    the kind of format that it writes whatever it reads, None where it hands on what it got.
    """

    OPTIONS: frozenset[str]
    REQUIRED: frozenset[str]
    FORMAT: str | None

    def check(self, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The options whose value cannot be taken, each with what it takes (`url`, `takes an address`)."""

    def read(self, visit: Visit) -> Raw | Unmodified:
        """Fetch the feed's bytes into the visit's folder; raises a HarvestFault. Only a visit that knows
        something may find it unmodified."""


def source_kinds() -> tuple[str, ...]:
    """The kinds a feed may name."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)))


def source(kind: str) -> Source:
    """The module of a kind; raises LookupError when there is none."""
    kind = kind.replace("_", "-")
    if kind not in source_kinds():
        raise LookupError(kind)
    module: Source = import_module(f"{__name__}.{kind.replace('-', '_')}")
    return module
