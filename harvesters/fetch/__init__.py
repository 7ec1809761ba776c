"""The only outgoing sockets: timeouts, retries, size limits, good manners, guarded addresses."""

from __future__ import annotations

import copy
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpcore
import httpx

from harvesters.faults import HarvestFault, SourceIncomplete, SourceRefused, SourceUnavailable
from harvesters.fetch.answer import Fetched, Room, take
from harvesters.fetch.body import ENCODINGS
from harvesters.fetch.guard import Guard
from harvesters.fetch.manners import Manners
from harvesters.fetch.request import Request, is_address, request
from harvesters.fetch.sockets import GuardedBackend
from harvesters.fetch.statuses import Passing

__all__ = ["Fetch", "Fetched", "HttpFetch", "Timeout", "is_address", "lasting"]

MAX_REDIRECTS = 5
LONGEST_PAUSE = 60.0
"""Seconds that a source may ask us to wait within a run; when it asks for more, the run ends."""

SLOWEST = 1_000_000
"""Bytes a second that a large body must come with, once the time for a fetch is over."""


class Fetch(Protocol):
    """Reads a URL into a file; raises SourceUnavailable or SourceRefused."""

    def __call__(
        self,
        url: str,
        to: Path,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Fetched: ...


@dataclass(frozen=True)
class Timeout:
    """Seconds to connect, to wait for the next bytes, and for the whole fetch with its retries."""

    connect: float = 10.0
    read: float = 60.0
    total: float = 900.0


class HttpFetch:
    """Fetches over HTTP from the addresses that `guard` admits, at most `max_bytes` a body.

    A fault that may pass (no connection, 5xx, 429, a body cut short) is tried `retries` times more, each
    time after a pause of random length that may be twice as long. What a host asks for by Retry-After
    holds for every thread that shares these `manners`.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        timeout: Timeout = Timeout(),
        retries: int = 2,
        max_bytes: int = 1 << 30,
        manners: Manners | None = None,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._guard = guard
        self._timeout = timeout
        self._retries = retries
        self._max_bytes = max_bytes
        self._manners = manners or Manners(clock=clock)
        self._tls = tls or httpx.create_ssl_context()
        self._clock = clock
        self._sleep = sleep
        self._here = threading.local()
        self._kept: httpcore.ConnectionPool | None = None

    def __call__(
        self,
        url: str,
        to: Path,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Fetched:
        """Read a URL into the file `to`; nothing is left there when it fails."""
        asked = request(url, params or {}, headers or {})
        self._here.deadline = self._clock() + self._timeout.total
        attempt = 0
        while True:
            try:
                return self._follow(asked, to, max_bytes or self._max_bytes)
            except Passing as passing:
                to.unlink(missing_ok=True)
                pause = self._manners.backoff(attempt) if passing.pause is None else passing.pause
                if attempt == self._retries or pause > self._patience():
                    raise passing.fault from passing.__cause__
                if passing.pause is None:  # Else the host is left alone, by every thread.
                    self._sleep(pause)
                attempt += 1
            except HarvestFault:
                to.unlink(missing_ok=True)
                raise

    @contextmanager
    def keeping(self) -> Iterator[HttpFetch]:
        """The same fetch, which keeps its connections from call to call until the block ends.

        A kept connection stays with the address that the guard admitted for it.
        """
        keeper = copy.copy(self)
        with self._pool() as keeper._kept:
            yield keeper

    def _pool(self) -> httpcore.ConnectionPool:
        backend = GuardedBackend(self._guard, self._left)
        return httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend, keepalive_expiry=5.0)

    def _left(self) -> float:
        return float(self._here.deadline - self._clock())

    def _timed(self, answer: httpcore.Response) -> Iterator[bytes]:
        """The body, each megabyte of which gives the fetch a second more: large files take their time."""
        for chunk in answer.iter_stream():
            self._here.deadline += len(chunk) / SLOWEST
            yield chunk

    def _patience(self) -> float:
        return min(LONGEST_PAUSE, self._left())

    def _follow(self, asked: Request, to: Path, max_bytes: int) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            self._guard.check(asked.url)
            with self._turn(asked), self._open(asked) as answer:
                target = asked.redirected(answer)
                if target is None:
                    return take(asked, answer, self._timed(answer), Room(to, max_bytes))
                asked = target
        raise SourceUnavailable(f"{asked}: more than {MAX_REDIRECTS} redirects")

    @contextmanager
    def _turn(self, asked: Request) -> Iterator[None]:
        """Wait until the host may be asked, and remember how long it wants to be left alone."""
        with self._manners.place(asked.host, self._left()) as free:
            if not free:
                raise SourceUnavailable(f"{asked}: other feeds kept {asked.host} busy all the time")
            pause = self._manners.pause(asked.host)
            if pause > self._patience():
                raise SourceRefused(
                    f"{asked}: {asked.host} asked to be left alone, for {pause:,.0f} seconds more",
                    hint="run its feeds less often",
                )
            if pause > 0:
                self._sleep(pause)
            try:
                yield
            except Passing as passing:
                if passing.pause is not None:
                    self._manners.leave_alone(asked.host, passing.pause)
                raise

    @contextmanager
    def _open(self, asked: Request) -> Iterator[httpcore.Response]:
        """The answer with its body still to come; what fails on the way is raised as Passing."""
        url = asked.url
        headers = [
            (b"Host", url.netloc),
            (b"User-Agent", b"Entrepot"),
            (b"Accept-Encoding", ENCODINGS.encode()),
            *((name.encode(), value.encode()) for name, value in {"Accept": "*/*", **asked.headers}.items()),
        ]
        if self._kept is None:
            headers.append((b"Connection", b"close"))
        waits = {"connect": self._timeout.connect, "read": self._timeout.read, "write": self._timeout.read}
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        try:
            with (
                nullcontext(self._kept) if self._kept else self._pool() as pool,
                pool.stream("GET", target, headers=headers, extensions={"timeout": waits}) as answer,
            ):
                yield answer
        except httpcore.TimeoutException as late:
            raise Passing(SourceUnavailable(f"{asked}: {_words(late) or 'no answer in time'}")) from late
        except httpcore.NetworkError as broken:
            raise Passing(SourceUnavailable(f"{asked}: no connection ({_words(broken)})")) from broken
        except httpcore.ProtocolError as broken:
            raise Passing(SourceIncomplete(f"{asked}: the answer is cut short ({broken})")) from broken


@contextmanager
def lasting(fetch: Fetch) -> Iterator[Fetch]:
    """The fetch of one run: it keeps its connections until the run is done, where it has any."""
    if isinstance(fetch, HttpFetch):
        with fetch.keeping() as keeper:
            yield keeper
    else:
        yield fetch


def _words(fault: Exception) -> str:
    """What an error of the operating system says, without its number."""
    return str(fault).partition("] ")[2] or str(fault)
