"""All tables there are, of both their owners."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa

from catalogue.tables import metadata as catalogue_tables
from gateway.clients.tables import metadata as gateway_tables

OWNERS: tuple[sa.MetaData, ...] = (catalogue_tables, gateway_tables)


def rendered(kind: str, value: object, context: object) -> str | Literal[False]:
    """How a version's file writes a type of ours: as the database's own, so that it outlives our code."""
    if kind != "type" or not isinstance(value, sa.TypeDecorator):
        return False
    return "sa.DateTime(timezone=True)" if isinstance(value.impl, sa.DateTime) else f"sa.{value.impl!r}"
