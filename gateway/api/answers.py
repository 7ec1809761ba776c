"""Make the JSON answers of the API, with the ETag and caching that public data deserves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson
from flask import Response, request
from marshmallow import Schema

from gateway.services import services

REVALIDATE = "public, max-age=0, must-revalidate"
PINNED = "public, max-age=86400, immutable"


def json_answer(body: object, status: int = 200) -> Response:
    """`body` as JSON; datetimes become RFC 3339 with `Z` for UTC."""
    return Response(_encode(body), status, mimetype="application/json")


def public_answer(body: object) -> Response:
    """A public GET: JSON with a strong ETag of its bytes, 304 when the client has them."""
    data = _encode(body)
    response = Response(data, mimetype="application/json")
    return cached(response, hashlib.sha256(data).hexdigest()[:32])


def private_answer(body: object, status: int = 200) -> Response:
    """An answer for one person only."""
    response = json_answer(body, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def cached(response: Response, etag: str, caching: str = REVALIDATE) -> Response:
    """Give an answer its ETag and Cache-Control, and make it 304 when the client's copy stands."""
    response.set_etag(etag)
    response.headers["Cache-Control"] = caching
    response.vary.update(["Accept", "Accept-Encoding"])
    return response.make_conditional(request)  # type: ignore[return-value]


def not_modified(etag: str, caching: str = REVALIDATE) -> Response | None:
    """The 304 to give before any work is done, or None when the client's copy does not stand."""
    if request.if_none_match.contains_weak(etag):
        response = Response(status=304)
        response.set_etag(etag)
        response.headers["Cache-Control"] = caching
        response.vary.update(["Accept", "Accept-Encoding"])
        return response
    return None


def shown(schema: type[Schema], thing: object) -> dict[str, Any]:
    """The members of a dataclass that a schema names, as they are: `json_answer` writes the values."""
    return {name: getattr(thing, name) for name in schema().dump_fields}


def base_url() -> str:
    """Where the public reaches us, without a closing slash."""
    return services().public_url or request.host_url.rstrip("/")


def link(path: str, parameters: Mapping[str, str] | list[tuple[str, str]] = ()) -> str:  # type: ignore[assignment]
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
