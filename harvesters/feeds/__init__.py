"""Read feed files, and say of each one that cannot be read which line to mend."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields

from harvesters.feeds.headings import NAME, dictionary, heading_faults
from harvesters.feeds.lines import line_of
from harvesters.feeds.rules import Fault, feed_faults
from schemas.feed import FEED_ID, Feed, FeedSchema
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.records import record_names

_AT = re.compile(r"\s*\(at line (\d+), column \d+\)")
_TAKES = {
    "Not a valid string.": "takes a text",
    "Not a valid list.": "takes a list",
    "Not a valid integer.": "takes a whole number",
    "Not a valid number.": "takes a number",
    "Not a valid mapping type.": "takes a table",
}


@dataclass(frozen=True)
class FeedFault:
    """A feed file that was left out, and why."""

    path: Path
    errors: tuple[InputError, ...]

    def __str__(self) -> str:
        return "; ".join(f"{e.where}: {e.what}" + (f"; {e.hint}" if e.hint else "") for e in self.errors)


@dataclass(frozen=True)
class FeedSet:
    """The feeds of some folders by id, and the files that are no good."""

    feeds: dict[str, Feed]
    faults: tuple[FeedFault, ...] = ()


def read_feeds(folders: Sequence[Path]) -> FeedSet:
    """Every `*.toml` of the folders; a broken file is a fault and keeps none of the others from running."""
    feeds: dict[str, Feed] = {}
    faults: list[FeedFault] = []
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        if not folder.is_dir():
            faults.append(FeedFault(folder, (InputError(str(folder), "there is no such folder of feeds"),)))
        broken = _headings_fault(folder / NAME)
        if broken is not None:
            faults.append(broken)
        for path in sorted(folder.glob("[!.]*.toml")):
            if path.name == NAME:
                continue
            try:
                feed = read_feed(path)
                _claim(feed.id, path, feeds)
            except BadInput as bad:
                told = broken is not None and bad.errors == broken.errors
                faults.append(FeedFault(path, _until_mended(path) if told else bad.errors))
            else:
                feeds[feed.id] = feed
    return FeedSet(feeds, tuple(faults))


def read_feed(path: Path) -> Feed:
    """The feed of one file; raises BadInput with every fault found, each with its file and line."""
    feed = feed_from(path, _text(path))
    if feed.record not in record_names():
        return feed
    return replace(feed, headings=dictionary(_headings(path.with_name(NAME)), feed.record))


def feed_from(path: Path, text: str, rules: Callable[[Feed], Iterator[Fault]] = feed_faults) -> Feed:
    """The feed of a file's text, checked by `rules`; raises BadInput as `read_feed` does."""
    try:
        lines = FeedSchema().load(_toml(path, text))
    except ValidationError as invalid:
        raise _bad(path, text, _shape_faults(invalid)) from None
    if not FEED_ID.fullmatch(path.stem):
        raise BadInput([InputError(path.name, "a feed's id is its file's name", _id_hint(path.stem))])
    feed = Feed(id=path.stem, folder=path.resolve().parent, **lines)
    faults = list(rules(feed))
    if faults:
        raise _bad(path, text, faults)
    return feed


def _headings(path: Path) -> dict[str, Any]:
    """What stewards add to the dictionary of headings; raises BadInput."""
    if not path.is_file():
        return {}
    text = _text(path)
    lines = _toml(path, text)
    faults = list(heading_faults(lines))
    if faults:
        raise _bad(path, text, faults)
    return lines


def _headings_fault(path: Path) -> FeedFault | None:
    try:
        _headings(path)
    except BadInput as bad:
        return FeedFault(path, bad.errors)
    return None


def _until_mended(path: Path) -> tuple[InputError, ...]:
    """The fault of a feed whose dictionary is broken, which is told once and for all of them."""
    return (InputError(path.name, f"waits until {NAME} beside it is mended"),)


def _claim(name: str, path: Path, feeds: dict[str, Feed]) -> None:
    if name in feeds:
        first = feeds[name].folder / path.name
        raise BadInput(
            [InputError(str(path), f"feed {name} stands in {first} already", "rename one of them")]
        )


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise BadInput([InputError(str(path), f"cannot be read: {fault.strerror}")]) from fault
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise BadInput(
            [InputError(f"{path.name}, line {line}", "is not UTF-8", "save it as UTF-8")]
        ) from None


def _toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        at = _AT.search(str(fault))
        line = int(at[1]) if at else len(text.splitlines())
        what = _AT.sub("", str(fault)).replace(" (at end of document)", "")
        raise BadInput([InputError(f"{path.name}, line {line}", f"is not TOML: {what}")]) from None


def _bad(path: Path, text: str, faults: list[Fault]) -> BadInput:
    def where(fault: Fault) -> str:
        line = line_of(text, fault.path)
        return f"{path.name}, line {line}" if line else path.name

    return BadInput([InputError(where(fault), fault.what, fault.hint) for fault in faults])


def _shape_faults(invalid: ValidationError) -> list[Fault]:
    assert isinstance(invalid.messages, dict)
    return [_shape_fault(path, message) for path, message in _leaves(invalid.messages, ())]


def _shape_fault(path: tuple[str, ...], message: str) -> Fault:
    name = ".".join(path)
    if message == "Unknown field.":
        return Fault(path, f"unknown key {path[-1]!r}", did_you_mean(path[-1], _known(path[:-1])))
    if message == "Missing data for required field.":
        under = f"under [{path[0]}]" if len(path) > 1 else "at the top"
        return Fault(path[:-1], f"the line {path[-1]} is missing", f"write it {under}")
    if message == "Invalid input type.":
        table = '{ ko = "…", en = "…" }' if name in ("title", "description") else f"the lines under [{name}]"
        return Fault(path, f"{name} takes a table", f"write {table}")
    return Fault(path, f"{name} {_TAKES.get(message, message[0].lower() + message[1:].rstrip('.'))}")


def _leaves(messages: dict[Any, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Marshmallow's messages with the path of each; places in a list and its own marks are no keys."""
    for key, value in messages.items():
        marks = ("_schema", "value", "key") if path[:1] == ("columns",) and len(path) == 2 else ("_schema",)
        here = path if isinstance(key, int) or key in marks else (*path, key)
        if isinstance(value, dict):
            yield from _leaves(value, here)
        else:
            yield from ((here, message) for message in value)


def _known(path: tuple[str, ...]) -> set[str]:
    schema: Schema = FeedSchema()
    for name in path:
        nested = schema.fields[name]
        assert isinstance(nested, fields.Nested)
        schema = nested.schema
    return set(schema.fields)


def _id_hint(stem: str) -> str:
    plain = re.sub(r"[^a-z0-9_-]+", "-", stem.lower()).strip("-_")
    return f"use a to z, 0 to 9, - and _, at most 100 of them, as in {plain[:100] or 'my-feed'}.toml"
