"""Make the JSON answers of the API, with the ETag and caching that public data deserves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from flask import Response, request
from marshmallow import Schema
from werkzeug.datastructures import Headers
from werkzeug.exceptions import PreconditionFailed

from gateway.caller import KEEP, Keep
from gateway.services import services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

REVALIDATE = "public, max-age=0, must-revalidate"
PINNED = "public, max-age=86400, immutable"
Header = tuple[str, str]


class _Complete(Response):
    """An answer that has all of its headers: Werkzeug would copy them to add what it lacks."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """The headers themselves."""
        return self.headers


def json_answer(body: object, status: int = 200) -> Response:
    """`body` as JSON; datetimes become RFC 3339 with `Z` for UTC."""
    return Response(_encode(body), status, mimetype="application/json")


def public_answer(body: object) -> Response:
    """A public GET: JSON with a strong ETag of its bytes, 304 when the client has them."""
    data = _encode(body)
    etag = hashlib.blake2b(data, digest_size=16).hexdigest()
    return not_modified(etag) or fresh(data, "application/json", etag)


def private_answer(body: object, status: int = 200) -> Response:
    """An answer for one person only."""
    response = json_answer(body, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def fresh(
    data: bytes, media_type: str, etag: str, caching: str = REVALIDATE, more: Sequence[Header] = ()
) -> Response:
    """An answer with a strong ETag, for a client that `not_modified` found to have another or none.

    `more` are further headers. Set later each of them is looked for among all others first.
    """
    told = [("Content-Type", media_type), ("Content-Length", str(len(data)))]
    return _Complete([data], headers=[*told, *_validators(etag, caching), *more])


def not_modified(etag: str, caching: str = REVALIDATE) -> Response | None:
    """The 304 to give before any work is done, or None when the client's copy does not stand.

    Raises PreconditionFailed where If-Match names another version.
    """
    asked = request.environ
    if "HTTP_IF_MATCH" in asked and request.if_match and not request.if_match.contains(etag):
        raise PreconditionFailed
    if "HTTP_IF_NONE_MATCH" in asked and request.if_none_match.contains_weak(etag):
        return Response(status=304, headers=_validators(etag, caching))
    return None


def keep(dataset: str, snapshot: str | None, scope: str = "rows:read") -> None:
    """Let the answer that is being made be given again to whoever asks the same and has `scope`, while
    `snapshot` is the dataset's current one; None where the request itself names the snapshot."""
    request.environ[KEEP] = Keep(dataset, snapshot, scope)


def _validators(etag: str, caching: str) -> list[Header]:
    return [("ETag", f'"{etag}"'), ("Cache-Control", caching), ("Vary", "Accept, Accept-Encoding")]


def shown(schema: type[Schema], thing: object) -> dict[str, Any]:
    """The members of a dataclass that a schema names, as they are: `json_answer` writes the values."""
    return {name: getattr(thing, name) for name in _members(schema)}


@cache
def _members(schema: type[Schema]) -> tuple[str, ...]:
    # A schema copies all of its fields when it is made, too dear for each item of a list.
    return tuple(schema().dump_fields)


def base_url() -> str:
    """Where the public reaches us, without a closing slash."""
    return services().public_url or f"{request.scheme}://{request.host}"


def link(path: str, parameters: Mapping[str, str] | Sequence[tuple[str, str]] = ()) -> str:
    """An absolute URL of ours; parameters are percent-encoded as UTF-8."""
    pairs = list(parameters.items()) if isinstance(parameters, Mapping) else list(parameters)
    asked = "&".join(f"{quote(name, safe='')}={quote(value, safe=',:')}" for name, value in pairs)
    return f"{base_url()}{quote(path)}" + (f"?{asked}" if asked else "")


def _encode(body: object) -> bytes:
    return orjson.dumps(body, default=_default, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)


def _default(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)
