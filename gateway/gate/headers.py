"""The headers the gate adds: what is left of the limits, the request's id, and leave for other origins."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.clients.plans import Limit
from gateway.gate.limits import Allowance

Header = tuple[str, str]

_EXPOSED = (
    "RateLimit, RateLimit-Policy, Retry-After, X-Request-ID, X-Snapshot, ETag, Link, WWW-Authenticate, "
    "X-Rows, X-Features, X-Features-Omitted, X-Cursor, X-Truncated, Repr-Digest, "
    "Content-Disposition, Content-Range, Accept-Ranges, Content-Crs, Location, "
    "X-SODA2-Fields, X-SODA2-Types"
)
GUARD: tuple[Header, ...] = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
)
"""What every answer tells a browser."""
OPEN: tuple[Header, ...] = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", _EXPOSED),
)
# `*` is for what libraries send besides. It leaves out Authorization (Fetch standard, 4.10), and older
# browsers do not know it, so what we read is listed.
PREFLIGHT: tuple[Header, ...] = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
    (
        "Access-Control-Allow-Headers",
        "Authorization, X-API-Key, X-App-Token, Accept, Accept-Language, Content-Type, If-Match, "
        "If-Modified-Since, If-None-Match, If-Range, Last-Event-ID, Range, X-Requested-With, *",
    ),
    ("Access-Control-Max-Age", "7200"),
    ("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers"),
)


def policy(limits: Sequence[Limit]) -> str:
    """`RateLimit-Policy` of some limits (draft-ietf-httpapi-ratelimit-headers-10), "" without any.

    Names need no escaping: a plan's file takes only lower-case words.
    """
    return ", ".join([f'"{limit.name}";q={limit.quota};w={limit.window}' for limit in limits])


def left(allowances: Sequence[Allowance]) -> str:
    """`RateLimit`: what is left, and the seconds until more comes back."""
    return ", ".join([f'"{limit.name}";r={remaining};t={reset}' for limit, remaining, reset in allowances])
