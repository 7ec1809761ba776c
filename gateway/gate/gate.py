"""What every request passes before any view: who calls, whether the limits let it in, and what it used."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from itertools import count
from secrets import token_hex
from time import perf_counter_ns
from typing import TYPE_CHECKING, NamedTuple

from gateway.caller import CALLER, REQUEST_ID, ROUTE, ROWS
from gateway.clients.plans import Limit, Plan
from gateway.clients.usage import CONTINUED, UsageRecord
from gateway.gate.address import Proxies
from gateway.gate.answers import Answer, Counted, Header
from gateway.gate.clock import Clock
from gateway.gate.credentials import hide
from gateway.gate.headers import GUARD, OPEN, PREFLIGHT, left, policy
from gateway.gate.identify import Identify, subject
from gateway.gate.limits import Decision, Limiter, Subject
from gateway.gate.meter import Meter
from gateway.gate.paths import PathClass, path_class
from gateway.gate.refusals import Refusal, over_limit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FAILED = Limit("failed-credentials", 30, 60)
"""How many bad credentials an address may try; good ones are not held up by it."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SIGN_UP = "Sign up for a key at /developers to get a plan of your own."
_NO_ROUTE = "-"
_SIGN_IN = frozenset({"page_sign_in", "api_sign_in"})
_API = frozenset({"api", "api_sign_in", "usage"})
_METERED = _API - {"usage"}
Told = Callable[[int], list[Header]]
"""The headers of limits that an answer of that status has."""
log = logging.getLogger(__name__)


class Visit(NamedTuple):
    """One request on its way through the gate."""

    environ: WSGIEnvironment
    start: StartResponse
    address: str
    request_id: str
    path: PathClass


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
        limiter: Limiter,
        meter: Meter,
        proxies: Proxies | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._app, self._identify, self._limiter, self._meter = app, identify, limiter, meter
        self._series, self._numbers = token_hex(6), count(1)
        self._proxies, self._clock = proxies or Proxies(), clock or Clock()
        self._policies = {plan.name: policy(plan.limits) for plan in identify.plans.values()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        address, proxied = self._proxies.client(environ)
        offered = environ.get("HTTP_X_REQUEST_ID", "") if proxied else ""
        if not offered or not _REQUEST_ID.fullmatch(offered):
            request_id = f"{self._series}-{next(self._numbers):x}"
        else:
            request_id = offered
        environ[REQUEST_ID] = request_id
        if environ["REQUEST_METHOD"] == "OPTIONS":
            start_response("204 No Content", [*PREFLIGHT, ("X-Request-ID", request_id)])
            return ()
        visit = Visit(environ, start_response, address, request_id, path_class(environ["PATH_INFO"]))
        return self._api(visit) if visit.path in _API else self._other(visit)

    def _other(self, visit: Visit) -> Iterable[bytes]:
        """Pages, counted by address, and what is free; who calls there is the portal's to find out."""
        hide(visit.environ)
        visit.environ[CALLER] = self._identify.anonymous(visit.address)
        pages = self._identify.pages
        limits = () if visit.path == "free" else pages.limits
        # Pages and API may have limits of one name; they are counted apart.
        decision = self._limiter.acquire(Subject("address", f"pages {visit.address}"), limits)
        if not decision.allowed:
            refusal = over_limit(decision.violated, decision.retry_after)
            return _refuse(visit, refusal, self._left(pages, decision))
        return self._guarded(visit, lambda _: [])

    def _api(self, visit: Visit) -> Iterable[bytes]:
        try:
            caller = self._identify(visit.environ, visit.address, client_secrets=visit.path == "api_sign_in")
        except Refusal as refusal:
            return self._refuse_unknown(visit, refusal)
        visit.environ[CALLER] = caller
        who, limits = subject(caller), caller.plan.limits
        decision = self._limiter.acquire(who, limits)
        if not decision.allowed:
            self._record(visit, 429)
            advice = _SIGN_UP if caller.kind == "anonymous" else None
            left_over = [*OPEN, *self._left(caller.plan, decision)]
            return _refuse(visit, over_limit(decision.violated, decision.retry_after, advice), left_over)

        def told(code: int) -> list[Header]:
            if code == 304 and decision.at is not None:  # What a client has already costs it nothing.
                return [*OPEN, *self._left(caller.plan, self._limiter.give_back(who, limits, decision.at))]
            return [*OPEN, *self._left(caller.plan, decision)]

        return self._guarded(visit, told)

    def _refuse_unknown(self, visit: Visit, refusal: Refusal) -> Iterable[bytes]:
        """Nothing is spent of the anonymous plan, but what is left of it is told."""
        if refusal.status == 401:
            charged = self._limiter.acquire(Subject("address", visit.address), (FAILED,))
            if not charged.allowed:
                refusal = over_limit(charged.violated, charged.retry_after)
        plan = self._identify.anonymous(visit.address).plan
        looked = self._limiter.acquire(Subject("address", visit.address), plan.limits, 0)
        return _refuse(visit, refusal, [*OPEN, *self._left(plan, looked)])

    def _guarded(self, visit: Visit, told: Told) -> Iterable[bytes]:
        """Serve; where the application judges passwords and secrets, wrong ones are few for each address."""
        if visit.path not in _SIGN_IN:
            return self._serve(visit, told)[1]
        address = Subject("address", visit.address)
        (allowance,) = self._limiter.acquire(address, (FAILED,), 0).allowances
        if allowance.remaining == 0:
            return _refuse(visit, over_limit([FAILED], allowance.reset), told(429))
        code, body = self._serve(visit, told)
        if code == 401:
            self._limiter.acquire(address, (FAILED,))
        return body

    def _serve(self, visit: Visit, told: Told) -> tuple[int, Iterable[bytes]]:
        """Let the application answer; the request is on record before the server has the answer."""
        answer, began = Answer(), perf_counter_ns()
        try:
            body = self._app(visit.environ, answer.start)
        finally:
            code, length = answer.code, answer.length
            size = 0 if visit.environ["REQUEST_METHOD"] == "HEAD" else length or 0
            self._record(visit, code, size, (perf_counter_ns() - began) // 1000)
        if length is None and visit.path in _METERED:
            body = Counted(body, lambda sent: self._record(visit, CONTINUED, sent))
        visit.start(answer.status, [*answer.headers, *told(code), *GUARD, _named(visit)], answer.error)
        return code, body

    def _record(self, visit: Visit, status: int, size: int = 0, microseconds: int = 0) -> None:
        if visit.path not in _METERED:
            return
        environ, caller = visit.environ, visit.environ[CALLER]
        # What is counted is taken out, so that the end of a stream adds only what came since.
        route, rows = environ.get(ROUTE) or _NO_ROUTE, environ.pop(ROWS, 0)
        who = (self._clock.wall(), caller.application, caller.kid)
        record = UsageRecord(*who, route, status, rows, size, microseconds)
        try:
            self._meter.record(record)
        except OSError as error:
            # A full disk must not stop the city's data; the log keeps what could not be counted.
            log.error("usage could not be recorded (%s): %s", error.strerror, record)

    def _left(self, plan: Plan, decision: Decision) -> list[Header]:
        if not plan.limits:
            return []
        return [("RateLimit-Policy", self._policies[plan.name]), ("RateLimit", left(decision.allowances))]


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
        *GUARD,
        _named(visit),
    ]
    visit.start(refusal.phrase, told)
    return () if visit.environ["REQUEST_METHOD"] == "HEAD" else (body,)
