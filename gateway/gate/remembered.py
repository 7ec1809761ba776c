"""Answers given once are given again without the application, as long as what they were made of stands."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from gateway.caller import CALLER, KEEP, ROUTE, ROWS, Keep
from gateway.gate.answers import Answer, Closing, Header

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MEGABYTE = 1 << 20
LARGEST = MEGABYTE
"""Bytes of an answer above which the few that would fit are not worth the many that would not."""
_ASKED = ("wsgi.url_scheme", "HTTP_HOST", "PATH_INFO", "QUERY_STRING", "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING")
"""All of a request that a kept answer may depend on."""
_VALIDATORS = frozenset({"etag", "cache-control", "vary", "x-snapshot", "content-location", "last-modified"})
"""Headers that a 304 repeats (RFC 9110, 15.4.5)."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer with what the gate counts of it."""

    keep: Keep
    headers: list[Header]
    body: bytes
    etag: str
    route: str
    rows: int


class Remembered:
    """The WSGI application `app` behind a memory of `megabytes`; what it leaves under KEEP is remembered.

    `current` tells the id of a dataset's current snapshot, and raises LookupError where there is none.
    """

    def __init__(self, app: WSGIApplication, current: Callable[[str], str], megabytes: int = 64) -> None:
        self._app, self._current, self._room = app, current, megabytes * MEGABYTE
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._lock = Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" or _anew(environ):
            return self._app(environ, start_response)
        key = tuple(environ.get(name, "") for name in _ASKED)
        kept = self._kept.get(key)
        if kept is None or not self._stands(key, kept):
            return self._asked(key, environ, start_response)
        if kept.keep.scope not in environ[CALLER].scopes:
            return self._app(environ, start_response)  # It knows how to refuse.
        self._used(key)
        environ[ROUTE] = kept.route
        if _knows(environ.get("HTTP_IF_NONE_MATCH", ""), kept.etag):
            start_response("304 Not Modified", [h for h in kept.headers if h[0].lower() in _VALIDATORS])
            return ()
        environ[ROWS] = kept.rows
        start_response("200 OK", [*kept.headers])
        return (kept.body,)

    def _stands(self, key: Key, kept: Kept) -> bool:
        try:
            stands = self._current(kept.keep.dataset) == kept.keep.snapshot or kept.keep.snapshot is None
        except LookupError:
            stands = False
        if not stands:
            self._drop(key)
        return stands

    def _asked(self, key: Key, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = Answer()
        body = self._app(environ, answer.start)
        start_response(answer.status, answer.headers, answer.error)
        keep, length = environ.pop(KEEP, None), answer.length
        if keep is None or answer.code != 200 or length is None or length > LARGEST:
            return body
        whole = b"".join(body)
        if isinstance(body, Closing):
            body.close()
        etag = next((value for name, value in answer.headers if name.lower() == "etag"), "")
        self._keep(key, Kept(keep, [*answer.headers], whole, etag, environ[ROUTE], environ.get(ROWS, 0)))
        return (whole,)

    def _keep(self, key: Key, kept: Kept) -> None:
        self._drop(key)
        with self._lock:
            self._kept[key] = kept
            self._room -= _size(key, kept)
            while self._room < 0:
                self._room += _size(*self._kept.popitem(last=False))

    def _used(self, key: Key) -> None:
        """What was asked for last goes last."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)

    def _drop(self, key: Key) -> None:
        with self._lock:
            old = self._kept.pop(key, None)
            if old is not None:
                self._room += _size(key, old)


def _anew(environ: WSGIEnvironment) -> bool:
    """Whether a range or one version is asked for, or what no memory gives (RFC 9111, 5.2.1.4)."""
    special = "HTTP_RANGE" in environ or "HTTP_IF_MATCH" in environ
    return special or "no-cache" in environ.get("HTTP_CACHE_CONTROL", "")


def _size(key: Key, kept: Kept) -> int:
    return len(kept.body) + sum(map(len, key)) + 2_000


def _knows(asked: str, etag: str) -> bool:
    """Whether If-None-Match names a tag, by weak comparison as RFC 9110 (13.1.2) has it for GET."""
    if not asked or not etag:
        return False
    opaque = etag.removeprefix("W/")
    return asked.strip() == "*" or opaque in [tag.strip().removeprefix("W/") for tag in asked.split(",")]
