"""The OpenAPI 3.1 description, made from the routes and the marshmallow schemas beside them."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Flask
from marshmallow import Schema
from werkzeug.routing import Rule

from gateway.api.describe import OPERATION, Operation
from gateway.api.parameters import BBoxField, Moment, Words
from schemas.problem import ProblemSchema

PROBLEM = "application/problem+json"
_TAGS = {
    "datasets": "Find datasets and see what they hold.",
    "rows": "Read rows by filter, box and cursor, or a whole snapshot.",
    "feeds": "How the harvests are.",
    "access": "Sign up, make applications and keys, see usage.",
}
_INTRODUCTION = """The city's data, catalogued, versioned and served.

Without a key the anonymous plan applies, by address. With one, send `Authorization: Bearer KEY` or
`X-API-Key: KEY`. Every answer says in `RateLimit` what is left. Unknown, repeated or unreadable parameters
are refused with 400 and the nearest that exists."""
_ERRORS = {
    400: "Not a request we can take",
    401: "The credential is not valid",
    404: "There is none",
    429: "A limit is reached",
}


class _Resolver(MarshmallowPlugin):
    """apispec's plugin, taught our own query fields."""

    Converter = OpenAPIConverter

    def init_spec(self, spec: APISpec) -> None:
        super().init_spec(spec)
        for field in (BBoxField, Words, Moment):
            self.map_to_openapi_type(field, "string", None)  # type: ignore[no-untyped-call]


def _name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return re.sub(r"(Schema|Answer)$", "", cls.__name__) or cls.__name__


def openapi(app: Flask, version: str, server: str) -> dict[str, Any]:
    """The description of every described route of `app`, reached at `server`."""
    plugin = _Resolver(schema_name_resolver=_name)
    spec = APISpec(
        title="Entrepot",
        version=version,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": _INTRODUCTION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        servers=[{"url": server}],
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
        security=[{}, {"bearer": []}, {"apiKey": []}],
    )
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    spec.components.security_scheme("apiKey", {"type": "apiKey", "in": "header", "name": "X-API-Key"})
    spec.components.schema("Problem", schema=ProblemSchema)
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        operation = getattr(app.view_functions[rule.endpoint], OPERATION, None)
        if operation:
            paths.setdefault(_path(rule), {}).update(_operations(rule, operation, app))
    for path, operations in paths.items():
        spec.path(path, operations=operations)
    return spec.to_dict()


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)


def _operations(rule: Rule, operation: Operation, app: Flask) -> dict[str, Any]:
    methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
    view = app.view_functions[rule.endpoint]
    return {
        method.lower(): {
            "operationId": f"{rule.endpoint.replace('.', '_')}_{method.lower()}",
            "summary": operation.summary,
            "description": (view.__doc__ or "").strip(),
            "tags": [operation.tag],
            "parameters": _parameters(rule, operation),
            "responses": _responses(operation),
            **_body(operation.body),
            **({"security": [{"bearer": []}]} if operation.secured else {}),
        }
        for method in methods
    }


def _parameters(rule: Rule, operation: Operation) -> list[Any]:
    path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in sorted(rule.arguments)
    ]
    query: list[Any] = [{"in": "query", "schema": operation.query}] if operation.query().fields else []
    return [*path, *query, *operation.extra_parameters]


def _responses(operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {media: {} for media in operation.media_types}
    if operation.answer:
        content["application/json"] = {"schema": operation.answer}
    answer: dict[str, Any] = {"description": operation.summary}
    if content:
        answer["content"] = content
    errors = {
        str(status): {"description": text, "content": {PROBLEM: {"schema": ProblemSchema}}}
        for status, text in _ERRORS.items()
    }
    return {str(operation.status): answer, **errors}


def _body(body: type[Schema] | None) -> dict[str, Any]:
    if body is None:
        return {}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}
