"""Hold a whole new listing against what is published: count what changed, and doubt a mass deletion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from catalogue.history.deletions import SOME, in_grace, refuse_mass, vanished
from catalogue.history.joining import joined
from catalogue.publication import Publication
from catalogue.rows.compare import Comparer, Counts
from catalogue.snapshots import Parts, write
from schemas.feed import DeletionsSpec
from schemas.run import REJECTS
from schemas.snapshot import Snapshot
from schemas.steward import Missing


@dataclass(frozen=True)
class Reconciled:
    """A snapshot that may be published: what it changes, and which of its rows the source no longer
    names; `counts` is None where it was not compared."""

    snapshot: Snapshot
    counts: Counts | None
    missing: list[Missing]


class Reconciler:
    """Compares what was written with what stands, and carries over what is missing and still in its grace."""

    def __init__(self, comparer: Comparer, storage: Parts) -> None:
        self._comparer = comparer
        self._storage = storage

    def reconcile(
        self,
        written: Snapshot,
        former: Snapshot,
        publication: Publication,
        allowed: DeletionsSpec | None,
        *,
        missing: Sequence[Missing],
        now: datetime,
    ) -> Reconciled:
        """What publishing `written` after `former` changes; raises MassDeletion beyond what is `allowed`.

        Where deletions are of no account (`allowed` None) all that is gone is gone. Else what is gone since
        this run stays for the grace, and what is `missing` already until its own is over.
        """
        with self._comparer.between(former, written) as found:
            counts = found.counts()
            if allowed is None or not counts.deleted:
                return Reconciled(written, counts, [])
            named = found.gone() if missing else found.gone(SOME)
            gone = vanished(former.rows, counts.deleted, named, missing)
            refuse_mass(written.dataset, gone, allowed)
            if not missing and not allowed.grace:
                return Reconciled(written, counts, [])
            kept = in_grace(found.gone(), allowed, missing, now)
            if not kept:
                return Reconciled(written, counts, [])
            rows = found.rows_gone([each.id for each in kept])
        left = replace(counts, deleted=counts.deleted - len(kept))
        extra = replace(publication, rows=rows, rejects=REJECTS.empty_table())
        carried = write(extra, self._storage, f"{written.id}-kept", now)
        return Reconciled(joined(replace(carried, id=written.id), written.parts, written), left, kept)
