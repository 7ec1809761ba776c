"""Ask each host politely: a few answers at a time, a pause between, and not before the time it named."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LONGEST_REST = 3600.0
"""Seconds for which a host can ask all feeds to leave it alone: a server that lies does not stop a city."""


@dataclass
class _Host:
    places: threading.BoundedSemaphore
    next: float = 0.0


class Manners:
    """What all threads of a process owe to the hosts that they ask.

    Of one host at most `at_once` answers are open, and requests begin at least `gap` seconds apart.
    """

    def __init__(
        self,
        *,
        at_once: int = 4,
        gap: float = 0.05,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._at_once = at_once
        self._gap = gap
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    def pause(self, host: str) -> float:
        """Seconds until a request to the host may begin; that moment is taken from then on."""
        with self._lock:
            known, now = self._host(host), self._clock()
            begins = max(now, known.next)
            known.next = begins + self._gap
            return begins - now

    @contextmanager
    def place(self, host: str, longest: float) -> Iterator[bool]:
        """Hold one of the host's places while the block lasts; False where none came free in time."""
        with self._lock:
            places = self._host(host).places
        free = places.acquire(timeout=max(0.0, longest))
        try:
            yield free
        finally:
            if free:
                places.release()

    def backoff(self, attempt: int) -> float:
        """Seconds before the next try after `attempt` others: any up to 2, 4, 8 …, so that those who failed
        together do not come back together."""
        return self._jitter(0.0, 2.0 ** (attempt + 1))

    def leave_alone(self, host: str, seconds: float) -> None:
        """Begin no request to the host before that time is over."""
        with self._lock:
            known = self._host(host)
            known.next = max(known.next, self._clock() + min(seconds, LONGEST_REST))

    def _host(self, host: str) -> _Host:
        if host not in self._hosts:
            self._hosts[host] = _Host(threading.BoundedSemaphore(self._at_once))
        return self._hosts[host]
