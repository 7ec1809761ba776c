"""Why a feed is not run for now: a steward closed what it publishes, or its calls are spent for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from catalogue import Catalogue
from harvesters.calls import spent
from harvesters.faults import Closed
from schemas.feed import CATALOGUE_ENTRY, Feed


@dataclass(frozen=True)
class Pause:
    """`why` is a sentence for a steward; `until` is when the pause ends, None where a steward ends it."""

    why: str
    until: datetime | None = None


def pause_of(feed: Feed, catalogue: Catalogue, zone: tzinfo) -> Pause | None:
    """What the feed waits for at this instant; None where it may run."""
    shut = closed(feed, catalogue)
    if shut is not None:
        return Pause(str(shut))
    quota = spent(feed, catalogue.allowances, zone)
    return Pause(str(quota), quota.until) if quota else None


def closed(feed: Feed, catalogue: Catalogue) -> Closed | None:
    """Why no run may change anything of the feed: a steward archived or withdrew all that it publishes.

    Entries of a list are closed one by one, and never their feed.
    """
    if feed.record == CATALOGUE_ENTRY:
        return None
    barred = catalogue.closed(feed.id)
    return Closed(str(barred), f"entrepot datasets restore {barred.dataset}") if barred else None
