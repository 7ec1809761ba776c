"""Sign up, sign in, sign out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, fields

from gateway.api.answers import private_answer, shown
from gateway.api.describe import describe
from gateway.clients.passwords import LONGEST, SHORTEST
from gateway.clients.people import PersonSchema
from gateway.services import services
from gateway.signed_in import COOKIE, session_text, set_cookie, signed_in

access = Blueprint("access", __name__, url_prefix="/api/v1")


class WrongPassword(PermissionError):
    """No person has this address with this password."""

    def __init__(self) -> None:
        super().__init__("no account has this e-mail address with this password")


_EMAIL = {"format": "email", "minLength": 3, "maxLength": 254, "example": "kim@example.org"}


class NewPersonSchema(Schema):
    email = fields.String(required=True, metadata=_EMAIL)
    password = fields.String(
        required=True,
        load_only=True,
        metadata={"format": "password", "minLength": SHORTEST, "maxLength": LONGEST},
    )
    name = fields.String(load_default="", metadata={"maxLength": 120, "description": "On one line."})


class SignInSchema(Schema):
    email = fields.String(required=True, metadata=_EMAIL)
    password = fields.String(required=True, load_only=True, metadata={"format": "password"})


class SignedInSchema(PersonSchema):
    token = fields.String(
        required=True, metadata={"description": "Send it as a Bearer token, or keep the cookie."}
    )


@access.post("/people")
@describe("Sign up", tag="access", body=NewPersonSchema, answer=SignedInSchema, status=201)
def sign_up(body: dict[str, Any]) -> Response:
    """Make an account; you are signed in at once."""
    person = services().clients.create_person(body["email"], body["password"], body["name"])
    return _session(person.email, body["password"])


@access.post("/sessions")
@describe("Sign in", tag="access", body=SignInSchema, answer=SignedInSchema, status=201)
def sign_in(body: dict[str, Any]) -> Response:
    """Start a session, as a token and as a cookie."""
    return _session(body["email"], body["password"])


def _session(email: str, password: str) -> Response:
    clients = services().clients
    token = clients.sign_in(email, password)
    person = clients.session(token) if token else None
    if token is None or person is None:
        raise WrongPassword
    answer = private_answer(shown(PersonSchema, person) | {"token": token}, 201)
    return set_cookie(answer, token)


@access.delete("/sessions")
@describe("Sign out", tag="access", status=204, secured=True)
def sign_out() -> Response:
    """End the session that sent this."""
    signed_in()
    services().clients.end_session(session_text())
    response = Response(status=204)
    response.delete_cookie(COOKIE)
    return response


@access.get("/people/me")
@describe("Who am I", tag="access", answer=PersonSchema, secured=True)
def me() -> Response:
    """The person who is signed in."""
    return private_answer(shown(PersonSchema, signed_in()))
