"""Open the SQL database, SQLite or PostgreSQL, so that both behave alike."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine

BUSY_SECONDS = 30
_PRAGMAS = ("synchronous = NORMAL", "foreign_keys = ON")


class Instant(sa.TypeDecorator[datetime]):
    """An aware datetime, kept in UTC to the microsecond; SQLite, which knows no zones, keeps it as text."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} carries no zone; give an aware datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Name(sa.TypeDecorator[str]):
    """A text of others' making, an id asked for or an error that quotes a source, in what all databases hold.

    PostgreSQL takes no NUL, and UTF-8 no half of a surrogate pair; each becomes a replacement character.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else writable(value)


def writable(text: str) -> str:
    """A text with what no database can hold replaced."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def connect(url: str) -> Engine:
    """An engine for a SQLAlchemy URL; JSON columns take dataclasses and give dicts."""
    parsed = sa.make_url(url)
    embedded = parsed.get_backend_name() == "sqlite"
    engine = sa.create_engine(
        parsed,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        pool_pre_ping=not embedded,
        connect_args={"timeout": BUSY_SECONDS} if embedded else {},
    )
    if embedded:
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that will write; in SQLite it waits for its turn at the start, not in the middle."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def insert(connection: Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _prepare(connection: Any, record: Any) -> None:
    # Python's own transactions begin late and as readers, and would fail where they should wait.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    _write_ahead(connection)


def _write_ahead(connection: Any) -> None:
    """Let readers and a writer work side by side; the database remembers it from the first time on."""
    end = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:  # This one change does not wait for others by itself.
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def _begin(connection: Connection) -> None:
    # Readers ask one statement at a time, each of which sees one state of the database.
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
