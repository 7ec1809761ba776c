"""The only outgoing sockets: timeouts, retries, size limits, guarded addresses."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpcore
import httpx

from harvesters.faults import HarvestFault, SourceIncomplete, SourceRefused, SourceUnavailable
from harvesters.fetch.body import ENCODINGS, filename, write_body
from harvesters.fetch.guard import Guard
from harvesters.fetch.sockets import GuardedBackend
from harvesters.fetch.statuses import Passing, judge
from harvesters.secrets import PREFIX, Secret, is_secret

MAX_REDIRECTS = 5
LONGEST_PAUSE = 60.0
"""Seconds that a source may ask us to wait within a run; when it asks for more, the run ends."""

_CONDITIONS = {"if-none-match", "if-modified-since"}
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Fetched:
    """An answer, its body in a file; `url` is where the last redirect led, its secrets masked.

    An `unmodified` one (304) has no body: it comes only where `headers` asked on a condition.
    """

    path: Path
    url: str
    bytes: int
    sha256: str
    media_type: str | None
    filename: str | None
    headers: Mapping[str, str]
    unmodified: bool = False


class Fetch(Protocol):
    """Reads a URL into a file; raises SourceUnavailable or SourceRefused."""

    def __call__(
        self,
        url: str,
        to: Path,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched: ...


@dataclass(frozen=True)
class Timeout:
    """Seconds to connect, to wait for the next bytes, and for the whole fetch with its retries."""

    connect: float = 10.0
    read: float = 60.0
    total: float = 900.0


@dataclass(frozen=True)
class _Request:
    url: httpx.URL
    secrets: frozenset[str]
    headers: Mapping[str, str]

    def __str__(self) -> str:
        """The URL as it may be shown: no secret of the feed, nothing that looks like a key."""
        plain = str(self.url.copy_with(query=None, fragment=None, username="", password=""))
        pairs = self.url.params.multi_items()
        query = "&".join(f"{name}={'…' if is_secret(name) else value}" for name, value in pairs)
        shown = f"{plain}?{query}" if query else plain
        for secret in self.secrets:
            shown = shown.replace(secret, "…")
        return shown


class HttpFetch:
    """Fetches over HTTP from the addresses that `guard` admits, at most `max_bytes` a body.

    A fault that may pass (no connection, 5xx, 429, a body cut short) is tried `retries` times more.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        timeout: Timeout = Timeout(),
        retries: int = 2,
        max_bytes: int = 1 << 30,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._guard = guard
        self._timeout = timeout
        self._retries = retries
        self._max_bytes = max_bytes
        self._tls = tls or httpx.create_ssl_context()
        self._clock = clock
        self._sleep = sleep

    def __call__(
        self,
        url: str,
        to: Path,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """Read a URL into the file `to`; nothing is left there when it fails."""
        request = _request(url, params or {}, headers or {})
        deadline = self._clock() + self._timeout.total
        attempt = 0
        while True:
            try:
                return self._follow(request, to, deadline)
            except Passing as passing:
                to.unlink(missing_ok=True)
                pause = 2.0**attempt if passing.pause is None else passing.pause
                if attempt == self._retries or pause > min(LONGEST_PAUSE, deadline - self._clock()):
                    raise passing.fault from passing.__cause__
                self._sleep(pause)
                attempt += 1
            except HarvestFault:
                to.unlink(missing_ok=True)
                raise

    def _follow(self, request: _Request, to: Path, deadline: float) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            self._guard.check(request.url)
            with self._open(request, deadline) as answer:
                target = _redirect(request, answer)
                if target is None:
                    return self._take(request, answer, to)
                request = target
        raise SourceUnavailable(f"{request}: more than {MAX_REDIRECTS} redirects")

    @contextmanager
    def _open(self, request: _Request, deadline: float) -> Iterator[httpcore.Response]:
        """The answer with its body still to come; what fails on the way is raised as Passing."""
        url = request.url
        asked = {"Accept": "*/*", **request.headers}
        headers = [
            (b"Host", url.netloc),
            (b"User-Agent", b"Entrepot"),
            (b"Accept-Encoding", ENCODINGS.encode()),
            (b"Connection", b"close"),
            *((name.encode(), value.encode()) for name, value in asked.items()),
        ]
        waits = {"connect": self._timeout.connect, "read": self._timeout.read, "write": self._timeout.read}
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        backend = GuardedBackend(self._guard, deadline, self._clock)
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend) as pool,
                pool.stream("GET", target, headers=headers, extensions={"timeout": waits}) as answer,
            ):
                yield answer
        except httpcore.TimeoutException as late:
            raise Passing(SourceUnavailable(f"{request}: {_words(late) or 'no answer in time'}")) from late
        except httpcore.NetworkError as broken:
            raise Passing(SourceUnavailable(f"{request}: no connection ({_words(broken)})")) from broken
        except httpcore.ProtocolError as broken:
            raise Passing(SourceIncomplete(f"{request}: the answer is cut short ({broken})")) from broken

    def _take(self, request: _Request, answer: httpcore.Response, to: Path) -> Fetched:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        if answer.status == 304 and {name.lower() for name in request.headers} & _CONDITIONS:
            return Fetched(to, str(request), 0, "", None, None, headers, unmodified=True)
        judge(request, answer.status, headers)
        try:
            self._weigh(headers.get("content-length", ""))
            body = answer.iter_stream()
            size, digest = write_body(body, headers.get("content-encoding", ""), to, self._max_bytes)
        except SourceIncomplete as fault:
            raise Passing(SourceIncomplete(f"{request}: {fault}")) from fault
        except HarvestFault as fault:
            raise type(fault)(f"{request}: {fault}") from fault
        return Fetched(
            path=to,
            url=str(request),
            bytes=size,
            sha256=digest,
            media_type=headers.get("content-type", "").partition(";")[0].strip().lower() or None,
            filename=filename(headers.get("content-disposition", "").encode("latin-1")),
            headers=headers,
        )

    def _weigh(self, length: str) -> None:
        if length.isdigit() and int(length) > self._max_bytes:
            raise SourceRefused(
                f"it is {int(length):,} bytes long, and {self._max_bytes:,} are taken at most"
            )


def is_address(text: object) -> bool:
    """Whether a text is the address of a host on the web, or names one as `env:NAME`."""
    try:
        return isinstance(text, str) and (text.startswith(PREFIX) or _is_web(httpx.URL(text)))
    except httpx.InvalidURL:
        return False


def _is_web(url: httpx.URL) -> bool:
    return url.scheme in ("http", "https") and bool(url.host) and "%" not in url.host


def _request(url: str, params: Mapping[str, str], headers: Mapping[str, str]) -> _Request:
    try:
        parsed = httpx.URL(url)
        whole = parsed.copy_merge_params(params) if params else parsed
    except httpx.InvalidURL as fault:
        raise SourceRefused(f"the address cannot be read: {fault}", hint="mend url under [source]") from None
    given = (*params.values(), *headers.values())
    secrets: set[str] = {value for value in given if isinstance(value, Secret)}
    if isinstance(url, Secret):
        # Some services take their key as a part of the path.
        secrets |= {parsed.raw_path.decode().partition("?")[0], *parsed.params.values()} - {"", "/"}
    return _Request(whole, frozenset(secrets), dict(headers))


def _redirect(request: _Request, answer: httpcore.Response) -> _Request | None:
    if answer.status not in _REDIRECTS:
        return None
    location = next((value for name, value in answer.headers if name.lower() == b"location"), b"")
    try:
        if location:
            target = request.url.join(location.decode("utf-8"))
            return _Request(target, request.secrets, _for(target, request))
    except (httpx.InvalidURL, UnicodeDecodeError):
        pass
    raise SourceRefused(f"{request}: redirects (status {answer.status}) to no address that can be read")


def _for(target: httpx.URL, request: _Request) -> Mapping[str, str]:
    """The headers that may follow a redirect: a secret stays with the host it was meant for."""
    if (target.scheme, target.netloc) == (request.url.scheme, request.url.netloc):
        return request.headers
    return {name: value for name, value in request.headers.items() if not isinstance(value, Secret)}


def _words(fault: Exception) -> str:
    """What an error of the operating system says, without its number."""
    return str(fault).partition("] ")[2] or str(fault)
