"""Reach other catalogues: the Action API of a CKAN portal, and long lists that move while they are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from harvesters.faults import SourceIncomplete, SourceUnavailable
from harvesters.fetch import Fetched
from harvesters.reading.catalogues.ckan import result_of
from harvesters.sources import Visit

_TAILS = ("/api/3/action", "/api/action", "/api/3", "/api", "/dataset")


@dataclass
class Portal:
    """One portal during one visit: its address, the bytes it sent, and its clock at its last answer."""

    visit: Visit
    bytes: int = 0
    clock: datetime | None = None

    @property
    def address(self) -> str:
        """Where the portal's pages begin."""
        url = str(self.visit.options["url"]).rstrip("/")
        tail = next((each for each in _TAILS if url.endswith(each)), "")
        return url.removesuffix(tail)

    def call(self, action: str, **params: str) -> Any:
        """What an action brought; raises SourceRefused or SourceUnavailable, with the portal's own words."""
        url, headers = f"{self.address}/api/3/action/{action}", self.credentials
        fetched = self.visit.fetch(url, self.visit.folder / "answer", params=params, headers=headers)
        self.bytes += fetched.bytes
        self.clock = _clock(fetched) or self.clock
        body = fetched.path.read_bytes()
        fetched.path.unlink()
        return result_of(_json(body, action), f"{self.visit.feed.id}: {action}")

    @property
    def credentials(self) -> Mapping[str, str]:
        key = self.visit.options.get("api_key")
        return {"Authorization": key} if key else {}


class Moved(Exception):
    """The list changed while it was walked, so that something may have been missed; `how` tells."""

    def __init__(self, how: str) -> None:
        self.how = how
        super().__init__(how)


@dataclass(frozen=True)
class Walk:
    """A list that comes in pages: `ask` brings (items, total) from a place on, `name` tells items apart."""

    ask: Callable[[int], tuple[Sequence[Any], int]]
    name: Callable[[Any], str]
    names: set[str] = field(default_factory=set)

    def items(self) -> Iterator[Any]:
        """Every item once; raises Moved unless the total was the same throughout and that many came.

        Each page begins with the last item of the page before it: where another stands in its place, the
        pages have shifted.
        """
        items, total = self.ask(0)
        last = None
        while items:
            for item in items:
                last = self.name(item)
                if last in self.names:
                    raise Moved(f"{last} came twice")
                self.names.add(last)
                yield item
            if len(self.names) >= total:
                break
            items, now = self.ask(len(self.names) - 1)
            if now != total:
                raise Moved(f"it held {total} first and {now} after {len(self.names)}")
            if items and self.name(items[0]) != last:
                raise Moved(f"{self.name(items[0])} stands where {last} stood")
            items = items[1:]
        if len(self.names) != total:
            raise Moved(f"it says that it holds {total} and gave {len(self.names)}")


def twice(walk: Callable[[], Any], what: str) -> Any:
    """What a walk brings, walked once more where the list moved; raises SourceIncomplete with how it did."""
    try:
        return walk()
    except Moved as first:
        try:
            return walk()
        except Moved as second:
            raise SourceIncomplete(
                f"{what} changed while it was read, twice: {first.how}; {second.how}", "try again later"
            ) from None


def _json(body: bytes, action: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass  # Python's own parser takes half characters, which orjson does not, and is asked in vain else.
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as fault:
        begins = " ".join(body[:80].decode("utf-8", "replace").split())
        raise SourceUnavailable(
            f"the answer to {action} is not JSON ({str(fault)[:80]}); it begins {begins!r}",
            hint="url under [source] is the address of a CKAN portal",
        ) from None


def _clock(fetched: Fetched) -> datetime | None:
    try:
        return parsedate_to_datetime(fetched.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return None
