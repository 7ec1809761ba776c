"""The blueprint that all pages hang on: language, static files, and what every template may use."""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request, session

from gateway.portal.language import COOKIE, Language, choose, words_of
from gateway.services import services
from gateway.signed_in import ForeignOrigin, person_or_none

YEAR = 31_536_000
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

portal = Blueprint("portal", __name__, template_folder="templates", static_folder="static")


@portal.before_request
def choose_language() -> None:
    """The language of this answer: asked for now, asked for before, or the browser's."""
    g.language = choose(
        request.args.get("lang"), request.cookies.get(COOKIE), request.accept_languages.values()
    )


@portal.before_request
def refuse_forged_forms() -> None:
    """A form of ours carries the token of the page that showed it."""
    if request.method == "POST":
        sent, kept = request.form.get("csrf", ""), session.get("csrf", "")
        if not kept or not hmac.compare_digest(sent.encode(), kept.encode()):
            raise ForeignOrigin


@portal.after_request
def finish(response: Response) -> Response:
    """Remember a language that was asked for; let no other site frame or script a page."""
    asked = request.args.get("lang")
    if asked in ("ko", "en"):
        response.set_cookie(COOKIE, asked, max_age=YEAR, samesite="Lax", httponly=True)
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["Content-Language"] = g.language
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.vary.update(["Accept-Language", "Cookie"])
    return response


@portal.app_context_processor
def template_words() -> dict[str, Any]:
    """What templates say and how they write dates and numbers."""
    language: Language = g.get("language", "ko")
    said = words_of(language)
    return {
        "language": language,
        "t": lambda key, **values: said[key].format(**values),
        "other_language": "en" if language == "ko" else "ko",
        "other_language_url": _other_language_url,
        "csrf": _csrf,
        "person": person_or_none,
        "when": lambda moment: _when(moment, services().zone),
        "theme_name": lambda theme: said.get(f"theme_{theme}", theme),
        "number": lambda value: "" if value is None else f"{value:,}",
    }


def _csrf() -> str:
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)
    return str(session["csrf"])


def _other_language_url() -> str:
    from urllib.parse import urlencode

    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    other = "en" if g.get("language", "ko") == "ko" else "ko"
    return f"{request.path}?{urlencode([*kept, ('lang', other)])}"


def _when(moment: datetime | None, zone: ZoneInfo) -> str:
    """A moment in the city's zone, to the minute."""
    return (
        ""
        if moment is None
        else f"{(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone):%Y-%m-%d %H:%M}"
    )
