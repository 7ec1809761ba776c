"""`entrepot check`, `reindex`, `db`: upkeep."""

from __future__ import annotations

import click

from config.checks import checks
from config.output import json_option, show, talk
from config.wiring import migrate, open_catalogue_of
from config.wiring import settings as current


@click.command(epilog="Example: entrepot check")
@json_option
def check(as_json: bool) -> None:
    """Try every part: database, folder, search engine, plans, feeds. Exit 1 when one fails."""
    results = list(checks(current()))
    show(results, ["part", "state", "detail"], as_json)
    if any(result["state"] != "ok" for result in results):
        raise SystemExit(1)


@click.command(epilog="Example: entrepot reindex")
def reindex() -> None:
    """Build the search index anew from the catalogue."""
    with open_catalogue_of(current()) as catalogue:
        count = catalogue.reindex()
    talk(f"{count:,} datasets are in the index")


@click.group()
def db() -> None:
    """Care for the database."""


@db.command(epilog="Example: entrepot db upgrade")
def upgrade() -> None:
    """Bring the tables to this version's shape."""
    migrate(current())
    talk("the database is up to date")
