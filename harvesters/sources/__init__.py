"""One file per way to reach data; the file name, with dashes, is the `kind` of a feed's [source]."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    it holds.
    """

    path: Path
    name: str
    bytes: int
    sha256: str
    media_type: str | None = None
    format: str | None = None
    expected: int | None = None


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

    def read(self, feed: Feed, fetch: Fetch, folder: Path) -> Raw:
        """Fetch the feed's bytes into `folder`; raises a HarvestFault."""


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
