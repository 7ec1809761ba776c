"""Build the Flask application from its services."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from gateway import compression, errors, holding
from gateway.api.answers import base_url, public_answer
from gateway.api.beginning import beginning
from gateway.api.datasets import datasets
from gateway.api.describe import describe
from gateway.api.operations import operations
from gateway.api.people.access import access
from gateway.api.people.applications import applications
from gateway.api.people.subscriptions import subscriptions
from gateway.api.people.usage import own_usage
from gateway.api.reading.aggregate import aggregates
from gateway.api.reading.changes import changes
from gateway.api.reading.downloads import downloads
from gateway.api.reading.events import events
from gateway.api.reading.exports import exports
from gateway.api.reading.latest import latest
from gateway.api.reading.nearest import nearest
from gateway.api.reading.rows import rows
from gateway.api.reading.tiles import tiles
from gateway.api.stewards.deeds import deeds
from gateway.api.stewards.feeds import feeds
from gateway.api.stewards.trials import trials
from gateway.caller import ROUTE
from gateway.dialects.gbfs import gbfs
from gateway.dialects.gtfs_realtime import gtfs_realtime
from gateway.dialects.ogc_features import ogc_features
from gateway.dialects.soda import soda
from gateway.oauth import oauth_blueprint
from gateway.openapi import openapi
from gateway.portal import portal
from gateway.services import EXTENSION, Services

LARGEST_BODY = 1 << 20
_API = (
    beginning,
    datasets,
    rows,
    aggregates,
    nearest,
    latest,
    downloads,
    tiles,
    exports,
    changes,
    events,
    feeds,
    deeds,
    trials,
    access,
    applications,
    own_usage,
    subscriptions,
)


class Application(Flask):
    """All of our views are plain functions, which need not be found out at each request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself."""
        return func


class PageSessions(SecureCookieSessionInterface):
    """The cookie that pages keep a form's token in; the API has none, and pays nothing for it."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """What the cookie holds, or None for the API."""
        return None if request.path.startswith(("/api/", "/ogc/")) else super().open_session(app, request)


def create_app(services: Services, *, session_key: bytes, version: str) -> Flask:
    """The application; put the gate before it."""
    app = Application(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=session_key,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SESSION_COOKIE_NAME="entrepot_page",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=(services.public_url or "").startswith("https:"),
    )
    app.session_interface = PageSessions()
    app.url_map.strict_slashes = False
    app.extensions[EXTENSION] = services
    for blueprint in (*_API, ogc_features, soda, gtfs_realtime, gbfs, operations, portal):
        app.register_blueprint(blueprint)
    app.register_blueprint(oauth_blueprint(services.clients, public_url=services.public_url))
    errors.install(app)
    # What is done with an answer, the last first: packed, then held open.
    holding.install(app)
    compression.install(app)
    _install_description(app, version)
    app.before_request(_name_route)
    return app


def _install_description(app: Flask, version: str) -> None:
    described = lru_cache(8)(lambda server: openapi(app, version, server))

    @app.get("/api/v1/openapi.json")
    @describe("This description", tag="about", media_types=("application/json",))
    def description() -> Response:
        """All of the API in OpenAPI 3.1."""
        return public_answer(described(base_url()))


def _name_route() -> None:
    rule = request.url_rule
    request.environ[ROUTE] = rule.rule.replace("<", "{").replace(">", "}") if rule else "unknown"
