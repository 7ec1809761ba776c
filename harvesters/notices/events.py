"""Send events to those who subscribe: signed as Standard Webhooks has it, in order, until they get through.

Each POST carries `webhook-id` (the same however often it is sent), `webhook-timestamp` in seconds since 1970,
and `webhook-signature`: `v1,` and the base64 of the HMAC-SHA-256 of `id.timestamp.body`.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import random
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import orjson

from catalogue import Catalogue, Subscription, webhook_secret
from harvesters.faults import HarvestFault
from schemas.event import Event, shown

Send = Callable[[str, bytes, Mapping[str, str]], None]
"""Delivers a body with headers to an address, or raises a HarvestFault."""

GIVEN_UP = timedelta(days=3)
"""How long a receiver may fail until nothing is sent to it any more."""
_PATIENCE = timedelta(minutes=2)
_FIRST, _LONGEST = timedelta(seconds=10), timedelta(hours=1)
log = logging.getLogger(__name__)


class Courier:
    """Sends what subscriptions wait for: of each one event after the other, the next when one got through.

    One whose sender dies in the middle is sent again, with the same id.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        send: Send,
        key: bytes,
        *,
        clock: Callable[[], datetime],
        base: str = "",
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._subscriptions, self._send, self._key = catalogue.subscriptions, send, key
        self._clock, self._base, self._chance = clock, base, chance

    def deliver(self, most: int = 1_000) -> int:
        """Send what can be sent now, and return how many got through."""
        sent = 0
        for _ in range(most):
            subscription = self._subscriptions.take(_PATIENCE)
            if subscription is None:
                break
            sent += self._serve(subscription)
        return sent

    def _serve(self, subscription: Subscription) -> bool:
        event = None if subscription.asked else self._subscriptions.next(subscription)
        if event is None and not subscription.asked:
            return False
        id, body = self._message(subscription, event)
        try:
            self._send(subscription.url, body, self._headers(subscription, id, body))
        except HarvestFault as fault:
            self._failed(subscription, str(fault))
            return False
        self._subscriptions.done(subscription, event)
        log.info("subscription=%s message=%s sent", subscription.id, id)
        return True

    def _failed(self, subscription: Subscription, fault: str) -> None:
        now, since = self._clock(), subscription.failing
        given_up = since is not None and now - since >= GIVEN_UP and subscription.disabled is None
        if given_up:
            self._subscriptions.give_up(subscription, fault, urlsplit(subscription.url).hostname or "-")
        else:
            pause = min(_FIRST * 2 ** min(subscription.attempts, 20), _LONGEST)
            self._subscriptions.failed(subscription, fault, now + pause * (0.5 + self._chance() / 2))
        log.error("subscription=%s given_up=%s error=%s", subscription.id, given_up, fault)

    def _message(self, subscription: Subscription, event: Event | None) -> tuple[str, bytes]:
        """The id and the body of an event, or of a trial."""
        if event is not None:
            said = {"type": f"dataset.{event.kind}", "timestamp": event.at, "data": shown(event, self._base)}
            return f"evt_{event.id}", orjson.dumps(said, option=orjson.OPT_UTC_Z)
        at, about = subscription.asked, {"subscription": subscription.id}
        assert at is not None
        said = {"type": "test", "timestamp": at, "data": about}
        id = f"test_{subscription.id}_{int(at.timestamp() * 1000)}"
        return id, orjson.dumps(said, option=orjson.OPT_UTC_Z)

    def _headers(self, subscription: Subscription, id: str, body: bytes) -> dict[str, str]:
        seconds = int(self._clock().timestamp())
        secret = webhook_secret(self._key, subscription.id)
        return {
            "Content-Type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(secret, id, seconds, body),
        }


def signature(secret: str, id: str, seconds: int, body: bytes) -> str:
    """The value of webhook-signature for a body of this id, sent at a time in seconds since 1970."""
    key = b64decode(secret.removeprefix("whsec_"))
    signed = hmac.digest(key, f"{id}.{seconds}.".encode() + body, hashlib.sha256)
    return "v1," + b64encode(signed).decode()
