"""Bring the SQL database to the tables that this version of Entrepot reads and writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue.database import connect, writing

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).parent
_LOCK = 7_465_710  # Any number that nobody else locks in the same PostgreSQL database.


def upgrade(url: str) -> None:
    """Make or alter all tables of the database at a SQLAlchemy URL, in one transaction.

    Processes that start together take turns; whoever comes second finds nothing to do.
    """
    engine = connect(url)
    try:
        if version(engine) == newest():
            return
        from alembic import command  # Not for those who find nothing to do: it takes long to import.

        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            command.upgrade(_config(connection), "head")
    finally:
        engine.dispose()


def newest() -> str:
    """The version that the tables in code have, of which its file's name speaks."""
    return max(file.name.partition("_")[0] for file in (_HERE / "versions").glob("[0-9]*.py"))


def version(engine: Engine) -> str | None:
    """The version of a database's tables; None where there are none yet."""
    if not sa.inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return found


def revise(url: str, message: str, number: str) -> None:
    """Write the next version's file from what the tables in code have and the database at `url` lacks."""
    from alembic import command

    engine = connect(url)
    try:
        with writing(engine) as connection:
            command.revision(_config(connection), message, autogenerate=True, rev_id=number)
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
