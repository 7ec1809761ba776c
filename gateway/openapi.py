"""The OpenAPI 3.1 description, made from the routes and the marshmallow schemas beside them."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec
from flask import Flask
from marshmallow import fields
from werkzeug.routing import Rule

from gateway.api.describe import OPERATION, Operation
from gateway.api.described import Describer
from gateway.api.places import place
from gateway.clients.plans import SCOPES
from gateway.signed_in import COOKIE
from schemas.problem import ProblemSchema

PROBLEM = "application/problem+json"
_TAGS = {
    "datasets": "Find datasets and see what they hold.",
    "rows": "Read rows by filter, box and cursor, or a whole snapshot.",
    "feeds": "How the harvests are.",
    "stewards": "Try, upload, let in, go back, withdraw, archive: each deed is written down.",
    "access": "Sign up, make applications and keys, see usage.",
    "about": "The API itself.",
}
_INTRODUCTION = """The city's data, catalogued, versioned and served.

Without a key the anonymous plan applies, by address. With one, send `Authorization: Bearer KEY` or
`X-API-Key: KEY`. Every answer says in `RateLimit` what is left. Unknown, repeated or unreadable parameters
are refused with 400 and the nearest that exists."""
_HEADERS: dict[str, Any] = {
    "RateLimit-Policy": "The limits that apply: q requests in w seconds, each under its name.",
    "RateLimit": "What is left of each limit: r requests, and t seconds until more come back.",
    "X-Request-ID": "Names the request in our log.",
    "Retry-After": "Seconds until the request may be tried again.",
    "WWW-Authenticate": "What to send instead.",
}
_ALWAYS = ("RateLimit-Policy", "RateLimit", "X-Request-ID")


class QuotaProblemSchema(ProblemSchema):
    """What a 429 says besides."""

    violated_policies = fields.List(fields.String(), data_key="violated-policies")
    sign_up = fields.String(metadata={"description": "where a caller without a key gets one"})


def openapi(app: Flask, version: str, server: str) -> dict[str, Any]:
    """The description of every described route of `app`, reached at `server`."""
    describer = Describer()
    spec = APISpec(
        title="Entrepot",
        version=version,
        openapi_version="3.1.0",
        plugins=[describer],
        info={"description": _INTRODUCTION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        servers=[{"url": server}],
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
    )
    _describe_components(spec, server)
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        operation = getattr(app.view_functions[rule.endpoint], OPERATION, None)
        if operation:
            parameters = _parameters(rule, operation, describer)
            paths.setdefault(_path(rule), {}).update(_operations(rule, app, parameters))
    for path, operations in paths.items():
        spec.path(path, operations=operations)
    return spec.to_dict()


def _describe_components(spec: APISpec, server: str) -> None:
    scopes = {name: text.en for name, text in SCOPES.items()}
    flow = {"clientCredentials": {"tokenUrl": f"{server}/oauth/token", "scopes": scopes}}
    schemes: dict[str, dict[str, Any]] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A key of an application."},
        "keyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "token": {"type": "oauth2", "flows": flow},
        "session": {"type": "http", "scheme": "bearer", "description": "The token of POST /api/v1/sessions."},
        "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    for name, scheme in schemes.items():
        spec.components.security_scheme(name, scheme)
    spec.components.schema("Problem", schema=ProblemSchema)
    for name, text in _HEADERS.items():
        spec.components.header(name, {"description": text, "schema": {"type": "string"}})


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)


def _operations(rule: Rule, app: Flask, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
    view = app.view_functions[rule.endpoint]
    operation: Operation = getattr(view, OPERATION)
    return {
        method.lower(): {
            "operationId": f"{rule.endpoint.replace('.', '_')}_{method.lower()}",
            "summary": operation.summary,
            "description": (view.__doc__ or "").strip(),
            "tags": [operation.tag],
            "parameters": parameters,
            "responses": _responses(rule, operation),
            "security": _security(operation),
            **_body(operation),
        }
        for method in methods
    }


def _parameters(rule: Rule, operation: Operation, describer: Describer) -> list[dict[str, Any]]:
    path = [place(name, operation.endings if name == "extension" else ()) for name in sorted(rule.arguments)]
    return [*path, *describer.asked(operation.query), *operation.extra_parameters]


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    """Any one of these; an empty one is none at all."""
    ways: list[dict[str, list[str]]] = []
    if operation.scope:
        ways += [{"key": []}, {"keyHeader": []}, {"token": [operation.scope]}]
    if operation.secured:
        ways += [{"session": []}, {"cookie": []}]
    return ways if operation.secured else [{}, *ways]


def _responses(rule: Rule, operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": operation.answer}} if operation.answer else {}
    for media in (each.partition(";")[0] for each in operation.media_types):
        content.setdefault(media, {"schema": _written(media)})
    answer: dict[str, Any] = {"description": operation.summary, "headers": _headers(*_ALWAYS)}
    if content:
        answer["content"] = content
    nothing = {"description": operation.nothing, "headers": _headers(*_ALWAYS)}
    given = {str(operation.status): answer} | ({"204": nothing} if operation.nothing else {})
    if operation.scope and not operation.secured and "GET" in (rule.methods or set()):
        same = "Where the answer has an ETag: If-None-Match names it, and the copy still stands"
        given["304"] = {"description": same, "headers": _headers(*_ALWAYS)}
    return given | {
        str(status): {
            "description": text,
            "headers": _headers(*_ALWAYS, *headers),
            "content": {PROBLEM: {"schema": QuotaProblemSchema if status == 429 else ProblemSchema}},
        }
        for status, (text, headers) in _refusals(rule, operation).items()
    }


def _written(media: str) -> dict[str, Any]:
    """What a body is where its media type says the rest: JSON, a text, bytes, or a stream without end."""
    if media == "text/event-stream":
        return {}
    if media.endswith("json") and not media.endswith("ndjson"):
        return {"type": "object"}
    return {"type": "string"} if media.startswith("text/") else {"type": "string", "format": "binary"}


def _refusals(rule: Rule, operation: Operation) -> dict[int, tuple[str, tuple[str, ...]]]:
    """What else can be answered: the description and the headers of each status."""
    found: dict[int, tuple[str, tuple[str, ...]]] = {
        400: ("A parameter or the body cannot be taken; `errors` names each", ()),
        401: ("The credential is missing or opens nothing", ("WWW-Authenticate",)),
        429: ("A limit is used up, or as many answers are open as one caller may have", ("Retry-After",)),
        503: ("A part that is needed does not answer", ("Retry-After",)),
    }
    if operation.scope or operation.secured:
        found[403] = ("The credential does not allow this", ("WWW-Authenticate",))
    if rule.arguments or operation.secured:
        found[404] = ("There is none of that name", ())
    if operation.scope == "rows:read":
        found[410] = ("The snapshot is no longer kept", ())
    if operation.extra_parameters:
        found[406] = ("None of the accepted formats can be given", ())
    if operation.secured and "GET" not in (rule.methods or set()):
        found[409] = ("It does not go with what is there already", ())
    if operation.body or operation.form:
        found |= {
            409: ("There is one of that name already", ()),
            413: ("The body is too large", ()),
            415: ("The body is not JSON", ()),
        }
    return found


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _body(operation: Operation) -> dict[str, Any]:
    kinds = {"multipart/form-data": operation.form, "application/json": operation.body}
    content = {kind: {"schema": schema} for kind, schema in kinds.items() if schema}
    return {"requestBody": {"required": True, "content": content}} if content else {}
