"""The blueprint that all pages hang on: language, guards against forgery, and what every template may use."""

from __future__ import annotations

import hmac
import secrets
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, request, session

from gateway.api.answers import base_url
from gateway.api.stewards.sent import LARGEST
from gateway.portal.language import COOKIE, LANGUAGES, Language, choose
from gateway.portal.wording import Wording
from gateway.services import services
from gateway.signed_in import ForeignOrigin, person_or_none, steward

YEAR = 31_536_000
# Leaflet and the console set styles of elements; no script runs but those we serve.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
DEVELOPERS = "/developers"
STEWARD = "/steward"
_WITH_FILES = ("portal.try_file",)

portal = Blueprint("portal", __name__, template_folder="templates", static_folder="static")


def language() -> Language:
    """The language of this answer: asked for now, asked for before, or the browser's."""
    if "language" not in g:
        accepted = request.accept_languages.values()
        g.language = choose(request.args.get("lang"), request.cookies.get(COOKIE), accepted)
    chosen: Language = g.language
    return chosen


def wording() -> Wording:
    """How this answer writes things."""
    return Wording(language(), services().zone)


@portal.before_request
def refuse_forged_forms() -> None:
    """A form of ours carries the token of the page that showed it."""
    if request.method == "POST":
        if request.endpoint in _WITH_FILES:
            steward()  # Nobody else's file is even read.
            request.max_content_length = LARGEST
        sent, kept = request.form.get("csrf", ""), session.get("csrf", "")
        if not kept or not hmac.compare_digest(sent.encode(), kept.encode()):
            raise ForeignOrigin


@portal.after_request
def finish(response: Response) -> Response:
    """Remember a language that was asked for, and guard what is a page."""
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        response.set_cookie(COOKIE, asked, max_age=YEAR, samesite="Lax", httponly=True)
    return guard(response) if response.mimetype == "text/html" else response


def guard(page: Response) -> Response:
    """Say which language a page is in, and let no other site frame or script it."""
    page.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    page.headers["Content-Language"] = language()
    page.headers.setdefault("Cache-Control", "private, no-cache")
    page.vary.update(["Accept-Language", "Cookie"])
    return page


@portal.app_context_processor
def template_words() -> dict[str, Any]:
    """What every template may use."""
    here = wording()
    return {
        "language": here.language,
        "languages": LANGUAGES,
        "other_language": "en" if here.language == "ko" else "ko",
        "w": here,
        "t": here.t,
        "named": here.named,
        "csrf": _csrf,
        "in_language": _in_language,
        "is_steward": _is_steward,
        "base_url": base_url,
    }


def _csrf() -> str:
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)
    return str(session["csrf"])


def _is_steward() -> bool:
    person = person_or_none()
    return person is not None and person.role in ("steward", "operator")


def _in_language(asked: Language) -> str:
    """This page in a language; what a form answered has no address of its own, so the form's page."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    form = STEWARD if request.path.startswith(STEWARD) else DEVELOPERS
    path = form if request.method == "POST" else request.path
    return f"{path}?{urlencode([*kept, ('lang', asked)])}"
