"""Who is signed in: by a session token sent as a credential, or by the cookie that a page sends."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, request

from gateway.caller import caller
from gateway.clients.people import Person
from gateway.services import services

COOKIE = "entrepot_session"
COOKIE_LASTS = 7 * 86_400
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SignInNeeded(PermissionError):
    """A person must be signed in for this."""

    def __init__(self) -> None:
        super().__init__("this is done by a person: sign in with POST /api/v1/sessions first")


class StewardNeeded(PermissionError):
    """Only those who publish or operate may ask for this."""

    def __init__(self) -> None:
        super().__init__("this is done by a steward or an operator; ask one of them")


class ForeignOrigin(PermissionError):
    """A page of another site sent this with our visitor's cookie."""

    def __init__(self) -> None:
        super().__init__(
            "a request with a cookie must come from our own pages; send the session as a Bearer token"
        )


def person_or_none() -> Person | None:
    """Who is signed in, or None."""
    who = caller(request.environ)
    if who.kind == "session" and who.person:
        return services().clients.person(who.person)
    cookie = request.cookies.get(COOKIE)
    return services().clients.session(cookie) if cookie else None


def signed_in() -> Person:
    """Who is signed in; raises SignInNeeded, and ForeignOrigin for what another site's page sent."""
    person = person_or_none()
    if person is None:
        raise SignInNeeded
    if request.method not in _SAFE and caller(request.environ).kind != "session" and not _own_page():
        raise ForeignOrigin
    return person


def steward() -> Person:
    """Who is signed in, where that is a steward or an operator; raises StewardNeeded or as `signed_in`."""
    person = signed_in()
    if person.role not in ("steward", "operator"):
        raise StewardNeeded
    return person


def session_text() -> str:
    """The session's token as it was sent, whichever way; "" where none was."""
    if caller(request.environ).kind == "session":
        bearer = request.headers.get("Authorization", "").partition(" ")[2]
        return bearer or request.headers.get("X-API-Key", "")
    return request.cookies.get(COOKIE, "")


def _own_page() -> bool:
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin in (request.host_url.rstrip("/"), _public_origin())
    return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


def _public_origin() -> str | None:
    url = services().public_url
    return "{0.scheme}://{0.netloc}".format(urlsplit(url)) if url else None


def set_cookie(response: Response, token: str) -> Response:
    """Let the browser keep the session, out of reach of scripts and of other sites' forms."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_LASTS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure or (services().public_url or "").startswith("https:"),
    )
    return response
