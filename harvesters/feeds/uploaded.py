"""Feeds that stewards upload: read by the rules of files, but kept away from the machine and its secrets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from catalogue import Catalogue
from harvesters.feeds import FeedFault, FeedSet, feed_from
from harvesters.feeds.rules import Fault, feed_faults
from harvesters.secrets import PREFIX
from harvesters.sources.upload import NAME, PATH
from schemas.feed import Feed, SourceSpec
from schemas.problem import BadInput, InputError
from schemas.steward import UploadedFeed

log = logging.getLogger(__name__)
UPLOAD = "upload"
_OF_THE_MACHINE = ("file", "folder")
_HINT = "ask an operator to put such a feed into the folder of feeds"


def uploaded_feed(id: str, text: str) -> Feed:
    """The feed of an uploaded text; raises BadInput with every fault, each with its line of ID.toml."""
    return replace(feed_from(Path(f"{id}.toml"), text, _rules), folder=Path())


def with_data(feed: Feed, path: Path | None, name: str | None) -> Feed:
    """The feed with the file that came with it as its source."""
    if path is None:
        return feed
    # A name is no line of the feed: whatever it is, it names no variable of the environment.
    options = {PATH: str(path), NAME: (name or path.name).replace(PREFIX, "")}
    return replace(feed, source=SourceSpec(UPLOAD, options))


def uploads(catalogue: Catalogue, taken: Mapping[str, Feed]) -> FeedSet:
    """The feeds that were uploaded and those that are no good any more; the ids `taken` are the folders'."""
    feeds: dict[str, Feed] = {}
    faults: list[FeedFault] = []
    for each in catalogue.uploaded_feeds.list():
        path = Path(f"{each.feed}.toml")
        try:
            if each.feed in taken:
                raise BadInput(
                    [InputError(path.name, f"feed {each.feed} stands in {taken[each.feed].folder}")]
                )
            feeds[each.feed] = _whole(each, catalogue)
        except BadInput as bad:
            faults.append(FeedFault(path, bad.errors))
    return FeedSet(feeds, tuple(faults))


def _whole(each: UploadedFeed, catalogue: Catalogue) -> Feed:
    feed = uploaded_feed(each.feed, each.text)
    return (
        with_data(feed, catalogue.uploaded_feeds.data(each), each.name)
        if feed.source.kind == UPLOAD
        else feed
    )


class AllFeeds:
    """The feeds of folders and those that were uploaded, as they are now; may be asked from any thread."""

    def __init__(self, folders: Callable[[], dict[str, Feed]], catalogue: Catalogue) -> None:
        self._folders, self._catalogue = folders, catalogue
        self._lock = Lock()
        self._seen: object = None
        self._known: Mapping[str, Feed] = {}

    def __call__(self) -> dict[str, Feed]:
        """The feeds by id; those of folders come first, a broken one is logged once and left out."""
        folders = self._folders()
        with self._lock:
            seen = (self._catalogue.uploaded_feeds.list(), folders.keys())
            if seen != self._seen:
                found = uploads(self._catalogue, folders)
                for fault in found.faults:
                    log.error("feed=%s fault=%s", fault.path, fault)
                self._known, self._seen = found.feeds, seen
            return {**self._known, **folders}


def _rules(feed: Feed) -> Iterator[Fault]:
    if feed.source.kind in _OF_THE_MACHINE:
        yield Fault(("source", "kind"), "an uploaded feed reads no files of the machine", _HINT)
    for path in _secrets(feed.source.options, ("source",)):
        yield Fault(path, "an uploaded feed names no secrets of the machine", _HINT)
    if any(address.startswith(PREFIX) for address in feed.notify.webhook):
        yield Fault(("notify", "webhook"), "an uploaded feed names no secrets of the machine", _HINT)
    yield from feed_faults(feed)


def _secrets(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Where in the lines of a source a text names a variable of the environment."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _secrets(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets(inner, path)
    elif isinstance(value, str) and value.startswith(PREFIX):
        yield path
