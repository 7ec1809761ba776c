"""What an application used, and what is left of its limits."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from gateway.api.answers import private_answer, shown
from gateway.api.describe import describe
from gateway.api.people.applications import own_application
from gateway.caller import caller
from gateway.clients.applications import Application
from gateway.clients.faults import NoSuch
from gateway.clients.usage import UsageSchema
from gateway.gate.limits import Subject
from gateway.services import services
from gateway.signed_in import signed_in

own_usage = Blueprint("usage", __name__, url_prefix="/api/v1")


class LimitStateSchema(Schema):
    name = fields.String(required=True)
    quota = fields.Integer(required=True)
    window = fields.Integer(required=True)
    remaining = fields.Integer(required=True)
    reset = fields.Integer(required=True, metadata={"description": "Seconds until more is available."})


class OwnUsageSchema(UsageSchema):
    limits = fields.List(fields.Nested(LimitStateSchema), required=True)


class UsageParameters(Schema):
    application = fields.String(metadata={"description": "Which of your applications, when signed in."})


@own_usage.get("/usage")
@describe(
    "Own usage", tag="access", scope="usage:read", query=UsageParameters, answer=OwnUsageSchema, secured=True
)
def usage(query: dict[str, Any]) -> Response:
    """All that the application used since it was made, and what is left of its limits.

    Asked with a key it is the key's application; someone who is signed in names one of theirs.
    """
    application = _whose_usage(query.get("application"))
    services().flush_usage()
    used = services().clients.usage(application.id)
    return private_answer(shown(UsageSchema, used) | {"limits": _limits(application)})


def _whose_usage(named: str | None) -> Application:
    clients, own = services().clients, caller(request.environ).application
    if own is not None:
        application = clients.application(own)
        if application is None or named not in (None, own, application.name):
            raise NoSuch("application", str(named))
        return application
    if named is not None:
        return own_application(named)
    mine = clients.applications(signed_in().id)
    if not mine:
        raise NoSuch("application", "of yours")
    return mine[0]


def _limits(application: Application) -> list[dict[str, str | int]]:
    """What is left of each limit of an application, without spending any."""
    plan = services().plans.get(application.plan) or caller(request.environ).plan
    looked = services().limiter.acquire(Subject("application", application.id), plan.limits, cost=0)
    return [
        {
            "name": limit.name,
            "quota": limit.quota,
            "window": limit.window,
            "remaining": left,
            "reset": reset,
        }
        for limit, left, reset in looked.allowances
    ]
