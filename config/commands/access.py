"""`entrepot people`, `apps`, `keys`: who may do what, for an operator at the shell."""

from __future__ import annotations

import secrets

import click

from config.output import json_option, line, show, talk
from config.wiring import open_clients
from gateway.clients import Clients
from gateway.clients.faults import NoSuch

_OPERATOR = "command line"


@click.group()
def people() -> None:
    """Make people who may sign in."""


@people.command("create", epilog="Example: entrepot people create ops@city.example --role operator")
@click.argument("email")
@click.option("--role", type=click.Choice(["operator", "steward", "developer"]), default="developer")
@click.option("--name", default="", help="How the person is called.")
@json_option
def create_person(email: str, role: str, name: str, as_json: bool) -> None:
    """Make a person with a password that is shown once."""
    password = secrets.token_urlsafe(15)
    with open_clients() as clients:
        person = clients.create_person(email, password, name, role, by=_OPERATOR)  # type: ignore[arg-type]
    row = {"id": person.id, "email": person.email, "role": person.role, "password": password}
    show([row], list(row), as_json)


@click.group()
def apps() -> None:
    """Make applications."""


@apps.command(
    "create", epilog='Example: entrepot apps create "Bus map" --owner dev@city.example --plan partner'
)
@click.argument("name")
@click.option(
    "--owner", required=True, metavar="EMAIL", help="Whose it is; an unknown address becomes a person."
)
@click.option("--plan", default="free", show_default=True)
@json_option
def create_app(name: str, owner: str, plan: str, as_json: bool) -> None:
    """Make an application on a plan."""
    with open_clients() as clients:
        person = clients.person(owner) or clients.create_person(owner, None, by=_OPERATOR)
        made = clients.create_application(person.id, name, plan, by=_OPERATOR)
    row = {"id": made.id, "name": made.name, "owner": person.email, "plan": made.plan}
    show([row], list(row), as_json)


@apps.command("list", epilog="Example: entrepot apps list --owner dev@city.example")
@click.option("--owner", required=True, metavar="EMAIL")
@json_option
def list_apps(owner: str, as_json: bool) -> None:
    """The applications of a person."""
    with open_clients() as clients:
        person = clients.person(owner)
        if person is None:
            raise NoSuch("person", owner)
        rows = [{"id": a.id, "name": a.name, "plan": a.plan} for a in clients.applications(person.id)]
    show(rows, ["id", "name", "plan"], as_json)


@click.group()
def keys() -> None:
    """Make and revoke keys."""


@keys.command("create", epilog='Example: entrepot keys create "Bus map"')
@click.argument("app")
@click.option("--label", default="")
@json_option
def create_key(app: str, label: str, as_json: bool) -> None:
    """Make a key of APP (a name or an id); its text is shown once."""
    with open_clients() as clients:
        key, text = clients.create_key(_application(clients, app), label, by=_OPERATOR)
    if as_json:
        line({"kid": key.kid, "key": text})
        return
    talk("The key is shown this once:")
    click.echo(f"kid  {key.kid}\nkey  {text}")


@keys.command("revoke", epilog="Example: entrepot keys revoke KID")
@click.argument("kid")
@json_option
def revoke_key(kid: str, as_json: bool) -> None:
    """End a key and every token issued through it, everywhere within two seconds."""
    with open_clients() as clients:
        key = clients.revoke_key(kid, _OPERATOR)
    show([{"kid": key.kid, "revoked": key.revoked}], ["kid", "revoked"], as_json)


def _application(clients: Clients, id_or_name: str) -> str:
    found = clients.application(id_or_name)
    if found is None:
        raise NoSuch("application", id_or_name)
    return found.id
