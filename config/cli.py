"""The `entrepot` command: what a steward or an operator does at the shell."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from config import __version__
from config.faults import FAILED, explain

COMMANDS = {
    "demo": ("running", "A synthetic city, harvested on its schedules and served."),
    "up": ("running", "Gateway and worker together: the one command for a single machine."),
    "serve": ("running", "The gateway alone."),
    "work": ("running", "Schedule feeds and claim due runs."),
    "harvest": ("harvesting", "Run feeds now and wait; one line a dataset."),
    "feeds": ("feeds", "Look at feed files, and try them."),
    "datasets": ("data", "What is published."),
    "search": ("data", "Find datasets that hold every word."),
    "people": ("access", "Make people who may sign in."),
    "apps": ("access", "Make applications."),
    "keys": ("access", "Make and revoke keys."),
    "reindex": ("upkeep", "Build the search index anew from the catalogue."),
    "db": ("upkeep", "Care for the database."),
    "check": ("upkeep", "Try every part: database, folder, search engine, plans, feeds."),
    "settings": ("environment", "Every variable with its value, default and help."),
}
"""Each command's file under config/commands/, and its line of help."""


class Commands(click.Group):
    """Imports a command's file when it is used: the list of commands needs no database driver."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        file, _ = COMMANDS[cmd_name]
        command = getattr(import_module(f"config.commands.{file}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from schemas.problem import did_you_mean

            raise click.UsageError(f"there is no command {args[0]!r}; {did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="entrepot")
def entrepot() -> None:
    """An open municipal-data catalogue and API gateway: a city's port for data.

    Start with `entrepot demo`; run a city with `entrepot up`. Settings come from the environment,
    see `entrepot settings`. Exit status: 0 done, 1 failed, 2 misused.
    """


def main() -> None:
    """Run a command; a fault is one sentence on stderr, never a traceback."""
    try:
        sys.exit(entrepot.main(standalone_mode=False))
    except click.Abort:
        sys.exit(FAILED)
    except click.UsageError as misuse:
        misuse.show()
        sys.exit(misuse.exit_code)
    except Exception as fault:  # The last handler.
        if sys.flags.dev_mode:
            raise
        status, sentence = explain(fault)
        click.echo(f"entrepot: {sentence}", err=True)
        sys.exit(status)


if __name__ == "__main__":
    main()
