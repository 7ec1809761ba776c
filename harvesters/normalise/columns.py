"""The columns that a feed makes of a source: those of its record, or the source's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harvesters.faults import FeedMisconfigured
from harvesters.formats import GEOMETRY
from harvesters.normalise.contract import SourceChanged
from harvesters.normalise.headings import match
from harvesters.normalise.names import find, our_names, tidy, titled
from schemas.dataset import Column, Role, Text
from schemas.feed import AS_PUBLISHED, Feed
from schemas.problem import did_you_mean
from schemas.records import record_columns

_PLACE = Column(GEOMETRY, "geometry", Text("위치", "Location"), role="geometry")


@dataclass(frozen=True)
class Wanted:
    """A column to be made: from the source's `theirs` (None: from nothing), declared by a record or not."""

    name: str
    theirs: str | None
    declared: Column | None = None


@dataclass(frozen=True)
class Layout:
    """The columns of a dataset, those that name its rows, the one that says when, and its geometry.

    `geometry` is None for a record of things that have no place.
    """

    columns: tuple[Wanted, ...]
    key: tuple[str, ...]
    time: str | None
    geometry: Column | None = _PLACE


def layout(feed: Feed, theirs: Sequence[str], previous: Sequence[Column] | None) -> Layout:
    """What the feed makes of a source with the columns `theirs`.

    Raises FeedMisconfigured for a column that is not there, SourceChanged when it once was.
    """
    try:
        return _as_published(feed, theirs) if feed.record == AS_PUBLISHED else _record(feed, theirs)
    except FeedMisconfigured as fault:
        if previous is None:
            raise
        raise SourceChanged(str(fault)) from fault


def _as_published(feed: Feed, theirs: Sequence[str]) -> Layout:
    if GEOMETRY in feed.columns:
        raise FeedMisconfigured("the name geometry is taken", "choose another for the column")
    names = our_names(list(theirs), feed.columns)
    place = {name: number for number, name in enumerate(theirs)}
    ordered = sorted(names, key=lambda ours: place[names[ours]])
    wanted = tuple(Wanted(ours, names[ours]) for ours in ordered)
    for asked in (*feed.key, *([feed.time] if feed.time else [])):
        if asked not in names:
            raise FeedMisconfigured(
                f"the feed names a column {asked!r} that the source does not have", did_you_mean(asked, names)
            )
    return Layout(wanted, feed.key, feed.time)


def _record(feed: Feed, theirs: Sequence[str]) -> Layout:
    columns = record_columns(feed.record)
    tidied = {name: tidy(name) for name in theirs}
    sources = _sources(feed, tidied)
    # A reading is named by what was read and when: its record marks both.
    key = feed.key or tuple(c.name for c in columns if c.key or c.role == "time")
    time = feed.time or next((c.name for c in columns if c.role == "time"), None)
    _complain_of_missing(feed, [c for c in columns if c.required or c.name in key], sources)
    wanted = tuple(
        Wanted(c.name, sources[c.name], _with_roles(c, key, time)) for c in columns if c.type != "geometry"
    )
    return Layout(wanted, key, time, next((c for c in columns if c.type == "geometry"), None))


def _with_roles(column: Column, key: Sequence[str], time: str | None) -> Column:
    named: Role | None = "time" if column.name == time else "key" if column.name in key else None
    kept = column.role if column.role not in ("time", "key") else None
    return replace(column, key=column.name in key, role=named or kept)


def _sources(feed: Feed, tidied: Mapping[str, str]) -> Mapping[str, str | None]:
    """Where each column comes from: as the feed says, else by the dictionary of headings."""
    said = {ours: find(name, tidied) if name else "" for ours, name in feed.columns.items()}
    matched = match(feed.record, list(tidied), feed.headings, said)
    for ours, names in matched.doubts.items():
        raise FeedMisconfigured(
            f"{ours} may be any of {', '.join(map(repr, names))}",
            f'write [columns] {ours} = "{names[0]}" or another, or {ours} = "" to leave it empty',
        )
    found = {**matched.found, **said}
    return {column.name: found.get(column.name) or None for column in record_columns(feed.record)}


def _complain_of_missing(feed: Feed, needed: Sequence[Column], sources: Mapping[str, str | None]) -> None:
    for column in needed:
        if sources[column.name] is None and not (column.key and feed.key and column.name not in feed.key):
            raise FeedMisconfigured(
                f"record {feed.record} needs {column.name}, which the source does not have under that name",
                f'write [columns] {column.name} = "the source\'s name"',
            )


def as_column(wanted: Wanted, plan: Layout) -> Column:
    """The column's description as far as it is known before its values are read; type text."""
    if wanted.declared:
        return wanted.declared
    key = wanted.name in plan.key
    role: Role | None = "time" if wanted.name == plan.time else "key" if key else None
    return Column(wanted.name, "text", titled(tidy(wanted.theirs or wanted.name)), key=key, role=role)
