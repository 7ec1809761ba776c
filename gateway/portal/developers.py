"""The developers' page: sign up or in, make an application, make and revoke keys, see usage."""

from __future__ import annotations

from flask import Response, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from gateway.clients.applications import Application
from gateway.clients.faults import AlreadyExists, NoSuch
from gateway.clients.people import Person
from gateway.portal.blueprint import portal
from gateway.portal.language import words_of
from gateway.services import services
from gateway.signed_in import COOKIE, person_or_none, set_cookie, signed_in
from schemas.problem import BadInput

HOME = "/developers"


@portal.get(HOME)
def developers() -> str:
    """Forms to get in, or what is yours."""
    return _page(person_or_none())


def _page(person: Person | None, *, fault: str = "", made_key: str = "") -> str:
    mine = []
    if person:
        services().flush_usage()
        clients = services().clients
        mine = [
            {"application": a, "keys": clients.keys(a.id), "usage": clients.usage(a.id), "plan": _plan(a)}
            for a in clients.applications(person.id)
        ]
    return render_template("developers.html", who=person, mine=mine, fault=fault, made_key=made_key)


def _plan(application: Application) -> object:
    return services().plans.get(application.plan)


@portal.post(f"{HOME}/sign-up")
def sign_up() -> ResponseReturnValue:
    """Make an account and sign in."""
    try:
        services().clients.create_person(
            request.form.get("email", ""), request.form.get("password", ""), request.form.get("name", "")
        )
    except (BadInput, AlreadyExists) as fault:
        return _refused(fault)
    return sign_in()


@portal.post(f"{HOME}/sign-in")
def sign_in() -> ResponseReturnValue:
    """Start a session in a cookie."""
    token = services().clients.sign_in(request.form.get("email", ""), request.form.get("password", ""))
    if token is None:
        return make_response(_page(None, fault=words_of(g.language)["wrong_password"]), 401)
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
        return _refused(fault, person)
    return _back()


@portal.post(f"{HOME}/applications/<application>/keys")
def create_key(application: str) -> ResponseReturnValue:
    """Make a key and show it this once."""
    person = signed_in()
    _own(person, application)
    _, text = services().clients.create_key(application, request.form.get("label", ""), by=person.id)
    response = make_response(_page(person, made_key=text))
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
    if application not in {a.id for a in services().clients.applications(person.id)}:
        raise NoSuch("application", application)


def _back() -> Response:
    response = redirect(HOME, 303)
    assert isinstance(response, Response)
    return response


def _refused(fault: BadInput | AlreadyExists, person: Person | None = None) -> Response:
    said = str(fault)
    if isinstance(fault, BadInput):
        said = "; ".join(f"{e.where} {e.what}" + (f" ({e.hint})" if e.hint else "") for e in fault.errors)
    return make_response(_page(person, fault=said), 400)
