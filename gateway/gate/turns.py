"""Requests take turns at the processor, so that many at once do not keep taking it from each other."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

AT_ONCE = 1
"""How many requests work in one process; a city has a process for each processor."""
SECONDS = 0.01
"""After which a turn is over: who still works then mostly waits, for a scan, a service or a client."""


_Turn: TypeAlias = Lock
"""Held until it begins."""


class Turns:
    """The WSGI application that lets requests into `app` in the order they came.

    Python runs one thread at a time, and one that reads a hundred rows lets go of it a hundred times: among
    many at it together some are passed over again and again. Nobody waits longer than a turn for each of
    those before him, and whatever comes behind the first piece of a stream needs none.
    """

    def __init__(self, app: WSGIApplication, at_once: int = AT_ONCE, seconds: float = SECONDS) -> None:
        self._app, self._at_once, self._seconds = app, at_once, seconds
        self._lock = Lock()
        self._working: OrderedDict[_Turn, float] = OrderedDict()
        """Until when each turn lasts, the first to end first."""
        self._waiting: deque[_Turn] = deque()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        turn = self._turn()
        try:
            return self._app(environ, start_response)
        finally:
            with self._lock:
                self._working.pop(turn, None)
                self._let_in()

    def _turn(self) -> _Turn:
        """Wait for one."""
        turn = Lock()
        turn.acquire()
        with self._lock:
            self._waiting.append(turn)
            self._let_in()
        while not turn.acquire(timeout=self._seconds):
            with self._lock:
                self._let_in()
        return turn

    def _let_in(self) -> None:
        """Give the turns that are free or over to those who wait longest."""
        now = time.monotonic()
        while self._waiting:
            if len(self._working) >= self._at_once:
                oldest, end = next(iter(self._working.items()))
                if end > now:
                    return
                del self._working[oldest]
            turn = self._waiting.popleft()
            self._working[turn] = now + self._seconds
            turn.release()
