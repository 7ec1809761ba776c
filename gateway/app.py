"""Build the Flask application from its services."""

from __future__ import annotations

from flask import Flask, Response, request

from gateway import compression, errors
from gateway.api.access import access
from gateway.api.answers import base_url, public_answer
from gateway.api.datasets import datasets
from gateway.api.feeds import feeds
from gateway.api.operations import operations
from gateway.api.rows import rows
from gateway.oauth import oauth_blueprint
from gateway.openapi import openapi
from gateway.portal import portal
from gateway.services import EXTENSION, Services

LARGEST_BODY = 1 << 20


def create_app(services: Services, *, session_key: bytes, version: str) -> Flask:
    """The application; put the gate before it."""
    app = Flask(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=session_key,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SESSION_COOKIE_NAME="entrepot_page",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.url_map.strict_slashes = False
    app.extensions[EXTENSION] = services
    for blueprint in (datasets, rows, feeds, access, operations, portal):
        app.register_blueprint(blueprint)
    app.register_blueprint(oauth_blueprint(services.clients, public_url=services.public_url))
    errors.install(app)
    compression.install(app)
    _install_description(app, version)
    app.before_request(_name_route)
    app.after_request(_guard)
    return app


def _install_description(app: Flask, version: str) -> None:
    @app.get("/api/v1/openapi.json")
    def description() -> Response:
        return public_answer(openapi(app, version, base_url()))


def _name_route() -> None:
    rule = request.url_rule
    request.environ["entrepot.route"] = rule.rule.replace("<", "{").replace(">", "}") if rule else "unknown"


def _guard(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    return response
