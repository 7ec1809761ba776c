"""Events as a stream tells them, one after the other, with the rows that changed where they are few."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from catalogue import Catalogue, NotInCatalogue, table_lines
from gateway.caller import ROWS
from gateway.streams import Streams
from schemas.event import Event, shown
from schemas.problem import BadInput

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

FEW = 1_000
"""Changed rows up to which they are told with their event."""
RETRY_MS = 2_000
REPLAYED = 100
"""Missed events that are read at once; before that it is asked whether the credential counts still."""


def few_changes(catalogue: Catalogue, event: Event) -> list[bytes] | None:
    """The changed rows of an event as JSON, None where they are many, uncounted, or no longer known."""
    counts = (event.inserted, event.updated, event.deleted)
    known = sum(count or 0 for count in counts)
    if event.previous is None or counts == (None, None, None) or known > FEW:
        return None
    try:
        with catalogue.follow(event.dataset, event.previous, event.snapshot, FEW + 1) as found:
            lines = b"".join(table_lines(found.changes.batches, "ndjson")).splitlines()
    except (NotInCatalogue, BadInput, FileNotFoundError):
        return None
    return lines if len(lines) <= FEW else None


@dataclass
class Telling:
    """What one stream tells: events of `dataset` or of all, with their `rows` where they are few.

    It is asked before each thing that is told whether its credential `is_live` still.
    """

    catalogue: Catalogue
    base: str
    dataset: str | None
    rows: bool
    streams: Streams
    is_live: Callable[[], bool]

    def since(self, last: int | None, seconds: float, environ: WSGIEnvironment) -> Iterator[bytes]:
        """First what happened behind `last`, where it is given, then what happens for so many seconds.

        The rows that are told are counted in the environ, as those of any answer.
        """
        end = time.monotonic() + seconds
        oldest, newest = self.catalogue.events.ends()
        yield f"retry: {RETRY_MS}\n".encode() + _at(newest if last is None else last)
        if last is not None:
            if not oldest - 1 <= last <= newest:
                yield _block("reset", newest if last > newest else oldest - 1, {"from": oldest})
            yield from self._replayed(last, newest, end, environ)
        yield from self._live(newest, end, environ)

    def _replayed(self, last: int, newest: int, end: float, environ: WSGIEnvironment) -> Iterator[bytes]:
        """What was missed; a client that is not done with it in time comes back for the rest."""
        while last < newest and (page := self.catalogue.events.after(last, self.dataset, REPLAYED)):
            if not self.is_live():
                return
            for event in page:
                if self._over(end):
                    return
                if event.id <= newest:
                    yield self._told(event, environ)
            last = page[-1].id

    def _live(self, last: int, end: float, environ: WSGIEnvironment) -> Iterator[bytes]:
        watch, silent = self.catalogue.watch, time.monotonic()
        roused = watch.roused
        while not self._over(end):
            wait = min(end, silent + self.streams.heartbeat) - time.monotonic()
            for event in watch.after(last, wait, roused):
                last = event.id
                if self.dataset in (None, event.dataset):
                    if self._over(end) or not self.is_live():
                        return
                    yield self._told(event, environ)
                    silent = time.monotonic()
            if time.monotonic() >= silent + self.streams.heartbeat or watch.roused > roused:
                roused = watch.roused
                if not self.is_live():
                    return
                # The id alone moves the client on past the events of other datasets.
                yield b": \n" + _at(last)
                silent = time.monotonic()

    def _over(self, end: float) -> bool:
        return self.catalogue.watch.closed or time.monotonic() >= end

    def _told(self, event: Event, environ: WSGIEnvironment) -> bytes:
        said = shown(event, self.base)
        changes = self._changes(event) if self.rows else None
        if changes is not None:
            environ[ROWS] = environ.get(ROWS, 0) + len(changes)
            said["changes"] = [orjson.Fragment(line) for line in changes]
        return _block(event.kind, event.id, said)

    def _changes(self, event: Event) -> list[bytes] | None:
        return self.streams.once(event.id, lambda: few_changes(self.catalogue, event))


def _at(id: int) -> bytes:
    return f"id: {id}\n\n".encode()


def _block(kind: str, id: int, said: dict[str, Any]) -> bytes:
    body = orjson.dumps(said, option=orjson.OPT_UTC_Z)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (id, kind.encode(), body)
