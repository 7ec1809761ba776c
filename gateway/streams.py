"""How many answers may stay open at once, and for how long, so that waiting ones never hold up the others."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

AT_ONCE = 60
"""Open streams of a process; the server has a thread for each beside those that answer the rest."""


PATIENCE = 0.5
"""How long, in seconds, one who finds no place waits for those whose client is gone to be found out."""
WAITING = 2
"""So many may wait at once; the others are refused at once, for each holds a thread while it waits."""


class TooManyStreams(RuntimeError):
    """All streams are taken."""

    whose = "all {most} streams are taken"

    def __init__(self, most: int) -> None:
        self.most = most
        said = self.whose.format(most=most)
        super().__init__(f"{said}; close one, try again in a moment, or ask with format=json instead")


class TooManyOfYours(TooManyStreams):
    """The caller has as many streams open as one may have."""

    whose = "you have {most} streams open, as many as go"


@dataclass
class Streams:
    """The streams that are open in this process, by whose they are.

    One ends after `seconds`, and its client comes back for the rest; in between something is said at least
    every `heartbeat` seconds, and when a place is wanted, by which one whose client is gone is found out.
    """

    at_once: int = AT_ONCE
    each: int = 10
    seconds: float = 300.0
    heartbeat: float = 15.0
    remembered: int = 32
    _open: Counter[str] = field(default_factory=Counter)
    _freed: threading.Condition = field(default_factory=threading.Condition)
    _waiting: int = 0
    _told: OrderedDict[int, list[bytes] | None] = field(default_factory=OrderedDict)
    _telling: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def place(self, who: str, rouse: Callable[[], None]) -> Iterator[None]:
        """A place for a stream as long as the block lasts; raises TooManyStreams.

        Where there is none, `rouse` makes the open ones say something; those whose client is gone then end.
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
            return TooManyOfYours(self.each)
        return TooManyStreams(self.at_once) if self._open.total() >= self.at_once else None

    def once(self, event: int, make: Callable[[], list[bytes] | None]) -> list[bytes] | None:
        """What `make` makes of an event, made once for all streams that tell of it now."""
        with self._telling:
            if event not in self._told:
                self._told[event] = make()
                while len(self._told) > self.remembered:
                    self._told.popitem(last=False)
            return self._told[event]

    @property
    def open(self) -> int:
        """How many are open."""
        return self._open.total()
