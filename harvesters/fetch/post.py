"""Send a message to an address on the web, through the same guarded sockets and without following anyone."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping

import httpcore
import httpx

from harvesters.faults import SourceRefused, SourceUnavailable
from harvesters.fetch.guard import Guard
from harvesters.fetch.sockets import GuardedBackend

SECONDS = 20.0
"""How long a message may take from the first look-up to the last byte of the answer."""


class Post:
    """Sends over HTTP to the addresses that `guard` admits. Redirects are not followed: a signed message
    is meant for one address."""

    def __init__(
        self,
        guard: Guard,
        *,
        seconds: float = SECONDS,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = guard
        self._seconds = seconds
        self._tls = tls or httpx.create_ssl_context()
        self._clock = clock

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Deliver `body`; raises SourceRefused where that is pointless, SourceUnavailable where it may pass.

        No part of the address is in the sentences but its host: some addresses are secrets.
        """
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            raise SourceRefused("the address cannot be read", hint="mend webhook under [notify]") from None
        self._guard.check(parsed)
        try:
            status = self._send(parsed, body, headers)
        except httpcore.TimeoutException as late:
            raise SourceUnavailable(f"{parsed.host}: no answer in time") from late
        except (httpcore.NetworkError, httpcore.ProtocolError) as broken:
            raise SourceUnavailable(f"{parsed.host}: no connection ({broken})") from broken
        if status in (408, 425, 429) or status >= 500:
            raise SourceUnavailable(f"{parsed.host}: answered with status {status}")
        if not 200 <= status < 300:
            raise SourceRefused(f"{parsed.host}: answered with status {status}, which is no receipt")

    def _send(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> int:
        deadline = self._clock() + self._seconds
        said = [
            (b"Host", url.netloc),
            (b"User-Agent", b"Entrepot"),
            (b"Connection", b"close"),
            (b"Content-Length", str(len(body)).encode()),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ]
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        backend = GuardedBackend(self._guard, lambda: deadline - self._clock())
        waits = {"connect": self._seconds, "read": self._seconds, "write": self._seconds}
        with (
            httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend) as pool,
            pool.stream("POST", target, headers=said, content=body, extensions={"timeout": waits}) as answer,
        ):
            return answer.status
