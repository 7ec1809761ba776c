"""Take the credential out of a request, so that nothing behind the gate can log it or pass it on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_plus

from gateway.clients.tokens import PREFIXES
from gateway.gate.refusals import bad_credential, many_credentials

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

AUTHORIZATION, API_KEY, QUERY, APP_TOKEN = (
    "the Authorization header",
    "the X-API-Key header",
    "the query parameter apikey",
    "the app token",
)
_SCHEMES = ("bearer", "oauth")
"""Clients of Socrata portals call theirs OAuth."""
_OURS = tuple(PREFIXES.values())
"""How a credential begins; an app token of another portal begins otherwise and says nothing here."""
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,512}=*")  # RFC 6750, b64token
# A name that is spelled with "key" or as Socrata's, or percent-encoded.
_SUSPECT = re.compile(r"(?:^|&)[^=&]*(?:%|key|app_token)", re.IGNORECASE)
_HINT = "send a live key as Authorization: Bearer KEY"


class Presented(NamedTuple):
    """A credential as it was sent, and where."""

    where: str
    text: str


def take(environ: WSGIEnvironment, *, client_secrets: bool = False) -> Presented | None:
    """The one credential of a request, or None; raises Refusal (400 where several disagree, 401 where it is
    no text that could be one). It is no longer in `environ` afterwards.

    With `client_secrets`, `Authorization: Basic` is left in place for the application to judge.
    """
    found = _from_query(environ)
    if "HTTP_AUTHORIZATION" in environ:
        found += _from_authorization(environ, client_secrets)
    if "HTTP_X_API_KEY" in environ:
        found += [Presented(API_KEY, part.strip()) for part in environ.pop("HTTP_X_API_KEY").split(",")]
    if environ.get("HTTP_X_APP_TOKEN", "").startswith(_OURS):
        found.append(Presented(APP_TOKEN, environ.pop("HTTP_X_APP_TOKEN").strip()))
    if not found:
        return None
    if len(found) > 1 and len({text for _, text in found}) > 1:
        raise many_credentials(list(dict.fromkeys(where for where, _ in found)))
    return _readable(found[0])


def hide(environ: WSGIEnvironment) -> None:
    """Take a credential out of the query where none is asked for."""
    _from_query(environ)


def _from_authorization(environ: WSGIEnvironment, client_secrets: bool) -> list[Presented]:
    """Servers join repeated headers with a comma, and hand on one of other bytes than text as empty."""
    header = environ["HTTP_AUTHORIZATION"]
    if client_secrets and header[:6].lower() == "basic ":
        return []
    del environ["HTTP_AUTHORIZATION"]
    found = []
    for part in header.split(","):
        scheme, _, text = part.strip().partition(" ")
        if scheme.lower() not in _SCHEMES:
            what = "is empty or unreadable" if not scheme else "is of a scheme that is not taken here"
            raise bad_credential(AUTHORIZATION, what, _HINT)
        found.append(Presented(AUTHORIZATION, text.strip()))
    return found


def _from_query(environ: WSGIEnvironment) -> list[Presented]:
    query = environ.get("QUERY_STRING", "")
    if not query or not _SUSPECT.search(query):
        return []
    found, kept = [], []
    for pair in query.split("&"):
        name, value = map(unquote_plus, pair.partition("=")[::2])
        if re.sub(r"[-_\s]", "", name).lower() == "apikey":
            found.append(Presented(QUERY, value))
        elif name == "$$app_token" and value.startswith(_OURS):
            found.append(Presented(APP_TOKEN, value))
        else:
            kept.append(pair)
    if found:
        _rewrite(environ, query, "&".join(kept))
    return found


def _rewrite(environ: WSGIEnvironment, query: str, kept: str) -> None:
    environ["QUERY_STRING"] = kept
    for name in ("REQUEST_URI", "RAW_URI", "HTTP_REFERER"):
        if query in environ.get(name, ""):
            environ[name] = environ[name].replace(query, kept)


def _readable(presented: Presented) -> Presented:
    if not presented.text:
        raise bad_credential(presented.where, "is empty or unreadable", _HINT)
    if not _TOKEN.fullmatch(presented.text):
        raise bad_credential(presented.where, "holds characters that no key has, or is too long", _HINT)
    return presented
