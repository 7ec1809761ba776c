"""What became of a run, in the words and counts of its record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from harvesters.faults import HarvestFault
from harvesters.normalise.contract import Hold, SourceChanged
from harvesters.normalise.rejects import Tally
from schemas.dataset import BBox
from schemas.feed import Feed
from schemas.run import Run, Status

_RULES = 3
"""Counts the changes of how sources are read: a new number makes every feed be read again."""


def fingerprint(feed: Feed, raw_sha256: str, city: tuple[BBox, str]) -> str:
    """Names what a run would publish: how the columns are made, then everything else that matters.

    `city` is what the feed leaves to the city: the extent and the name of the zone.
    """
    return f"{_shape(feed)}.{_terms(feed, city)}.{raw_sha256[:32]}"


def same_shape(feed: Feed, published: str | None) -> bool:
    """Whether the feed still makes its columns as it did in the run of that fingerprint.

    A steward who changes how columns are made has looked at them: the contract is with the source.
    """
    return published is not None and published.startswith(f"{_shape(feed)}.")


def same_terms(feed: Feed, city: tuple[BBox, str], published: str | None) -> bool:
    """Whether all but the source is as it was in the run of that fingerprint."""
    return published is not None and published.startswith(f"{_shape(feed)}.{_terms(feed, city)}.")


def _terms(feed: Feed, city: tuple[BBox, str]) -> str:
    said = (feed.title, feed.publisher, feed.licence, feed.description, feed.keywords, feed.themes)
    source = (feed.source.kind, sorted(feed.source.options.items(), key=str))
    return _digest(said, source, feed.contract, feed.reject_limit, feed.extent, city)


def _shape(feed: Feed) -> str:
    columns, units = sorted(feed.columns.items()), sorted(feed.units.items())
    columns += [(ours, repr(names)) for ours, names in sorted(feed.headings.items())]
    return _digest(_RULES, feed.record, columns, units, feed.key, feed.time, feed.mode, feed.format)


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def is_current(feed_runs: Sequence[Run], mark: str) -> bool:
    """Whether a run of this fingerprint published all it had, and nothing else was published since."""
    return bool(feed_runs) and all(run.status == "published" and run.fingerprint == mark for run in feed_runs)


def unchanged(run: Run, former: Run) -> Run:
    """The source is as it was: the counts are those of the run that published it."""
    return replace(
        former,
        run=run.run,
        status="unchanged",
        trigger=run.trigger,
        requested=run.requested,
        started=run.started,
        finished=None,
        bytes=run.bytes,
        step=run.step,
        worker=run.worker,
    )


def failed(run: Run, fault: HarvestFault, read: int = 0) -> Run:
    """Nothing was published for a fault; every row known counts as rejected for it."""
    status: Status = "held" if isinstance(fault, SourceChanged) else "failed"
    reasons = {fault.reason: read}
    return replace(run, status=status, error=str(fault), read=read, rejected=read, reasons=reasons)


def held(run: Run, hold: Hold, read: int, rejects: Tally) -> Run:
    """Nothing is published until a steward looks; rows without a reason of their own have the hold's."""
    own = read - rejects.rows + rejects.reasons.get(hold.reason, 0)
    others = {word: count for word, count in rejects.reasons.items() if word != hold.reason}
    reasons = {**others, hold.reason: own}  # Last comes what holds the whole.
    return replace(run, status="held", error=hold.detail, read=read, rejected=read, reasons=reasons)


def landed(run: Run, read: int, rejects: Tally) -> Run:
    """The counts of rows that are about to be published."""
    return replace(
        run,
        read=read,
        published=read - rejects.rows,
        rejected=rejects.rows,
        rejected_cells=rejects.cells,
        reasons=rejects.reasons,
    )
