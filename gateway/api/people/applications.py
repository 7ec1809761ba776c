"""Make applications and keys, list and revoke them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from gateway.api.answers import private_answer, shown
from gateway.api.asking.patterns import SOMETHING
from gateway.api.asking.values import Moment
from gateway.api.describe import describe
from gateway.clients.applications import Application, ApplicationSchema
from gateway.clients.credentials import KeySchema
from gateway.clients.faults import NoSuch
from gateway.clients.people import Person
from gateway.services import services
from gateway.signed_in import signed_in

applications = Blueprint("applications", __name__, url_prefix="/api/v1")


class NewApplicationSchema(Schema):
    name = fields.String(
        required=True,
        metadata={"pattern": SOMETHING, "maxLength": 100, "description": "On one line; nobody else has it."},
    )
    description = fields.String(load_default="", metadata={"maxLength": 1000, "description": "On one line."})


class NewKeySchema(Schema):
    label = fields.String(
        load_default="", validate=validate.Length(max=100), metadata={"description": "On one line."}
    )
    expires = Moment(
        load_default=None,
        allow_none=True,
        metadata={"description": "Until when it opens anything, a time to come; null for no end."},
    )


class MadeKeySchema(KeySchema):
    key = fields.String(required=True, metadata={"description": "Shown once; keep it."})


class ApplicationsAnswer(Schema):
    items = fields.List(fields.Nested(ApplicationSchema), required=True)


class KeysAnswer(Schema):
    items = fields.List(fields.Nested(KeySchema), required=True)


@applications.post("/applications")
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
    return private_answer(shown(ApplicationSchema, made), 201)


@applications.get("/applications")
@describe("My applications", tag="access", answer=ApplicationsAnswer, secured=True)
def list_applications() -> Response:
    """The applications of the person who is signed in."""
    mine = services().clients.applications(signed_in().id)
    return private_answer({"items": [shown(ApplicationSchema, each) for each in mine]})


@applications.post("/applications/<application>/keys")
@describe("Make a key", tag="access", body=NewKeySchema, answer=MadeKeySchema, status=201, secured=True)
def create_key(application: str, body: dict[str, Any]) -> Response:
    """A new key; its text is in this answer and nowhere else."""
    own = own_application(application)
    key, text = services().clients.create_key(own.id, body["label"], body["expires"], by=own.owner)
    return private_answer(shown(KeySchema, key) | {"key": text}, 201)


@applications.get("/applications/<application>/keys")
@describe("The keys of an application", tag="access", answer=KeysAnswer, secured=True)
def keys(application: str) -> Response:
    """Its keys without their text, revoked ones too."""
    listed = services().clients.keys(own_application(application).id)
    return private_answer({"items": [shown(KeySchema, key) for key in listed]})


@applications.delete("/keys/<kid>")
@describe("Revoke a key", tag="access", status=204, secured=True)
def revoke_key(kid: str) -> Response:
    """The key and every token issued through it stop within two seconds."""
    person, clients = signed_in(), services().clients
    key = clients.key(kid)
    if key is None or not _owns(person, clients.application(key.application)):
        raise NoSuch("key", kid)
    clients.revoke_key(kid, person.id)
    return Response(status=204)


def own_application(id_or_name: str) -> Application:
    """The application of that id or name; for anyone else's it is as if there were none."""
    person, application = signed_in(), services().clients.application(id_or_name)
    if application is None or not _owns(person, application):
        raise NoSuch("application", id_or_name)
    return application


def _owns(person: Person, application: Application | None) -> bool:
    return application is not None and (person.role == "operator" or application.owner == person.id)
