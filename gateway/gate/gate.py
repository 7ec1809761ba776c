"""What every request passes before any view: who calls, whether the limits let it in, and what it used."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from secrets import token_hex
from time import perf_counter_ns
from typing import TYPE_CHECKING, NamedTuple

from gateway.caller import CALLER, REQUEST_ID, ROUTE, ROWS
from gateway.clients.plans import Limit, Plan
from gateway.clients.usage import UsageRecord
from gateway.gate.address import Proxies
from gateway.gate.answers import Answer, Header
from gateway.gate.clock import Clock
from gateway.gate.credentials import hide
from gateway.gate.headers import OPEN, PREFLIGHT, left, policy
from gateway.gate.identify import Identify, subject
from gateway.gate.limits import Allowance, Limiter, Subject
from gateway.gate.meter import Meter
from gateway.gate.paths import Paths
from gateway.gate.refusals import Refusal, over_limit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FAILED = Limit("failed-credentials", 30, 60)
"""How many bad credentials an address may try; good ones are not held up by it."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SIGN_UP = "Sign up for a key at /developers to get a plan of your own."
_NO_ROUTE = "-"
log = logging.getLogger(__name__)


class Visit(NamedTuple):
    """One request on its way through the gate."""

    environ: WSGIEnvironment
    start: StartResponse
    address: str
    request_id: str


class Used(NamedTuple):
    """What one request took."""

    status: int
    rows: int = 0
    bytes: int = 0
    microseconds: int = 0


class Gate:
    """The WSGI application that stands before `app`.

    It sets `entrepot.caller` and `entrepot.request_id` in the environ, and reads `entrepot.route` and
    `entrepot.rows` from it when `app` has returned.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        identify: Identify,
        pages: Plan,
        limiter: Limiter,
        meter: Meter,
        proxies: Proxies | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._app, self._identify, self._pages = app, identify, pages
        self._limiter, self._meter = limiter, meter
        self._proxies, self._clock, self._paths = proxies or Proxies(), clock or Clock(), Paths()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        address, proxied = self._proxies.client(environ)
        offered = environ.get("HTTP_X_REQUEST_ID", "") if proxied else ""
        request_id = offered if _REQUEST_ID.fullmatch(offered) else token_hex(8)
        environ[REQUEST_ID] = request_id
        if environ["REQUEST_METHOD"] == "OPTIONS":
            start_response("204 No Content", [*PREFLIGHT, ("X-Request-ID", request_id)])
            return ()
        visit = Visit(environ, start_response, address, request_id)
        kind = self._paths.kind(environ["PATH_INFO"])
        return self._api(visit) if kind == "api" else self._other(visit, kind == "page")

    def _other(self, visit: Visit, limited: bool) -> Iterable[bytes]:
        """Pages, counted by address, and what is free; who calls there is the portal's to find out."""
        hide(visit.environ)
        visit.environ[CALLER] = self._identify.anonymous(visit.address)
        limits = self._pages.limits if limited else ()
        decision = self._limiter.acquire(Subject("address", visit.address), limits)
        if not decision.allowed:
            refusal = over_limit(decision.violated, decision.retry_after)
            return _refuse(visit, refusal, _limit_headers(limits, decision.allowances))
        return self._guarded(visit, [])

    def _api(self, visit: Visit) -> Iterable[bytes]:
        secrets_inside = self._paths.sign_in.fullmatch(visit.environ["PATH_INFO"]) is not None
        try:
            caller = self._identify(visit.environ, visit.address, client_secrets=secrets_inside)
        except Refusal as refusal:
            return self._refuse_unknown(visit, refusal)
        visit.environ[CALLER] = caller
        limits = caller.plan.limits
        decision = self._limiter.acquire(subject(caller), limits)
        headers = [*OPEN, *_limit_headers(limits, decision.allowances)]
        if not decision.allowed:
            self._record(visit, Used(429))
            advice = _SIGN_UP if caller.kind == "anonymous" else None
            return _refuse(visit, over_limit(decision.violated, decision.retry_after, advice), headers)
        return self._guarded(visit, headers) if secrets_inside else self._serve(visit, headers)

    def _refuse_unknown(self, visit: Visit, refusal: Refusal) -> Iterable[bytes]:
        """Nothing is spent of the anonymous plan, but what is left of it is told."""
        if refusal.status == 401:
            charged = self._limiter.acquire(Subject("address", visit.address), (FAILED,))
            if not charged.allowed:
                refusal = over_limit(charged.violated, charged.retry_after)
        anonymous = self._identify.anonymous(visit.address)
        limits = anonymous.plan.limits
        looked = self._limiter.acquire(subject(anonymous), limits, 0)
        return _refuse(visit, refusal, [*OPEN, *_limit_headers(limits, looked.allowances)])

    def _guarded(self, visit: Visit, headers: list[Header]) -> Iterable[bytes]:
        """Serve where the application judges passwords and secrets: wrong ones are few for each address."""
        if not self._paths.sign_in.fullmatch(visit.environ["PATH_INFO"]):
            return self._serve(visit, headers)
        address = Subject("address", visit.address)
        (allowance,) = self._limiter.acquire(address, (FAILED,), 0).allowances
        if allowance.remaining == 0:
            return _refuse(visit, over_limit([FAILED], allowance.reset), headers)
        return self._serve(visit, headers, lambda: self._limiter.acquire(address, (FAILED,)))

    def _serve(
        self, visit: Visit, headers: list[Header], on_failed: Callable[[], object] = lambda: None
    ) -> Iterable[bytes]:
        """Let the application answer; the request is on record before the server has the answer."""
        answer, began = Answer(), perf_counter_ns()
        try:
            body = self._app(visit.environ, answer.start)
        finally:
            took = (perf_counter_ns() - began) // 1000
            self._record(visit, Used(answer.code, visit.environ.get(ROWS, 0), answer.length, took))
        if answer.code == 401:
            on_failed()
        visit.start(answer.status, [*answer.headers, *headers, _named(visit)], answer.error)
        return body

    def _record(self, visit: Visit, used: Used) -> None:
        path, caller = visit.environ["PATH_INFO"], visit.environ[CALLER]
        if not self._paths.metered(path):
            return
        route = visit.environ.get(ROUTE) or _NO_ROUTE
        record = UsageRecord(self._clock.wall(), caller.application, caller.kid, route, *used)
        try:
            self._meter.record(record)
        except OSError as error:
            # A full disk must not stop the city's data; the log keeps what could not be counted.
            log.error("usage could not be recorded (%s): %s", error.strerror, record)


def _limit_headers(limits: tuple[Limit, ...], allowances: tuple[Allowance, ...]) -> list[Header]:
    return [("RateLimit-Policy", policy(limits)), ("RateLimit", left(allowances))] if limits else []


def _named(visit: Visit) -> Header:
    return "X-Request-ID", visit.request_id


def _refuse(visit: Visit, refusal: Refusal, headers: list[Header]) -> Iterable[bytes]:
    body = refusal.body(visit.request_id)
    told = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        *refusal.headers,
        *headers,
        _named(visit),
    ]
    visit.start(refusal.phrase, told)
    return () if visit.environ["REQUEST_METHOD"] == "HEAD" else (body,)
