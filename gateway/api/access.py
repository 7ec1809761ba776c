"""Sign up, sign in, make applications and keys, revoke them, see usage."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields, validate

from gateway.api.answers import private_answer
from gateway.api.describe import describe
from gateway.caller import caller
from gateway.clients.applications import Application, ApplicationSchema
from gateway.clients.credentials import KeySchema
from gateway.clients.faults import NoSuch
from gateway.clients.people import PersonSchema
from gateway.clients.usage import DayUsageSchema, RouteUsageSchema, UsageSchema
from gateway.services import services
from gateway.signed_in import COOKIE, SignInNeeded, person_or_none, session_text, set_cookie, signed_in

access = Blueprint("access", __name__, url_prefix="/api/v1")


class WrongPassword(PermissionError):
    """No person has this address with this password."""

    def __init__(self) -> None:
        super().__init__("no account has this e-mail address with this password")


class NewPersonSchema(Schema):
    email = fields.String(required=True)
    password = fields.String(required=True, load_only=True)
    name = fields.String(load_default="")


class SignInSchema(Schema):
    email = fields.String(required=True)
    password = fields.String(required=True, load_only=True)


class SignedInSchema(PersonSchema):
    token = fields.String(
        required=True, metadata={"description": "Send it as a Bearer token, or keep the cookie."}
    )


class NewApplicationSchema(Schema):
    name = fields.String(required=True)
    description = fields.String(load_default="")


class NewKeySchema(Schema):
    label = fields.String(load_default="", validate=validate.Length(max=100))
    expires = fields.AwareDateTime(load_default=None, allow_none=True, format="iso")


class MadeKeySchema(KeySchema):
    key = fields.String(required=True, metadata={"description": "Shown once; keep it."})


class LimitStateSchema(Schema):
    name = fields.String(required=True)
    quota = fields.Integer(required=True)
    window = fields.Integer(required=True)
    remaining = fields.Integer(required=True)
    reset = fields.Integer(required=True, metadata={"description": "Seconds until more is available."})


class OwnUsageSchema(Schema):
    requests = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    rows = fields.Integer(required=True)
    bytes = fields.Integer(required=True)
    by_day = fields.List(fields.Nested(DayUsageSchema), required=True)
    by_route = fields.List(fields.Nested(RouteUsageSchema), required=True)
    limits = fields.List(fields.Nested(LimitStateSchema), required=True)


class UsageParameters(Schema):
    application = fields.String(metadata={"description": "Which of your applications, when signed in."})


class ApplicationsAnswer(Schema):
    items = fields.List(fields.Nested(ApplicationSchema), required=True)


class KeysAnswer(Schema):
    items = fields.List(fields.Nested(KeySchema), required=True)


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
    answer = private_answer(PersonSchema().dump(person) | {"token": token}, 201)
    return set_cookie(answer, token)


@access.delete("/sessions")
@describe("Sign out", tag="access", status=204, secured=True)
def sign_out() -> Response:
    """End the session that sent this."""
    signed_in()
    services().clients.end_session(session_text() or "")
    response = Response(status=204)
    response.delete_cookie(COOKIE)
    return response


@access.get("/people/me")
@describe("Who am I", tag="access", answer=PersonSchema, secured=True)
def me() -> Response:
    """The person who is signed in."""
    return private_answer(PersonSchema().dump(signed_in()))


@access.post("/applications")
@describe(
    "Make an application",
    tag="access",
    body=NewApplicationSchema,
    answer=ApplicationSchema,
    status=201,
    secured=True,
)
def create_application(body: dict[str, Any]) -> Response:
    """An application on the free plan; its keys share its limits."""
    person = signed_in()
    made = services().clients.create_application(person.id, body["name"], description=body["description"])
    return private_answer(ApplicationSchema().dump(made), 201)


@access.get("/applications")
@describe("My applications", tag="access", answer=ApplicationsAnswer, secured=True)
def applications() -> Response:
    """The applications of the person who is signed in."""
    mine = services().clients.applications(signed_in().id)
    return private_answer({"items": ApplicationSchema(many=True).dump(mine)})


@access.post("/applications/<application>/keys")
@describe("Make a key", tag="access", body=NewKeySchema, answer=MadeKeySchema, status=201, secured=True)
def create_key(application: str, body: dict[str, Any]) -> Response:
    """A new key; its text is in this answer and nowhere else."""
    own = _own(application)
    key, text = services().clients.create_key(own.id, body["label"], body["expires"], by=own.owner)
    return private_answer(KeySchema().dump(key) | {"key": text}, 201)


@access.get("/applications/<application>/keys")
@describe("The keys of an application", tag="access", answer=KeysAnswer, secured=True)
def keys(application: str) -> Response:
    """Its keys without their text, revoked ones too."""
    listed = services().clients.keys(_own(application).id)
    return private_answer({"items": KeySchema(many=True).dump(listed)})


@access.delete("/keys/<kid>")
@describe("Revoke a key", tag="access", status=204, secured=True)
def revoke_key(kid: str) -> Response:
    """The key and every token issued through it stop within two seconds."""
    person = signed_in()
    key = services().clients.key(kid)
    if key is None or not _owns(person.id, person.role, key.application):
        raise NoSuch("key", kid)
    services().clients.revoke_key(kid, person.id)
    return Response(status=204)


@access.get("/usage")
@describe("Own usage", tag="access", query=UsageParameters, answer=OwnUsageSchema, secured=True)
def usage(query: dict[str, Any]) -> Response:
    """All that the application used since it was made, and what is left of its limits."""
    application = _whose_usage(query.get("application"))
    services().flush_usage()
    used = UsageSchema().dump(services().clients.usage(application))
    return private_answer(used | {"limits": request.environ.get("entrepot.limits", [])})


def _whose_usage(named: str | None) -> str:
    own = caller(request.environ).application
    if own is None and named is None and person_or_none() is None:
        raise SignInNeeded
    if own is None:
        return _own(named or _only_application()).id
    if named not in (None, own):
        raise NoSuch("application", str(named))
    return own


def _only_application() -> str:
    mine = services().clients.applications(signed_in().id)
    if not mine:
        raise NoSuch("application", "of yours")
    return mine[0].id


def _own(id_or_name: str) -> Application:
    """The application of that id or name; for anyone else's it is as if there were none."""
    person = signed_in()
    application = services().clients.application(id_or_name)
    if application is None or not _owns(person.id, person.role, application.id):
        raise NoSuch("application", id_or_name)
    return application


def _owns(person: str, role: str, application: str) -> bool:
    found = services().clients.application(application)
    return found is not None and (role == "operator" or found.owner == person)
