"""What a run's calls may cost: kept connections, bounded answers, and the calls its source allows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

from catalogue.allowances import PERS, Allowances
from harvesters.faults import QuotaSpent
from harvesters.fetch import Fetch, Fetched, lasting
from schemas.feed import Feed

OPTIONS = frozenset({"calls", "per", "max_bytes"})
"""Lines of [source] that every kind takes that fetches."""

_SIZE = re.compile(r"(\d{1,6}) ?([KMGT]?B)", re.IGNORECASE)
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The options whose value cannot be taken, each with what it takes."""
    calls, per = options.get("calls"), options.get("per")
    if calls is not None and (isinstance(calls, bool) or not isinstance(calls, int) or calls < 1):
        yield "calls", "takes a whole number from 1 on: the calls that the source allows"
    if per is not None and (per not in PERS or calls is None):
        yield "per", f"takes one of {', '.join(PERS)}, and needs calls beside it"
    if "max_bytes" in options and size_of(options["max_bytes"]) is None:
        yield "max_bytes", "takes a size such as '500MB' or '12GB'"


def size_of(text: object) -> int | None:
    """The bytes that a size stands for (`500MB` has 500,000,000); None for what is none."""
    match = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
    return int(match[1]) * _UNITS[match[2].upper()] or None if match else None


@contextmanager
def calling(feed: Feed, fetch: Fetch, allowances: Allowances, zone: tzinfo) -> Iterator[Fetch]:
    """The fetch of one run of a feed, as its file has it; a day of its allowance is one of `zone`.

    Raises QuotaSpent before the first call where nothing is left of it. Give the
    feed as it is written: its name in the count must hold no secret.
    """
    name, options = _name(feed), feed.source.options
    nothing_left = spent(feed, allowances, zone)
    if nothing_left is not None:
        raise nothing_left
    with lasting(fetch) as kept:
        try:
            yield _Metered(options, kept, partial(_spend, name, options, allowances, zone))
        except QuotaSpent as said:
            if said.until is not None:
                raise
            until = allowances.spend_all(name, "day", zone)
            raise QuotaSpent(str(said), hint=_next(until, zone), until=until) from said


def spent(feed: Feed, allowances: Allowances, zone: tzinfo) -> QuotaSpent | None:
    """Why the feed can make no call now, by the source's word or by its own lines; None where it can."""
    name, calls = _name(feed), feed.source.options.get("calls")
    until = allowances.all_spent(name)
    if until is not None:
        return QuotaSpent(f"the source's allowance is spent: {_next(until, zone)}", until=until)
    until = allowances.all_spent(name, calls) if calls else None
    return _own(feed.source.options, until, zone) if until else None


@contextmanager
def trying(feed: Feed, fetch: Fetch) -> Iterator[Fetch]:
    """The fetch of a trial: as the feed's file has it, but nothing is counted."""
    with lasting(fetch) as kept:
        yield _Metered(feed.source.options, kept, lambda: None)


@dataclass(frozen=True)
class _Metered:
    """A fetch that tells of each call, a try again within one being none of its own."""

    options: Mapping[str, Any]
    fetch: Fetch
    spend: Callable[[], None]

    def __call__(
        self,
        url: str,
        to: Path,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Fetched:
        self.spend()
        most = max_bytes or size_of(self.options.get("max_bytes"))
        return self.fetch(url, to, params=params, headers=headers, max_bytes=most)


def _spend(name: str, options: Mapping[str, Any], allowances: Allowances, zone: tzinfo) -> None:
    calls, per = options.get("calls"), options.get("per", "day")
    until = allowances.spend(name, calls, per, zone) if calls else None
    if until is not None:
        raise _own(options, until, zone)


def _own(options: Mapping[str, Any], until: datetime, zone: tzinfo) -> QuotaSpent:
    calls, per = options["calls"], options.get("per", "day")
    return QuotaSpent(f"your {calls:,} calls a {per} are spent: {_next(until, zone)}", until=until)


def _name(feed: Feed) -> str:
    """Feeds of one service share its allowance: named by its address without parameters."""
    kind, options = feed.source.kind, feed.source.options
    url = str(options.get("url", kind if "service" in options else feed.id)).partition("?")[0].rstrip("/")
    return f"{url}/{options['service']}" if "service" in options else url


def _next(until: datetime, zone: tzinfo) -> str:
    local = until.astimezone(zone)
    day = "" if (local.hour, local.minute) == (0, 0) and local.day != 1 else f" on {local:%Y-%m-%d}"
    return f"next at {local:%H:%M %Z}{day}"
