"""The developers' page: sign up or in, make an application, make and revoke keys, see usage."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from gateway.clients.applications import Application
from gateway.clients.faults import AlreadyExists, NoSuch
from gateway.clients.people import Person
from gateway.portal.blueprint import DEVELOPERS as HOME
from gateway.portal.blueprint import portal
from gateway.services import services
from gateway.signed_in import COOKIE, SignInNeeded, person_or_none, set_cookie, signed_in
from schemas.problem import BadInput


@dataclass(frozen=True)
class Refused:
    """A form that was not taken: which, at which field, and the key of the phrase that says why."""

    form: str
    field: str
    why: str


@portal.get(HOME)
def developers() -> str:
    """Forms to get in, or what is yours."""
    return _page(person_or_none())


@portal.get(f"{HOME}/<path:form>")
def address_of_a_form(form: str) -> Response:
    """Someone reloaded by hand what a form had answered."""
    return _back()


@portal.errorhandler(SignInNeeded)
def sign_in_again(fault: SignInNeeded) -> ResponseReturnValue:
    """A form was sent after its session had ended."""
    return _page(None, Refused("sign-in", "email", "session_ended")), 401


def _page(person: Person | None, refused: Refused | None = None, made_key: str = "") -> str:
    mine = []
    if person:
        services().flush_usage()
        mine = [_told(application) for application in services().clients.applications(person.id)]
    return render_template("developers.html", who=person, mine=mine, refused=refused, made_key=made_key)


def _told(application: Application) -> dict[str, object]:
    clients, plans = services().clients, services().plans
    return {
        "application": application,
        "keys": clients.keys(application.id),
        "usage": clients.usage(application.id),
        "plan": plans.get(application.plan),
    }


@portal.post(f"{HOME}/sign-up")
def sign_up() -> ResponseReturnValue:
    """Make an account and sign in."""
    typed = request.form
    try:
        services().clients.create_person(
            typed.get("email", ""), typed.get("password", ""), typed.get("name", "")
        )
    except (BadInput, AlreadyExists) as fault:
        return _refuse("sign-up", fault, None)
    return sign_in()


@portal.post(f"{HOME}/sign-in")
def sign_in() -> ResponseReturnValue:
    """Start a session in a cookie."""
    token = services().clients.sign_in(request.form.get("email", ""), request.form.get("password", ""))
    if token is None:
        return _page(None, Refused("sign-in", "password", "wrong_password")), 401
    return set_cookie(_back(), token)


@portal.post(f"{HOME}/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session."""
    services().clients.end_session(request.cookies.get(COOKIE, ""))
    response = _back()
    response.delete_cookie(COOKIE)
    return response


@portal.post(f"{HOME}/applications")
def create_application() -> ResponseReturnValue:
    """Make an application on the free plan."""
    person = signed_in()
    try:
        services().clients.create_application(person.id, request.form.get("name", ""))
    except (BadInput, AlreadyExists) as fault:
        return _refuse("application", fault, person)
    return _back()


@portal.post(f"{HOME}/applications/<application>/keys")
def create_key(application: str) -> ResponseReturnValue:
    """Make a key and show it this once."""
    person = signed_in()
    _own(person, application)
    try:
        made = services().clients.create_key(application, request.form.get("label", ""), by=person.id)
    except BadInput as fault:
        return _refuse(application, fault, person)
    response = make_response(_page(person, made_key=made[1]))
    response.headers["Cache-Control"] = "no-store"
    return response


@portal.post(f"{HOME}/keys/<kid>/revoke")
def revoke_key(kid: str) -> ResponseReturnValue:
    """End a key."""
    person = signed_in()
    key = services().clients.key(kid)
    if key is None:
        raise NoSuch("key", kid)
    _own(person, key.application)
    services().clients.revoke_key(kid, person.id)
    return _back()


def _own(person: Person, application: str) -> None:
    """For anyone else's application it is as if there were none."""
    if application not in {a.id for a in services().clients.applications(person.id)}:
        raise NoSuch("application", application)


def _back() -> Response:
    return make_response(redirect(HOME, 303))


def _refuse(form: str, fault: BadInput | AlreadyExists, person: Person | None) -> ResponseReturnValue:
    """The page again, with the first fault beside its field and what was typed."""
    if isinstance(fault, AlreadyExists):
        field = "email" if fault.kind == "person" else "name"
        return _page(person, Refused(form, field, f"taken_{fault.kind}")), 409
    field = fault.errors[0].where
    return _page(person, Refused(form, field, f"bad_{field}")), 400
