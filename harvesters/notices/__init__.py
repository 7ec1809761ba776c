"""Tell people and programs that the state of a feed has changed, each once, until it gets through."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from catalogue import Catalogue, Notice
from schemas.feed import Feed

log = logging.getLogger(__name__)
GIVEN_UP = timedelta(days=1)
"""How long a notice is tried; whoever is away for longer reads the feed of changes."""
_PATIENCE = timedelta(minutes=2)
_FIRST, _LONGEST = timedelta(seconds=30), timedelta(hours=2)


class Undelivered(Exception):
    """A notice did not get through; `lasting` where trying again would not help."""

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        self.lasting = lasting
        super().__init__(message)


class Channel(Protocol):
    """A way to tell; a module of this package each."""

    def send(self, notice: Notice, title: str) -> None:
        """Tell the notice's address of the change of the feed of this title; raises Undelivered."""


class Herald:
    """Sends what is due, and tries again with longer and longer pauses, for a day.

    A notice whose sender dies in the middle is sent again: its id tells the receiver that it is the same.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        channels: Mapping[str, Channel],
        feeds: Callable[[], Mapping[str, Feed]],
        *,
        clock: Callable[[], datetime],
        city: Iterable[tuple[str, str]] = (),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._notices, self._channels, self._feeds = catalogue.notices, channels, feeds
        self._clock = clock
        self._city = tuple(city)
        self._chance = chance

    def addresses(self, feed: Feed) -> tuple[tuple[str, str], ...]:
        """Who is told of a feed, as pairs of channel and address: its own and the city's."""
        own = [("mail", address) for address in feed.notify.email]
        own += [("webhook", address) for address in feed.notify.webhook]
        return tuple(dict.fromkeys((*own, *self._city)))

    def tell(self) -> int:
        """Send what is due now, and return how many got through."""
        sent = 0
        while (notice := self._notices.take(_PATIENCE)) is not None:
            sent += self._send(notice)
        return sent

    def _send(self, notice: Notice) -> bool:
        feed = self._feeds().get(notice.feed)
        title = str(feed.title) if feed else notice.feed
        try:
            if notice.channel not in self._channels:
                said = "no mail server is set (ENTREPOT_SMTP_URL)"
                raise Undelivered(f"{said}: {title} is {notice.state}; {notice.detail}", lasting=True)
            self._channels[notice.channel].send(notice, title)
        except Undelivered as fault:
            again = None if fault.lasting else next_try(notice, self._clock(), self._chance())
            self._notices.failed(notice.seq, str(fault), again)
            log.error("notice=%d feed=%s channel=%s again=%s error=%s", notice.seq, notice.feed,
                      notice.channel, again and again.isoformat(), fault)  # fmt: skip
            return False
        self._notices.done(notice.seq)
        log.info(
            "notice=%d feed=%s channel=%s state=%s", notice.seq, notice.feed, notice.channel, notice.state
        )
        return True


def next_try(notice: Notice, now: datetime, chance: float) -> datetime | None:
    """When to try again: after twice the pause before, somewhere in its second half; None after a day."""
    pause = min(_FIRST * 2 ** min(notice.attempts, 20), _LONGEST)
    again = now + pause * (0.5 + chance / 2)
    return again if again - notice.at < GIVEN_UP else None


def identity(notice: Notice) -> str:
    """What a notice is known by to its receivers: the same however often it is sent."""
    return f"{notice.feed}-{notice.seq}"
