"""The answers the gate gives itself: problem+json that says what was wrong, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.clients.plans import Limit
from schemas.problem import InputError

Header = tuple[str, str]
_PHRASES = {
    400: "400 Bad Request",
    401: "401 Unauthorized",
    429: "429 Too Many Requests",
    503: "503 Service Unavailable",
}


class Refusal(PermissionError):
    """A request that the gate answers instead of the application."""

    def __init__(
        self, status: int, problem: tuple[str, str, str], headers: Sequence[Header] = (), **more: Any
    ) -> None:
        """`problem` is type (the last part of /problems/…), title and detail; `more` are further members."""
        self.status, self.headers, self.more = status, tuple(headers), more
        self.type, self.title, self.detail = problem
        super().__init__(self.detail)

    @property
    def phrase(self) -> str:
        return _PHRASES[self.status]

    def body(self, request_id: str) -> bytes:
        told = {
            "type": f"/problems/{self.type}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        return orjson.dumps({**told, "instance": request_id, **self.more})


def bad_credential(where: str, what: str, hint: str) -> Refusal:
    """401: what was presented opens nothing."""
    challenge = f'Bearer realm="entrepot", error="invalid_token", error_description="{what}"'
    return Refusal(
        401,
        ("invalid-credential", "The credential is not valid", f"The credential in {where} {what}; {hint}."),
        [("WWW-Authenticate", challenge)],
        errors=[{"where": where, "what": what, "hint": hint}],
    )


def many_credentials(places: Sequence[str]) -> Refusal:
    """400: two credentials that disagree."""
    listed, hint = " and ".join(places), "send one credential, in the Authorization header"
    return Refusal(
        400,
        (
            "bad-input",
            "Several credentials",
            f"The request carries different credentials in {listed}; {hint}.",
        ),
        errors=[_plain(InputError(place, "differs from another credential", hint)) for place in places],
    )


def look_up_failed() -> Refusal:
    """503: whether the credential is good cannot be found out now; the caller's key is not to blame."""
    detail = "Credentials cannot be checked at the moment; the same request may succeed in a few seconds."
    return Refusal(503, ("unavailable", "Temporarily unavailable", detail), [("Retry-After", "2")])


def over_limit(violated: Sequence[Limit], retry_after: int | None, advice: str | None = None) -> Refusal:
    """429: which limits, their numbers, and when to come back."""
    broken = " and ".join(_described(limit) for limit in violated)
    back = "It cannot pass under this plan." if retry_after is None else f"Try again in {retry_after} s."
    headers = [] if retry_after is None else [("Retry-After", str(retry_after))]
    more = {"sign_up": "/developers"} if advice else {}
    return Refusal(
        429,
        (
            "quota-exceeded",
            "Too many requests",
            " ".join(filter(None, (f"The limit {broken} is used up.", back, advice))),
        ),
        headers,
        **{"violated-policies": [limit.name for limit in violated], **more},
    )


def _described(limit: Limit) -> str:
    span = f"calendar {limit.calendar}" if limit.calendar else f"{limit.window} s"
    return f'"{limit.name}" ({limit.quota:,} requests in {"a " if limit.calendar else "any "}{span})'


def _plain(error: InputError) -> dict[str, str | None]:
    return {"where": error.where, "what": error.what, "hint": error.hint}
