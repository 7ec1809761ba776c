"""What a limiter answers: whether a request may pass, what is left of each limit, and when to come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from gateway.clients.plans import Limit
from gateway.gate.counts import Moment


class Subject(NamedTuple):
    """Whom a limit counts. Addresses lie apart, so that a flood of them never touches an application."""

    kind: Literal["application", "address"]
    name: str


class Allowance(NamedTuple):
    """What is left of a limit: `remaining` requests, and whole seconds until some or all come back."""

    limit: Limit
    remaining: int
    reset: int


class Decision(NamedTuple):
    """Whether a request passes.

    `violated` names the limits that refuse it; after `retry_after` whole seconds none of them does, unless
    others spend in between. It is None when the request passes, and when it can never pass. `at` is when
    something was spent.
    """

    allowed: bool
    allowances: tuple[Allowance, ...]
    violated: tuple[Limit, ...] = ()
    retry_after: int | None = None
    at: Moment | None = None


class Limiter(Protocol):
    """One count for all who share it."""

    def acquire(self, subject: Subject, limits: Sequence[Limit], cost: int = 1) -> Decision:
        """Spend `cost` of every limit, or of none where one refuses; a cost of 0 only looks.

        In no trailing window of a limit more than its quota is ever admitted, over all processes and
        through a crash. Raises ValueError for a cost below 0 or above a million.
        """
        ...

    def give_back(self, subject: Subject, limits: Sequence[Limit], at: Moment) -> Decision:
        """Undo one request that was spent `at` that moment and turned out to be free; tells what is left."""
        ...
