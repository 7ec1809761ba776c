"""Which column of a record a source's heading means, by a dictionary that a steward can add to."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from harvesters.normalise.values.units import unit_in_heading
from schemas.dataset import Column
from schemas.records import record_columns, record_names

Tiers = tuple[tuple[str, ...], ...]
Dictionary = Mapping[str, Tiers]
"""The headings of each column of a record, those that are looked for first in front."""

_BUILT_IN = Path(__file__).with_name("headings.toml")
_BRACKETS = re.compile(r"[(\[〔【][^()\[\]〔〕【】]*[)\]〕】]")
_NOISE = re.compile(r"[\W_]+")
_ENOUGH = 3


@dataclass(frozen=True)
class Matched:
    """The source's name of each of our columns, and the names between which nothing decides."""

    found: Mapping[str, str]
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Suggestion:
    """A record that a source could be normalised to, and the lines of [columns] that would do it.

    `missing` are columns of its key that the source does not have: the feed has to name another key.
    """

    record: str
    matched: Matched
    missing: tuple[str, ...] = ()

    def as_item(self) -> dict[str, Any]:
        """The suggestion as JSON, `ambiguous` and `missing` only where there is something."""
        doubts = {ours: list(names) for ours, names in self.matched.doubts.items()}
        more = {"ambiguous": doubts, "missing": list(self.missing)}
        item = {"record": self.record, "columns": dict(self.matched.found)}
        return item | {name: what for name, what in more.items() if what}


def plain(heading: str) -> str:
    """A heading without what makes no difference: blanks, dots, capitals, a unit in brackets."""
    composed = unicodedata.normalize("NFKC", heading)
    while (unit := _BRACKETS.search(composed)) and unit_in_heading(unit[0]):
        composed = composed[: unit.start()] + composed[unit.end() :]
    return _NOISE.sub("", composed).casefold()


def tiers(written: Sequence[str]) -> Tiers:
    """A line of the dictionary: `["a | b", "c"]`."""
    return tuple(tuple(name.strip() for name in line.split(" | ")) for line in written)


@cache
def built_in(record: str) -> Dictionary:
    """The dictionary of a record that comes with the house; empty where there is none."""
    lines = tomllib.loads(_BUILT_IN.read_text(encoding="utf-8")).get(record, {})
    return {column: tiers(written) for column, written in lines.items()}


def match(record: str, theirs: Sequence[str], added: Dictionary, taken: Mapping[str, str]) -> Matched:
    """The columns of a record in a source with these headings.

    `added` is the steward's part of the dictionary, `taken` what the feed says itself.
    """
    left = [name for name in theirs if name not in taken.values()]
    claims: dict[str, list[str]] = {}
    for column in record_columns(record):
        if column.name not in taken and column.type != "geometry":
            claims[column.name] = _claimed(_known(record, column, added), left)
    wanted = [name for names in claims.values() for name in names]
    found, doubts = {}, {}
    for ours, names in claims.items():
        if len(names) == 1 and wanted.count(names[0]) == 1:
            found[ours] = names[0]
        elif names:
            doubts[ours] = tuple(names)
    return Matched(found, doubts)


def _known(record: str, column: Column, added: Dictionary) -> Tiers:
    """All headings of a column: its own name, the steward's, its titles with the first of the dictionary."""
    titles = tuple(title for title in (column.title.ko, column.title.en) if title)
    first, *rest = built_in(record).get(column.name, ((),))
    return ((column.name,), *added.get(column.name, ()), titles + first, *rest)


def _claimed(known: Tiers, theirs: Sequence[str]) -> list[str]:
    """The source's headings that the first tier which has any has."""
    for tier in known:
        words = {plain(name) for name in tier}
        names = [name for name in theirs if plain(name) in words]
        if names:
            return names
    return []


def suggest(theirs: Sequence[str]) -> Suggestion | None:
    """The record of which a source has the most columns, and all that it needs; None where none fits."""
    fitting = [made for made in (_suggested(record, theirs) for record in record_names()) if made]
    return max(fitting, key=lambda made: (not made.missing, len(made.matched.found)), default=None)


def _suggested(record: str, theirs: Sequence[str]) -> Suggestion | None:
    matched = match(record, theirs, {}, {})
    known = {*matched.found, *matched.doubts}
    needed = [column for column in record_columns(record) if column.required and column.name not in known]
    if len(known) < _ENOUGH or any(not column.key for column in needed):
        return None
    return Suggestion(record, matched, tuple(column.name for column in needed))
