"""Tell a program by a signed POST: `Entrepot-Signature: t=SECONDS,v1=HMAC-SHA256 of "t.body"`."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime

import orjson

from catalogue import Notice
from harvesters.faults import HarvestFault, SourceUnavailable
from harvesters.notices import Undelivered, identity
from harvesters.secrets import PREFIX

Send = Callable[[str, bytes, Mapping[str, str]], None]
"""Delivers a body with headers to an address, or raises a HarvestFault."""


class Webhook:
    """Sends a change as JSON to an address, signed with the secret of that address.

    An address may be named as `env:NAME`, for those that are secrets themselves.
    """

    def __init__(
        self, send: Send, key: bytes, environ: Mapping[str, str], *, clock: Callable[[], datetime]
    ) -> None:
        self._send, self._key, self._environ = send, key, environ
        self._clock = clock

    def send(self, notice: Notice, title: str) -> None:
        """Tell the address; raises Undelivered."""
        url = notice.address
        if url.startswith(PREFIX):
            name = url.removeprefix(PREFIX)
            url = self._environ.get(name, "")
            if not url:
                raise Undelivered(f"{name} is not set where the harvesters run")
        body = orjson.dumps(
            {
                "id": identity(notice),
                "feed": notice.feed,
                "title": title,
                "state": notice.state,
                "former": notice.former,
                "at": notice.at,
                "detail": notice.detail,
            },
            option=orjson.OPT_UTC_Z,
        )
        signed = signature(webhook_secret(self._key, notice.address), int(self._clock().timestamp()), body)
        headers = {
            "Content-Type": "application/json",
            "Entrepot-Id": identity(notice),
            "Entrepot-Signature": signed,
        }
        try:
            self._send(url, body, headers)
        except HarvestFault as fault:
            raise Undelivered(str(fault), lasting=not isinstance(fault, SourceUnavailable)) from fault


def webhook_secret(key: bytes, address: str) -> str:
    """The secret of an address as its feed writes it: one for each receiver, none tells another's."""
    return "whsec_" + hmac.digest(key, f"webhook {address}".encode(), hashlib.sha256).hex()


def signature(secret: str, seconds: int, body: bytes) -> str:
    """The value of Entrepot-Signature for a body sent at a time in seconds since 1970.

    A receiver computes v1 from the bytes as they came, compares in constant time, and refuses an old t.
    """
    signed = hmac.digest(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    return f"t={seconds},v1={signed.hex()}"
