"""`entrepot settings`: what the environment may set, and what it does set."""

from __future__ import annotations

import os

import click

from config.output import json_option, show
from config.settings import describe_settings, load_settings, settings_page


@click.command(epilog="Example: entrepot settings --json")
@json_option
@click.option("--markdown", is_flag=True, help="Print the table that stands in the documentation.")
def settings(as_json: bool, markdown: bool) -> None:
    """Every variable with its value, default and help; exit 2 when a value is of no use."""
    described = describe_settings(os.environ)
    if markdown:
        click.echo(settings_page(described), nl=False)
        return
    show(described, ["variable", "value", "default", "help"], as_json)
    load_settings(os.environ)
