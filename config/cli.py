"""The `entrepot` command: what a steward or an operator does at the shell."""

from __future__ import annotations

import sys

import click

from catalogue import SearchUnavailable
from catalogue.errors import NotInCatalogue, Taken
from config import __version__
from config.commands import access, data, harvesting, running, upkeep
from config.demo import DemoFailed
from config.output import talk
from config.settings import BadSetting
from gateway.clients.faults import AlreadyExists, NoSuch
from harvesters.faults import HarvestFault
from schemas.problem import BadInput

DONE, FAILED, MISUSED = 0, 1, 2
_MISUSE = (BadSetting, BadInput)
_FAULTS = (AlreadyExists, DemoFailed, HarvestFault, NoSuch, NotInCatalogue, OSError, SearchUnavailable, Taken)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="entrepot")
def entrepot() -> None:
    """An open municipal-data catalogue and API gateway: a city's port for data.

    Start with `entrepot demo`; run a city with `entrepot up`. Settings come from the environment,
    see `entrepot settings`. Exit status: 0 done, 1 failed, 2 misused.
    """


for command in (
    running.demo,
    running.up,
    running.serve,
    running.work,
    harvesting.harvest,
    harvesting.feeds,
    data.datasets,
    data.search,
    access.people,
    access.apps,
    access.keys,
    upkeep.reindex,
    upkeep.db,
    upkeep.check,
    upkeep.settings,
):
    entrepot.add_command(command)


def main() -> None:
    """Run a command; a fault is one sentence on stderr, never a traceback."""
    try:
        entrepot.main(standalone_mode=False)
    except click.ClickException as fault:
        fault.show()
        sys.exit(fault.exit_code)
    except click.Abort:
        sys.exit(FAILED)
    except _MISUSE as fault:
        talk(f"entrepot: {_sentence(fault)}")
        sys.exit(MISUSED)
    except _FAULTS as fault:
        talk(f"entrepot: {fault}")
        sys.exit(FAILED)


def _sentence(fault: Exception) -> str:
    if isinstance(fault, BadInput):
        return "; ".join(f"{e.where}: {e.what}" + (f" ({e.hint})" if e.hint else "") for e in fault.errors)
    return str(fault)


if __name__ == "__main__":
    main()
