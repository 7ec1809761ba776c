"""How many answers may stay open at once, and for how long, so that waiting ones never hold up the others."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PATIENCE = 0.5
"""How long, in seconds, one who finds no place waits for those whose client is gone to be found out."""
WAITING = 2
"""So many may wait at once; the others are refused at once, for each holds a thread while it waits."""


class TooManyStreams(RuntimeError):
    """All places for answers of a kind are taken."""

    whose = "all {most} places for {kind} are taken"

    def __init__(self, most: int, kind: str) -> None:
        self.most, self.kind = most, kind
        said = self.whose.format(most=most, kind=kind)
        super().__init__(f"{said}; let one end, or try again in a moment")


class TooManyOfYours(TooManyStreams):
    """The caller has as many of a kind open as one may have."""

    whose = "you have {most} {kind} open, as many as go"


@dataclass
class Places:
    """Places for answers of a `kind` in this process, `at_once` for all and some for `each` caller.

    An answer keeps its place, and a thread of the server, till its client has read it to the end.
    """

    kind: str
    at_once: int
    each: int
    _open: Counter[str] = field(default_factory=Counter)
    _freed: threading.Condition = field(default_factory=threading.Condition)
    _waiting: int = 0

    @contextmanager
    def place(self, who: str, rouse: Callable[[], None]) -> Iterator[None]:
        """A place as long as the block lasts; raises TooManyStreams.

        Where there is none, `rouse` makes those that wait say something; those whose client is gone then end.
        """
        with self._freed:
            if (refusal := self._refusal(who)) and self._waiting < WAITING:
                self._waiting += 1
                rouse()
                self._freed.wait_for(lambda: self._refusal(who) is None, PATIENCE)
                self._waiting -= 1
                refusal = self._refusal(who)
            if refusal:
                raise refusal
            self._open[who] += 1
        try:
            yield
        finally:
            with self._freed:
                self._open[who] -= 1
                if not self._open[who]:
                    del self._open[who]
                self._freed.notify_all()

    def _refusal(self, who: str) -> TooManyStreams | None:
        if self._open[who] >= self.each:
            return TooManyOfYours(self.each, self.kind)
        return TooManyStreams(self.at_once, self.kind) if self._open.total() >= self.at_once else None

    @property
    def open(self) -> int:
        """How many are open."""
        return self._open.total()


def _events() -> Places:
    return Places("streams of events", at_once=60, each=10)


def _exports() -> Places:
    """Each has some 50 MB of rows in hand while its client does not read."""
    return Places("exports", at_once=16, each=4)


def _files() -> Places:
    return Places("downloads", at_once=48, each=10)


@dataclass
class Streams:
    """The answers that are open in this process: events, rows that are computed on the way, and files.

    A stream of events ends after `seconds`, and its client comes back for the rest; in between something is
    said at least every `heartbeat` seconds, and when a place is wanted, by which one whose client is gone is
    found out.
    """

    events: Places = field(default_factory=_events)
    exports: Places = field(default_factory=_exports)
    files: Places = field(default_factory=_files)
    seconds: float = 300.0
    heartbeat: float = 15.0
    remembered: int = 32
    _told: OrderedDict[int, list[bytes] | None] = field(default_factory=OrderedDict)
    _telling: threading.Lock = field(default_factory=threading.Lock)

    def once(self, event: int, make: Callable[[], list[bytes] | None]) -> list[bytes] | None:
        """What `make` makes of an event, made once for all streams that tell of it now."""
        with self._telling:
            if event not in self._told:
                self._told[event] = make()
                while len(self._told) > self.remembered:
                    self._told.popitem(last=False)
            return self._told[event]

    @property
    def at_once(self) -> int:
        """How many answers may be open together, each of which holds a thread."""
        return sum(kind.at_once for kind in (self.events, self.exports, self.files))
