"""How many answers may stay open at once, and for how long, so that waiting ones never hold up the others."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

AT_ONCE = 60
"""Open streams of a process; the server has a thread for each beside those that answer the rest."""


class TooManyStreams(RuntimeError):
    """No other stream can be kept open now; `mine` where it is the caller who has too many."""

    def __init__(self, most: int, *, mine: bool) -> None:
        self.most, self.mine = most, mine
        whose = f"you have {most} streams open, as many as go" if mine else f"all {most} streams are taken"
        super().__init__(f"{whose}; close one, try again in a moment, or ask with format=json instead")


@dataclass
class Streams:
    """The streams that are open in this process, by whose they are.

    One ends after `seconds`, and its client comes back for the rest; in between something is said at least
    every `heartbeat` seconds, by which one whose client is gone is found out.
    """

    at_once: int = AT_ONCE
    each: int = 10
    seconds: float = 300.0
    heartbeat: float = 15.0
    remembered: int = 32
    _open: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _told: OrderedDict[int, list[bytes] | None] = field(default_factory=OrderedDict)
    _telling: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def place(self, who: str) -> Iterator[None]:
        """A place for a stream as long as the block lasts; raises TooManyStreams."""
        with self._lock:
            if self._open[who] >= self.each:
                raise TooManyStreams(self.each, mine=True)
            if self._open.total() >= self.at_once:
                raise TooManyStreams(self.at_once, mine=False)
            self._open[who] += 1
        try:
            yield
        finally:
            with self._lock:
                self._open[who] -= 1
                if not self._open[who]:
                    del self._open[who]

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
