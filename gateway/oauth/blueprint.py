"""The OAuth endpoints of the gateway, and the document that says what they can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, UnsupportedGrantTypeError
from flask import Blueprint, Response, jsonify, request

from gateway.clients import Clients
from gateway.clients.plans import SCOPES
from gateway.oauth.form import FormRequest, read
from gateway.oauth.server import AUTH_METHODS, Server

_ANY = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def oauth_blueprint(clients: Clients, *, public_url: str | None = None) -> Blueprint:
    """/oauth/token, /oauth/revoke, /oauth/introspect and /.well-known/oauth-authorization-server.

    `public_url` is the issuer and the start of every URL in the metadata; without it they follow the
    request.
    """
    oauth, server = Blueprint("oauth", __name__), Server(clients)

    def answer(respond: Callable[[FormRequest], Response]) -> Response:
        if request.method != "POST":
            return _only_post(server)
        try:
            return respond(read(request, public_url))
        except OAuth2Error as error:
            return server.handle_error_response(None, error)  # type: ignore[no-any-return]

    @oauth.route("/oauth/token", methods=_ANY)
    def token() -> Response:
        """Change an application's key for an access token."""
        return answer(lambda form: _token(server, form))

    @oauth.route("/oauth/revoke", methods=_ANY)
    def revoke() -> Response:
        """End an access token."""
        return answer(lambda form: server.create_endpoint_response("revocation", form))

    @oauth.route("/oauth/introspect", methods=_ANY)
    def introspect() -> Response:
        """Say whether an access token of the client is live, and what it may do."""
        return answer(lambda form: server.create_endpoint_response("introspection", form))

    @oauth.get("/.well-known/oauth-authorization-server")
    def metadata() -> Response:
        """Describe this authorization server (RFC 8414)."""
        answer = jsonify(_metadata((public_url or request.host_url).rstrip("/")))
        answer.headers["Cache-Control"] = "public, max-age=300"
        return answer

    return oauth


def _token(server: Server, form: FormRequest) -> Response:
    if not form.payload.grant_type:
        raise InvalidRequestError("The parameter grant_type is missing.")
    if form.payload.grant_type != "client_credentials":
        # Authlib would repeat the client's own text here.
        raise UnsupportedGrantTypeError("other than client_credentials")
    return server.create_token_response(form)  # type: ignore[no-any-return]


def _only_post(server: Server) -> Response:
    refused = InvalidRequestError("This endpoint takes POST only.", status_code=405)
    response: Response = server.handle_error_response(None, refused)
    response.headers["Allow"] = "POST"
    return response


def _metadata(issuer: str) -> dict[str, Any]:
    """What works here and nothing else; without an authorization endpoint there are no response types."""
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "scopes_supported": list(SCOPES),
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "introspection_endpoint_auth_methods_supported": AUTH_METHODS,
    }
