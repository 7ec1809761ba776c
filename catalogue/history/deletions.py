"""Doubt a listing in which too much is missing, and give what is missing its grace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalogue.errors import MassDeletion
from schemas.feed import DeletionsSpec
from schemas.steward import Missing

SOME = 10


@dataclass(frozen=True)
class Vanished:
    """How many of the ids that stood are gone: `some` of them, and their share of all `before`."""

    count: int
    before: int
    some: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.count / self.before if self.before else 0.0


def vanished(before: int, gone: int, ids: Sequence[str], missing: Sequence[Missing]) -> Vanished:
    """What is newly gone of `before` ids, those that were `missing` already left out.

    `gone` counts all that are gone; `ids` names them, or only some where nothing was missing.
    """
    known = {each.id for each in missing}
    fresh = [id for id in ids if id not in known]
    count = len(fresh) if known else gone
    return Vanished(count, before - len(known), tuple(fresh[:SOME]))


def refuse_mass(dataset: str, gone: Vanished, allowed: DeletionsSpec) -> None:
    """Raise MassDeletion where more is gone than a steward need not look at."""
    if gone.count > allowed.rows or gone.share > allowed.share:
        raise MassDeletion(dataset, gone.count, gone.before, gone.some)


def in_grace(
    gone: Sequence[str], allowed: DeletionsSpec, missing: Sequence[Missing], now: datetime
) -> list[Missing]:
    """Which of the ids that are gone stay published for now: those missed before until their own time."""
    known = {each.id: each for each in missing}
    until = now + allowed.grace if allowed.grace else now
    lost = (known.get(id) or Missing(id, now, until) for id in gone)
    return [each for each in lost if each.until > now]
