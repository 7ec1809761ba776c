"""The SQL tables of people, applications, credentials and usage, for SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from catalogue.database import Instant

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


person = Table(
    "person",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("password", Text),  # argon2id, encoded; null: cannot sign in
    Column("created", Instant, nullable=False),
)

application = Table(
    "application",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("owner", ForeignKey("person.id"), nullable=False, index=True),
    Column("plan", String(64), nullable=False),
    Column("description", Text, nullable=False),
    Column("created", Instant, nullable=False),
)

# Keys, OAuth access tokens and sessions alike, so that one look-up by kid answers for all of them.
credential = Table(
    "credential",
    metadata,
    Column("kid", String(32), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("mac", LargeBinary(32), nullable=False),
    Column("pepper", Integer, nullable=False),
    Column("application", ForeignKey("application.id"), index=True),
    Column("person", ForeignKey("person.id"), index=True),
    Column("parent", ForeignKey("credential.kid")),  # the key a token was issued through
    Column("label", Text, nullable=False),
    Column("scopes", Text),  # separated by spaces; null: all of the plan
    Column("created", Instant, nullable=False),
    Column("expires", Instant),
    Column("revoked", Instant),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("who", String(320), nullable=False),
    Column("what", String(64), nullable=False),
    Column("subject", String(64), nullable=False, index=True),
)

# No foreign key: what was counted is kept whatever becomes of the application.
usage = Table(
    "usage",
    metadata,
    Column("application", String(32), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("route", String(200), primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("microseconds", BigInteger, nullable=False),
)

usage_segment = Table(
    "usage_segment",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("folded", Instant, nullable=False),
    Index("ix_usage_segment_folded", "folded"),
)
