"""Who is calling: what the gate found out about a request before any view sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gateway.clients.plans import Plan

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CALLER = "entrepot.caller"
ROUTE = "entrepot.route"
ROWS = "entrepot.rows"
KEEP = "entrepot.keep"
REQUEST_ID = "entrepot.request_id"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, on which plan, and from where.

    `address` is the client's own, an IPv6 one as its /64 network. `kid` names the key or token.
    """

    kind: Literal["anonymous", "key", "token", "session"]
    plan: Plan
    application: str | None
    person: str | None
    kid: str | None
    scopes: frozenset[str]
    address: str


@dataclass(frozen=True, slots=True)
class Keep:
    """What a view leaves under KEEP: its answer is the same for all who have `scope`, as long as `snapshot`
    is the current one of `dataset`; where that is None, as long as the dataset is published."""

    dataset: str
    snapshot: str | None
    scope: str


def caller(environ: WSGIEnvironment) -> Caller:
    """The caller of this request; KeyError where no gate stands before the view."""
    found: Caller = environ[CALLER]
    return found
