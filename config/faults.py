"""What the command line says of a fault, in one sentence, and the status it exits with."""

from __future__ import annotations

import traceback

from click import ClickException

DONE, FAILED, MISUSED = 0, 1, 2


def explain(fault: Exception) -> tuple[int, str]:
    """The exit status and the sentence of a fault that ended a command."""
    if isinstance(fault, ClickException):
        return fault.exit_code, fault.format_message()
    if _misuse(fault):
        return MISUSED, _sentence(fault)
    if _expected(fault):
        return FAILED, _sentence(fault)
    return FAILED, _unexpected(fault)


def _misuse(fault: Exception) -> bool:
    """What was asked for cannot be meant: a wrong value, or the name of something that is not there."""
    from catalogue import NotInCatalogue
    from config.settings import BadSetting
    from gateway.clients.faults import NoSuch
    from schemas.problem import BadInput

    return isinstance(fault, BadInput | BadSetting | NoSuch | NotInCatalogue)


def _expected(fault: Exception) -> bool:
    """It was meant, and it did not work out."""
    from sqlalchemy.exc import SQLAlchemyError

    from catalogue import Barred, NothingHeld, RowsTimeout, RunLost, SearchUnavailable, Taken
    from config.demo import NotReady
    from config.processes import PartEnded
    from gateway.clients.faults import AlreadyExists
    from harvesters.faults import HarvestFault

    ours = AlreadyExists | HarvestFault | NotReady | PartEnded | RowsTimeout | RunLost | SearchUnavailable
    return isinstance(
        fault, ours | Taken | Barred | NothingHeld | OSError | SQLAlchemyError | ModuleNotFoundError
    )


def _sentence(fault: Exception) -> str:
    from sqlalchemy.exc import SQLAlchemyError

    from schemas.problem import BadInput

    if isinstance(fault, BadInput):
        return "; ".join(f"{e.where}: {e.what}" + (f"; {e.hint}" if e.hint else "") for e in fault.errors)
    if isinstance(fault, SQLAlchemyError):
        why = str(getattr(fault, "orig", None) or fault).strip().splitlines()[0]
        return f"the database of ENTREPOT_DATABASE_URL cannot be used: {why}"
    if isinstance(fault, ModuleNotFoundError):
        return f"{fault.name} is not installed; install Entrepot with the extra that brings it"
    if isinstance(fault, OSError) and fault.filename is not None:
        return f"{fault.filename}: {(fault.strerror or str(fault)).lower()}"
    return str(fault)


def _unexpected(fault: Exception) -> str:
    """A fault of ours: where it arose, for who mends it."""
    frame = traceback.extract_tb(fault.__traceback__)[-1]
    what = f"{type(fault).__name__}: {fault}".splitlines()[0]
    return (
        f"unexpected fault, {what}, at {frame.filename}:{frame.lineno}; "
        "run it as `python -X dev -m config.cli` to see the way there, and report it"
    )
