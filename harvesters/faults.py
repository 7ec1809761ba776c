"""What can go wrong on the way in; each fault is one sentence a steward can act on."""

from __future__ import annotations

import unicodedata
from datetime import datetime


class HarvestFault(Exception):
    """A run cannot go on. `reason` is the short word under which its rows are counted as rejected.

    What a source says of itself is often part of the message, so nothing in it can end a line of a log,
    colour a terminal or turn the direction of a text.
    """

    reason = "fault"

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.hint = harmless(hint) if hint else None
        super().__init__(harmless(f"{message}; {hint}" if hint else message))


class SourceUnavailable(HarvestFault):
    """The source could not be reached or answered with a fault: try again later."""

    reason = "source_unavailable"


class SourceRefused(HarvestFault):
    """The source answered that we may not have it: a key, a quota, a guarded address."""

    reason = "source_refused"


class QuotaSpent(SourceRefused):
    """The calls that the source allows are spent until its next window begins, at `until` where known."""

    reason = "quota_spent"

    def __init__(self, message: str, hint: str | None = None, until: datetime | None = None) -> None:
        self.until = until
        super().__init__(message, hint)


class TooLarge(SourceRefused):
    """A body has more bytes than the feed takes."""

    reason = "too_large"


class SourceIncomplete(HarvestFault):
    """The source gave fewer rows than it said it holds."""

    reason = "source_incomplete"


class Unreadable(HarvestFault):
    """The bytes are not what they are said to be."""

    reason = "unreadable"


class Unplaced(Unreadable):
    """The coordinates are in a coordinate reference system that the source does not name."""

    reason = "unknown_crs"


class FeedMisconfigured(HarvestFault):
    """The feed's file asks for something that its source or format does not have."""

    reason = "misconfigured"


class Closed(FeedMisconfigured):
    """A steward archived or withdrew what the feed publishes, and did not restore it."""

    reason = "closed"


def harmless(text: str) -> str:
    """A text with line ends as spaces and control, format and broken characters as Python writes them."""
    return "".join(_shown(each) for each in text)


def _shown(letter: str) -> str:
    if letter.isprintable() or unicodedata.category(letter) == "Zs":
        return letter
    return " " if letter in "\t\r\n" else ascii(letter)[1:-1]
