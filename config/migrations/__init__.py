"""Bring the SQL database to the tables that this version of Entrepot reads and writes."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection

from catalogue.database import connect, writing

_LOCK = 7_465_710  # Any number that nobody else locks in the same PostgreSQL database.


def upgrade(url: str) -> None:
    """Make or alter all tables of the database at a SQLAlchemy URL, in one transaction.

    Processes that start together take turns; whoever comes second finds nothing to do.
    """
    engine = connect(url)
    try:
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            command.upgrade(_config(connection), "head")
    finally:
        engine.dispose()


def revise(url: str, message: str, number: str) -> None:
    """Write the next version's file from what the tables in code have and the database at `url` lacks."""
    engine = connect(url)
    try:
        with writing(engine) as connection:
            command.revision(_config(connection), message, autogenerate=True, rev_id=number)
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
