"""The front door's side for stewards: let in, go back, withdraw, archive, restore, and see who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from catalogue import rejects
from catalogue.current import Current
from catalogue.entries import Entries
from catalogue.errors import Barred, NothingHeld
from catalogue.indexing import Indexing
from catalogue.queue import new_id
from catalogue.stewards import deeds, faults, missing, reversal
from catalogue.stewards.trials import Trials
from catalogue.stewards.uploads import UploadedFeeds
from catalogue.work import Work
from schemas.run import Run, Trigger
from schemas.snapshot import Snapshot
from schemas.steward import Deed, Fault, Missing

if TYPE_CHECKING:
    from catalogue.parts import Parts


_Done = TypeVar("_Done")


class Stewardship(Work):
    """Each deed is one transaction, which also writes down by whom it was done."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.engine, parts.clock)
        self._engine = parts.engine
        self._entries = Entries(parts.engine, parts.clock)
        self._current = Current(self._entries)
        self._indexing = Indexing(parts.engine, parts.search)
        self._storage = parts.storage
        self._rows = parts.rows
        self.trials = Trials(parts.engine, parts.storage, parts.clock)
        self.uploaded_feeds = UploadedFeeds(parts.engine, parts.storage, parts.clock)

    def approve(self, feed: str, by: str, trigger: Trigger = "command") -> str:
        """Let in what the feed's latest run held back, and return the id of a run that is asked for.

        That alone is let in: a source that has changed meanwhile is judged anew. Raises NothingHeld.
        """
        judged = self._runs.latest(feed, ("held", "published", "unchanged"))
        marks = {run.fingerprint for run in judged if run.status == "held" and run.fingerprint}
        if not marks:
            raise NothingHeld(feed)
        for mark in sorted(marks):
            deeds.approve(self._engine, feed, mark, by, self._clock())
        return self.request_run(feed, trigger)

    def is_approved(self, feed: str, fingerprint: str) -> bool:
        """Whether a steward let in what a run of that fingerprint would publish, not reverted since."""
        return deeds.is_approved(self._engine, feed, fingerprint)

    def set_aside(self, dataset: str, fingerprint: str) -> Deed | None:
        """The deed that reverted what a run of that fingerprint had published, while that stands."""
        return reversal.set_aside(self._engine, dataset, fingerprint)

    def revert(self, dataset: str, snapshot: str, by: str) -> Snapshot:
        """Make the rows of an old snapshot current again, and return the new snapshot that names them.

        The source as it was in the run that is undone stays out until it changes or a steward approves it.
        Raises UnknownDataset, UnknownSnapshot, SnapshotGone, NoRows, or Barred.
        """
        self._entries.current(dataset)
        self._entries.snapshot(dataset, snapshot)
        now = self._clock()
        done = reversal.revert(self._engine, dataset, snapshot, new_id(now), by, now)
        fresh = self._told(dataset, done)
        self._rows.share(snapshot, fresh.id)
        return fresh

    def withdraw(self, dataset: str, by: str | None = None) -> None:
        """Take a dataset out of the catalogue; raises UnknownDataset.

        Where `by` says who did it, runs of its feed do not bring it back until it is restored.
        """
        self._entries.withdraw(dataset, by)
        self._told(dataset, done=True)

    def archive(self, dataset: str, by: str) -> None:
        """Leave a dataset as it is: read as before, marked, and updated no more; raises UnknownDataset."""
        self._told(dataset, reversal.archive(self._engine, dataset, by, self._clock()) or None)

    def restore(self, dataset: str, by: str) -> None:
        """Undo a withdrawal or an archiving, if there was one; raises UnknownDataset, or SnapshotGone where
        the rows were withdrawn longer ago than they are kept."""
        self._told(dataset, reversal.restore(self._engine, dataset, by, self._clock()) or None)

    def check_open(self, dataset: str) -> None:
        """Raise Barred where a steward took the dataset out of its feed's hands."""
        reversal.barred(self._engine, dataset)

    def closed(self, feed: str) -> Barred | None:
        """Why no run may change anything of a feed: a steward took all its datasets out of its hands."""
        return reversal.closed(self._engine, feed)

    def touched(self) -> set[str]:
        """The feeds with a dataset that is archived or withdrawn: no others are closed."""
        return reversal.touched(self._engine)

    def deeds(self, subject: str | None = None, limit: int = 100) -> list[Deed]:
        """What was done to a dataset or a feed, or to all, newest first."""
        return deeds.of(self._engine, subject, limit)

    def missing(self, dataset: str) -> list[Missing]:
        """Rows of a dataset, or entries of a feed's list, that the source no longer names: longest first."""
        return self._entries.missing(dataset)

    def overdue(self, feed: str) -> bool:
        """Whether something of the feed was missing for its whole grace, so that the next run lets it go."""
        return missing.overdue(self._engine, feed, self._clock())

    def faults(self, dataset: str) -> list[Fault]:
        """The rules that set something of a dataset aside, what is most in its latest run first."""
        return faults.of(self._engine, dataset)

    def _sum_up(self, run: Run) -> None:
        """Count by rule what a run set aside."""
        found = faults.count(rejects.batches(self._storage, run))
        faults.note(self._engine, run, found, self._clock())

    def _told(self, dataset: str, done: _Done | None) -> _Done:
        """What was done, once all others know; raises UnknownDataset where nothing was."""
        if done is None:
            raise self._entries.unknown(dataset)
        self._current.forget(dataset)
        self._indexing.try_drain()
        return done
