"""Wait for what happens next: one look at the log for all who wait in a process, none while nobody does."""

from __future__ import annotations

import logging
import threading
from collections import deque

from sqlalchemy.exc import SQLAlchemyError

from catalogue.events.log import PAGE, Events
from schemas.event import Event

EVERY = 0.5
IDLE = 20
"""How many looks in a row nobody must wait for until the watch rests."""
log = logging.getLogger(__name__)


class Watch:
    """Looks at the log each `every` seconds while somebody waits; safe to share by threads."""

    def __init__(self, events: Events, *, every: float = EVERY) -> None:
        self._events, self._every = events, every
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._waiting = 0
        self.roused = 0
        """How often those who wait were told to look about."""
        self._floor = self._newest = 0
        self._recent: deque[Event] = deque(maxlen=PAGE)

    def after(self, id: int, seconds: float, roused: int = 0) -> list[Event]:
        """The first events behind an id, as soon as there is one; none where the time is over before.

        None too as soon as it was `roused` more often than the caller knows of.
        """
        with self._news:
            self._begin()
            self._waiting += 1
            try:
                self._news.wait_for(
                    lambda: self._stop.is_set() or self._newest > id or self.roused > roused, seconds
                )
            finally:
                self._waiting -= 1
            if self._newest <= id or self._stop.is_set():
                return []
            if id >= self._floor:
                return [event for event in self._recent if event.id > id]
        return self._events.after(id)

    def rouse(self) -> None:
        """Let all who wait look about, though nothing has happened."""
        with self._news:
            self.roused += 1
            self._news.notify_all()

    @property
    def closed(self) -> bool:
        """Whether nothing will come any more."""
        return self._stop.is_set()

    def close(self) -> None:
        """Send all home who wait."""
        self._stop.set()
        with self._news:
            self._news.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _begin(self) -> None:
        if self._thread is None and not self._stop.is_set():
            _, self._newest = self._events.ends()
            self._floor = self._newest
            self._recent.clear()
            self._thread = threading.Thread(target=self._look, name="events", daemon=True)
            self._thread.start()

    def _look(self) -> None:
        idle = 0
        while not self._stop.wait(self._every):
            try:
                fresh = self._events.after(self._newest)
            except SQLAlchemyError as fault:
                log.warning("events are looked for again: %s", type(fault).__name__)
                continue
            with self._news:
                self._tell(fresh)
                idle = 0 if self._waiting else idle + 1
                if idle > IDLE:
                    self._thread = None
                    return

    def _tell(self, fresh: list[Event]) -> None:
        for event in fresh:
            if len(self._recent) == self._recent.maxlen:
                self._floor = self._recent[0].id
            self._recent.append(event)
            self._newest = event.id
        if fresh:
            self._news.notify_all()
