"""What can go wrong on the way in; each fault is one sentence a steward can act on."""

from __future__ import annotations


class HarvestFault(Exception):
    """A run cannot go on. `reason` is the short word under which its rows are counted as rejected."""

    reason = "fault"

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(f"{message}; {hint}" if hint else message)


class SourceUnavailable(HarvestFault):
    """The source could not be reached or answered with a fault: try again later."""

    reason = "source_unavailable"


class SourceRefused(HarvestFault):
    """The source answered that we may not have it: a key, a quota, a guarded address."""

    reason = "source_refused"


class SourceIncomplete(HarvestFault):
    """The source gave fewer rows than it said it holds."""

    reason = "source_incomplete"


class Unreadable(HarvestFault):
    """The bytes are not what they are said to be."""

    reason = "unreadable"


class FeedMisconfigured(HarvestFault):
    """The feed's file asks for something that its source or format does not have."""

    reason = "misconfigured"
