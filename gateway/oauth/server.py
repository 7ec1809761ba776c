"""The authorization server: who a client is, which tokens it gets, and what it may ask about them."""

from __future__ import annotations

from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import (
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Response, json

from gateway.clients import Clients, Credential
from gateway.oauth.form import FormRequest, basic

AUTH_METHODS = ["client_secret_basic", "client_secret_post"]
Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]


class ClientRefused(InvalidClientError):  # type: ignore[misc]  # Authlib has no types
    """The client did not prove who it is; the same for one unknown and for a wrong secret."""

    status_code = 401
    description = "Give the id of an application and one of its live keys as client_id and client_secret."

    def get_headers(self) -> list[tuple[str, str]]:
        return [*default_json_headers, ("WWW-Authenticate", 'Basic realm="entrepot", charset="UTF-8"')]


class Server(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Authlib's server over our clients: an application is the client, any of its keys the secret."""

    def __init__(self, clients: Clients) -> None:
        super().__init__()
        self.clients = clients
        self.register_grant(KeyGrant)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    def authenticate_client(
        self, request: FormRequest, methods: list[str], endpoint: str = "token"
    ) -> Credential:
        """The key that the client shows; raises ClientRefused, InvalidRequestError."""
        client_id, secret = _presented(request)
        key = self.clients.find(secret)
        if key is None or key.kind != "key" or client_id not in (key.application, key.kid):
            raise ClientRefused()
        return key

    def create_oauth2_request(self, request: FormRequest) -> FormRequest:
        return request

    def handle_response(self, status: int, body: dict[str, Any], headers: list[tuple[str, str]]) -> Response:
        return Response(json.dumps(body), status=status, headers=headers)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens: the audit is written with the change itself."""


class KeyGrant(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    """client_credentials: an application changes a key for a token that lives an hour."""

    def validate_token_request(self) -> None:
        self.request.client = self.server.authenticate_client(self.request, AUTH_METHODS)
        self.request.scope = " ".join(_scopes(self.request.client, self.request.payload.scope))

    def create_token_response(self) -> Answer:
        # Not Authlib's own, which writes the whole token into the debug log.
        scope = self.request.scope
        text, seconds = self.server.clients.issue_token(self.request.client, scope.split())
        body = {"access_token": text, "token_type": "Bearer", "expires_in": seconds, "scope": scope}
        return 200, body, default_json_headers


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    """RFC 7009. A token that is none, or has ended, is no error; another client's is left alone."""

    def authenticate_token(self, request: FormRequest, client: Credential) -> Credential | None:
        token = _token(self.server, request)
        if token and token.application != client.application:
            raise InvalidGrantError("The token was issued to another client.")
        return token

    def revoke_token(self, token: Credential, request: FormRequest) -> None:
        self.server.clients.revoke_token(request.form["token"])


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib has no types
    """RFC 7662. A client learns of its own live tokens; of anything else that it is not active."""

    def authenticate_token(self, request: FormRequest, client: Credential) -> Credential | None:
        token = _token(self.server, request)
        return token if token and token.application == client.application else None

    def create_introspection_payload(self, token: Credential | None) -> dict[str, Any]:
        if token is None or token.expires is None:
            return {"active": False}
        return {
            "active": True,
            "client_id": token.application,
            "sub": token.application,
            "token_type": "Bearer",
            "scope": " ".join(sorted(token.scopes)),
            "iat": int(token.created.timestamp()),
            "exp": int(token.expires.timestamp()),
        }


def _presented(request: FormRequest) -> tuple[str, str]:
    """The client id and secret of a request, "" where there are none."""
    header = basic(request.headers.get("Authorization", ""))
    posted = request.form.get("client_id", ""), request.form.get("client_secret", "")
    if header is None:
        return posted
    if posted[1] or posted[0] not in ("", header[0]):
        raise InvalidRequestError("Give the client credentials in one place, not in two.")
    return header


def _scopes(key: Credential, asked: str | None) -> list[str]:
    """The scopes asked for, or all that the plan has; raises InvalidScopeError for any beyond them."""
    scopes = set(key.scopes if asked is None else asked.split(" "))
    if not scopes <= key.scopes:
        raise InvalidScopeError("The plan of this application has: " + " ".join(sorted(key.scopes)))
    return sorted(scopes)


def _token(server: Server, request: FormRequest) -> Credential | None:
    """The live token the request is about; hints of its type are not needed, since there is one type."""
    if "token" not in request.form:
        raise InvalidRequestError("The parameter token is missing.")
    return server.clients.introspect(request.form["token"])
