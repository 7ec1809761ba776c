"""Count the calls that sources allow, by windows of the calendar, for all workers together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Literal, cast, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from catalogue.database import insert, writing
from catalogue.tables import allowances

Per = Literal["minute", "hour", "day", "month"]
PERS: tuple[Per, ...] = get_args(Per)

_ALL = 1 << 62
"""More calls than any window has: the source itself says that they are spent."""


class Allowances:
    """What was spent of each allowance in its window; a window begins at the turn of the clock in a zone."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def spend(self, name: str, calls: int, per: Per, zone: tzinfo) -> datetime | None:
        """Count one call against `calls` in the window; where none is left, count nothing and return when
        the next window begins. Exact over all threads and processes."""
        now = self._clock()
        until = window_end(now, per, zone)
        over = allowances.c.until <= now
        with writing(self._engine) as connection:
            begun = insert(connection, allowances).values(name=name, until=until, spent=1)
            counted = begun.on_conflict_do_update(
                index_elements=["name"],
                set_={
                    "spent": sa.case((over, 1), else_=allowances.c.spent + 1),
                    "until": sa.case((over, begun.excluded.until), else_=allowances.c.until),
                },
                where=over | (allowances.c.spent < calls),
            ).returning(allowances.c.spent)
            if connection.execute(counted).first() is not None:
                return None
            held = sa.select(allowances.c.until).where(allowances.c.name == name)
            return cast("datetime", connection.execute(held).scalar_one())

    def spend_all(self, name: str, per: Per, zone: tzinfo) -> datetime:
        """Note the source's word that nothing is left in this window, and return when the next begins."""
        until = window_end(self._clock(), per, zone)
        with writing(self._engine) as connection:
            begun = insert(connection, allowances).values(name=name, until=until, spent=_ALL)
            connection.execute(
                begun.on_conflict_do_update(
                    index_elements=["name"], set_={"spent": _ALL, "until": begun.excluded.until}
                )
            )
        return until

    def all_spent(self, name: str, calls: int = _ALL) -> datetime | None:
        """When the next window begins, where `calls` are spent in this one, or else where the source said
        that nothing is left; None while there is."""
        asked = sa.select(allowances.c.until).where(
            allowances.c.name == name, allowances.c.spent >= calls, allowances.c.until > self._clock()
        )
        with self._engine.connect() as connection:
            return connection.execute(asked).scalar_one_or_none()


def window_end(now: datetime, per: Per, zone: tzinfo) -> datetime:
    """The first instant of the next minute, hour, day or month of the zone."""
    local = now.astimezone(zone).replace(second=0, microsecond=0)
    if per == "minute":
        return local + timedelta(minutes=1)
    if per == "hour":
        return local.replace(minute=0) + timedelta(hours=1)
    day = local.replace(hour=0, minute=0)
    if per == "day":
        return day + timedelta(days=1)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
