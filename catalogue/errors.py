"""What can be wrong with what the catalogue is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime


class NotInCatalogue(LookupError):
    """What was asked for is not here; `hint` says how to mend the question."""

    def __init__(self, what: str, hint: str) -> None:
        self.hint = hint
        super().__init__(f"{what}; {hint}")


class UnknownDataset(NotInCatalogue):
    """There is no dataset of this id, or no longer."""

    def __init__(self, dataset: str, hint: str) -> None:
        self.dataset = dataset
        super().__init__(f"there is no dataset {dataset!r}", hint)


class NoRows(NotInCatalogue):
    """The dataset is an entry of another catalogue: described here, its rows elsewhere."""

    def __init__(self, dataset: str, landing_page: str | None) -> None:
        self.dataset = dataset
        where = landing_page or "its publisher"
        super().__init__(f"dataset {dataset!r} has no rows here", f"find them at {where}")


class UnknownSnapshot(NotInCatalogue):
    """The dataset never had such a snapshot, or none yet at that time."""

    def __init__(self, dataset: str, asked: str | datetime) -> None:
        self.dataset, self.asked = dataset, asked
        which = f"{asked!r}" if isinstance(asked, str) else f"at {asked.isoformat()}"
        super().__init__(
            f"dataset {dataset!r} has no snapshot {which}", "its list of snapshots names them all"
        )


class SnapshotGone(NotInCatalogue):
    """The snapshot was replaced longer ago than its feed keeps snapshots, and its rows are removed."""

    def __init__(self, dataset: str, snapshot: str) -> None:
        self.dataset, self.snapshot = dataset, snapshot
        super().__init__(
            f"snapshot {snapshot!r} of dataset {dataset!r} is no longer kept",
            "leave out `snapshot`, `as_of` and `cursor` for the current one",
        )


class ChangesGone(SnapshotGone):
    """What changed since a snapshot can no longer be told; `current` is the one to begin anew with."""

    def __init__(self, dataset: str, snapshot: str, current: str) -> None:
        self.dataset, self.snapshot, self.current = dataset, snapshot, current
        NotInCatalogue.__init__(
            self,
            f"what changed in {dataset!r} since snapshot {snapshot!r} can no longer be told",
            f"load the whole of snapshot {current!r} and ask for what changed since it",
        )


class UnknownTrial(NotInCatalogue):
    """No trial has this id, or it is forgotten."""

    def __init__(self, trial: str) -> None:
        self.trial = trial
        super().__init__(f"there is no trial {trial!r}", "ask for it anew: trials are kept for a day")


class UnknownFeed(NotInCatalogue):
    """No feed of this id was uploaded."""

    def __init__(self, feed: str) -> None:
        self.feed = feed
        super().__init__(f"no feed {feed!r} was uploaded", "feeds of the city's folders are changed there")


class RunLost(RuntimeError):
    """A worker that lost its lease tried to publish; the feed may be in newer hands by now."""

    def __init__(self, run: str, feed: str) -> None:
        self.run, self.feed = run, feed
        super().__init__(
            f"run {run!r} of feed {feed!r} was given up before it could publish; let it be run again"
        )


class Taken(ValueError):
    """Two feeds would publish a dataset under one id."""

    def __init__(self, dataset: str, owner: str, feed: str) -> None:
        self.dataset, self.owner, self.feed = dataset, owner, feed
        super().__init__(
            f"dataset {dataset!r} of feed {feed!r} is published by feed {owner!r}; rename one of the feeds"
        )


class Barred(ValueError):
    """A steward took the dataset out of its feed's hands; `what` is archived or withdrawn."""

    def __init__(self, dataset: str, what: str, since: datetime) -> None:
        self.dataset, self.what, self.since = dataset, what, since
        super().__init__(
            f"dataset {dataset!r} was {what} by a steward on {since:%Y-%m-%d};"
            " restore it if its feed is to update it again"
        )


class NothingHeld(ValueError):
    """An approval of a feed none of whose datasets waits for one."""

    def __init__(self, feed: str) -> None:
        self.feed = feed
        super().__init__(f"nothing of feed {feed!r} is held; its runs say what became of it")


class Overtaken(RuntimeError):
    """Another snapshot became current while one was compared with its forerunner."""

    def __init__(self, dataset: str) -> None:
        self.dataset = dataset
        super().__init__(f"dataset {dataset!r} was changed meanwhile; compare again")


class MassDeletion(ValueError):
    """More of what is published would vanish at once than goes without a steward."""

    def __init__(self, dataset: str, count: int, before: int, some: Sequence[str]) -> None:
        self.dataset, self.count, self.before, self.some = dataset, count, before, tuple(some)
        named = ", ".join(some)
        super().__init__(
            f"{count} of {before} published in {dataset!r} would vanish ({count / before:.0%}),"
            f" such as {named}; approve it if that is right"
        )


class CannotAppend(ValueError):
    """A column has a type now that the rows published before cannot take."""

    def __init__(self, dataset: str, column: str) -> None:
        self.dataset, self.column = dataset, column
        super().__init__(
            f"rows of {dataset!r} published before do not fit the new type of column {column!r};"
            " publish under another feed, or give the column another name under [columns]"
        )
