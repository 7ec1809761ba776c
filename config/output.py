"""How commands answer: a table for people, one JSON object a line with --json; talk goes to stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

json_option: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object a line."
)


def talk(message: str) -> None:
    """Say something to the person at the terminal, out of the way of results."""
    click.echo(message, err=True)


def line(row: Mapping[str, object]) -> None:
    """Print one result as a line of JSON."""
    click.echo(orjson.dumps(row, default=_plain, option=orjson.OPT_UTC_Z))


def show(rows: Iterable[Mapping[str, object]], columns: Sequence[str], as_json: bool) -> None:
    """Print results: every key as JSON, `columns` as a table on a terminal or tab-separated in a pipe."""
    console = Console()
    if as_json:
        for row in rows:
            line(row)
    elif not console.is_terminal:
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(" ".join(cell(row.get(column)).split()) for column in columns))
    else:
        console.print(_table(rows, columns))


def show_one(item: Mapping[str, object], as_json: bool) -> None:
    """Print one result: a line of JSON, or a row for each of its keys."""
    if as_json:
        line(item)
    else:
        show([{"field": name, "value": value} for name, value in item.items()], ["field", "value"], False)


def _table(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell(row.get(column)) for column in columns))
    return table


def cell(value: object) -> str:  # noqa: PLR0911  (one line for each kind of value)
    """A value as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M:%S}"
    if isinstance(value, Mapping) and value.keys() == {"ko", "en"}:
        return str(value["ko"] or value["en"] or "")
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {cell(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(inner) for inner in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
