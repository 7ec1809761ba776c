"""What waits for a steward whatever its contract says, and what a steward has let in."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta

from catalogue import Catalogue
from catalogue.errors import Barred
from harvesters.faults import Closed
from harvesters.normalise import Normalised
from harvesters.normalise.contract import Hold
from harvesters.outcome import failed
from schemas.feed import DeletionsSpec, Feed
from schemas.run import Run
from schemas.snapshot import Snapshot

ENTRIES_GRACE = timedelta(days=7)
"""How long an entry that vanished from its list stays, where the feed says nothing else."""


def as_approved(feed: Feed, run: Run, catalogue: Catalogue) -> Feed:
    """The feed as it is for this run: nothing of it holds back what a steward has let in."""
    if not _approved(feed, run, catalogue):
        return feed
    return replace(feed, contract="evolve", reject_limit=1.0, review=False)


def waiting(feed: Feed, run: Run, catalogue: Catalogue) -> Hold | None:
    """Why a run with nothing else against it still waits: the feed is reviewed, or a steward went back."""
    if _approved(feed, run, catalogue):
        return None
    undone = catalogue.set_aside(run.dataset, run.fingerprint) if run.fingerprint else None
    if undone is not None:
        return Hold(
            "reverted",
            f"{undone.by} put an earlier snapshot back on {undone.at:%Y-%m-%d}, and the source is as it was;"
            " it is published when it changes, or when a steward approves it",
        )
    if feed.review:
        return Hold("review", "every change of this feed waits until a steward approves it")
    return None


def left_alone(run: Run, catalogue: Catalogue) -> Run | None:
    """What becomes of one table of several that a steward archived or withdrew: a run by the schedule passes
    it over and says so; None where the table may be published."""
    try:
        catalogue.check_open(run.dataset)
    except Barred as barred:
        if run.trigger == "schedule":
            return replace(run, status="unchanged", error=str(barred), fingerprint=None)
        return failed(run, Closed(str(barred), f"entrepot datasets restore {run.dataset}"))
    return None


def nothing_new(found: Normalised, snapshot: Snapshot) -> Normalised:
    """What a source gives that has nothing to add to what grows: no rows, in the columns that stand.

    Where nothing was read, nothing can be said of types either.
    """
    if found.accepted or (found.read and found.hold and found.hold.reason != "empty"):
        return found
    return replace(found, columns=snapshot.columns, pieces=(), hold=None)


def allowed(feed: Feed, *, lasting: bool) -> DeletionsSpec | None:
    """What may vanish at once; None where what is gone is of no account, as others come each time."""
    if not lasting:
        return None
    if feed.contract == "evolve":
        return replace(feed.deletions, share=1.0, rows=sys.maxsize)
    return feed.deletions


def allowed_of_list(feed: Feed) -> DeletionsSpec:
    """The same for the entries of another catalogue, whose lists come incomplete now and then."""
    spec = allowed(feed, lasting=True) or feed.deletions
    return replace(spec, grace=spec.grace if spec.grace is not None else ENTRIES_GRACE)


def _approved(feed: Feed, run: Run, catalogue: Catalogue) -> bool:
    return run.fingerprint is not None and catalogue.is_approved(feed.id, run.fingerprint)
