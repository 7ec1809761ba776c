"""Connect to guarded addresses only, and let nothing outlast a deadline."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from harvesters.faults import SourceUnavailable
from harvesters.fetch.guard import Guard

Left = Callable[[], float]
"""Seconds that what this thread fetches may still last."""


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves a host once, by the guard, and connects to what the guard admitted.

    The name stays in the Host header and in TLS; only the socket knows the address. So a resolver that
    changes its answer between check and connection gains nothing. No wait lasts longer than `left` says.
    """

    def __init__(self, guard: Guard, left: Left) -> None:
        self._guard = guard
        self._left = left
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first admitted address that answers."""
        fault: Exception = httpcore.ConnectError(f"{host} has no address")
        try:
            addresses = self._guard.addresses(host, port)
        except SourceUnavailable as unknown:
            # Resolvers stumble as often as servers do, and are asked again like them.
            raise httpcore.ConnectError(str(unknown)) from unknown
        for address in addresses:
            wait = _bounded(timeout, self._left, httpcore.ConnectTimeout)
            try:
                stream = self._sockets.connect_tcp(str(address), port, wait, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as refused:
                fault = refused
            else:
                return _Timed(stream, self._left)
        raise fault


class _Timed(httpcore.NetworkStream):
    """A stream whose every wait ends at the deadline, so that a slow drip of bytes cannot hold a run."""

    def __init__(self, stream: httpcore.NetworkStream, left: Left) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _bounded(timeout, self._left, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _bounded(timeout, self._left, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        wait = _bounded(timeout, self._left, httpcore.ConnectTimeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, wait), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _bounded(timeout: float | None, left: Left, late: type[Exception]) -> float:
    """Seconds that a wait may last: its own time-out, but not beyond the deadline."""
    rest = left()
    if rest <= 0:
        raise late("the time for the whole fetch is over")
    return rest if timeout is None else min(timeout, rest)
