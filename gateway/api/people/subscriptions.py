"""Have events sent to an address of one's own: subscribe, list, try, end."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError, fields, validate

from catalogue import UnknownDataset
from gateway.api.answers import private_answer, shown
from gateway.api.asking.patterns import ADDRESS
from gateway.api.asking.values import OneOf
from gateway.api.describe import describe
from gateway.caller import caller
from gateway.clients.faults import NoSuch
from gateway.scopes import KeyNeeded
from gateway.services import services
from schemas.event import EVENT_KINDS
from schemas.problem import BadInput, InputError

subscriptions = Blueprint("subscriptions", __name__, url_prefix="/api/v1/subscriptions")

MOST = 20
SCOPE = "rows:read"


def _address(text: str) -> None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as fault:
        raise ValidationError("cannot be read; write it like https://city.example/hook") from fault
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValidationError("is no address on the web; write it like https://city.example/hook")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValidationError("holds a user, a password or a #; what is sent is signed instead")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValidationError("holds letters that no address has; percent-encode them")


class NewSubscriptionSchema(Schema):
    url = fields.String(
        required=True,
        validate=[validate.Length(max=2_000), _address],
        metadata={
            "pattern": f"^{ADDRESS}$",
            "description": "Where events are POSTed to: without a user, a password or a fragment.",
            "example": "https://city.example/hook",
        },
    )
    datasets = fields.List(
        fields.String(validate=validate.Length(min=1, max=200)),
        load_default=None,
        validate=validate.Length(1, 100),
        metadata={"description": "Their ids; all datasets where it is left out."},
    )
    events = fields.List(
        fields.String(validate=OneOf(EVENT_KINDS)),
        load_default=list(EVENT_KINDS),
        validate=validate.Length(min=1),
    )


class SubscriptionSchema(Schema):
    id = fields.String(required=True)
    url = fields.String(required=True)
    datasets = fields.List(fields.String(), required=True, allow_none=True)
    kinds = fields.List(fields.String(), required=True, data_key="events")
    created = fields.AwareDateTime(required=True, format="iso")
    position = fields.Integer(required=True, metadata={"description": "The last event that is done with."})
    sent = fields.AwareDateTime(required=True, allow_none=True, format="iso")
    failing = fields.AwareDateTime(required=True, allow_none=True, format="iso")
    disabled = fields.AwareDateTime(required=True, allow_none=True, format="iso")
    fault = fields.String(required=True, allow_none=True)


class MadeSubscriptionSchema(SubscriptionSchema):
    secret = fields.String(required=True, metadata={"description": "Shown once; keep it."})


class SubscriptionsAnswer(Schema):
    items = fields.List(fields.Nested(SubscriptionSchema), required=True)


@subscriptions.post("")
@describe(
    "Have events sent to an address",
    tag="access",
    scope=SCOPE,
    body=NewSubscriptionSchema,
    answer=MadeSubscriptionSchema,
    status=201,
)
def create(body: dict[str, Any]) -> Response:
    """From now on each event of the datasets is POSTed there, in order, signed as Standard Webhooks has it.

    What does not get through is tried again with longer and longer pauses, the missed ones in order; after
    three days the subscription is switched off, and its owner told by mail. Only public addresses
    are reached.
    """
    application, catalogue = _application(), services().catalogue
    if len(catalogue.subscriptions.of(application)) >= MOST:
        raise BadInput([InputError("url", f"is one too many: {MOST} subscriptions are there", "end one")])
    _check(body["datasets"] or ())
    made = catalogue.subscriptions.add(
        application,
        services().clients.owner(application),
        body["url"],
        datasets=body["datasets"] and list(dict.fromkeys(body["datasets"])),
        kinds=list(dict.fromkeys(body["events"])),
    )
    return private_answer(_shown(made) | {"secret": services().clients.webhook_secret(made.id)}, 201)


@subscriptions.get("")
@describe("My subscriptions", tag="access", scope=SCOPE, answer=SubscriptionsAnswer)
def mine() -> Response:
    """Those of the key's application, and how they fare."""
    found = services().catalogue.subscriptions.of(_application())
    return private_answer({"items": [_shown(each) for each in found]})


@subscriptions.delete("/<subscription>")
@describe("End a subscription", tag="access", scope=SCOPE, status=204)
def end(subscription: str) -> Response:
    """Nothing more is sent to its address."""
    if not services().catalogue.subscriptions.remove(_application(), subscription):
        raise NoSuch("subscription", subscription)
    return Response(status=204)


@subscriptions.post("/<subscription>/test")
@describe("Try a subscription", tag="access", scope=SCOPE, status=202)
def test(subscription: str) -> Response:
    """Have a message of type `test` sent; where it gets through, a subscription that was switched off is on
    again, and what it missed is sent."""
    if not services().catalogue.subscriptions.ask(_application(), subscription):
        raise NoSuch("subscription", subscription)
    return Response(status=202)


def _application() -> str:
    found = caller(request.environ).application
    if found is None:
        raise KeyNeeded(SCOPE)
    return found


def _check(datasets: list[str] | tuple[str, ...]) -> None:
    faults = []
    for id in datasets:
        try:
            services().catalogue.describe(id)
        except UnknownDataset as unknown:
            faults.append(InputError("datasets", f"has no {id!r}", unknown.hint))
    if faults:
        raise BadInput(faults)


def _shown(subscription: object) -> dict[str, Any]:
    said = shown(SubscriptionSchema, subscription)
    return {("events" if name == "kinds" else name): value for name, value in said.items()}
