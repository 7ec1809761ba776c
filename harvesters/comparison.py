"""Compare what a trial read with what is published under the same feed, and change nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from catalogue import Catalogue, Difference
from catalogue.publication import Publication
from harvesters.datasets import current, dataset_id, describe
from harvesters.formats import Parsed
from harvesters.normalise import Normalised
from harvesters.normalise.shown import shown_row
from harvesters.outcome import same_shape
from schemas.dataset import Column
from schemas.feed import Feed


@dataclass(frozen=True)
class Comparison:
    """What a trial may know of what its feed publishes now."""

    catalogue: Catalogue

    def columns(self, feed: Feed, table: str) -> tuple[Column, ...] | None:
        """The columns that a run would hold its source to, None where it would not."""
        former = self.catalogue.last_published(feed.id)
        if not former or not same_shape(feed, former[0].fingerprint):
            return None
        snapshot = current(self.catalogue, dataset_id(feed.id, table))
        return snapshot.columns if snapshot and snapshot.rows else None

    def difference(self, feed: Feed, parsed: Parsed, found: Normalised) -> Difference | None:
        """What publishing it would change; None where nothing stands, or where rows are only added."""
        if feed.mode == "append":
            return None
        dataset = describe(feed, parsed.name, found.source_crs)
        return self.catalogue.preview(Publication(dataset, found.columns, found.pieces, found.set_aside))

    def of_columns(self, feed: Feed, parsed: Parsed, found: Normalised) -> Difference | None:
        """How the columns differ from those published, where rows have no names by which to compare them."""
        whole = self.difference(feed, parsed, found)
        if whole is None:
            return None
        return replace(whole, counts=replace(whole.counts, inserted=0, updated=0, deleted=0), some=())


def difference_item(found: Difference) -> dict[str, Any]:
    """A difference as JSON: the snapshot that stands, counts, columns, and the first changed rows."""
    columns = {name: list(names) for name, names in asdict(found.columns).items() if names}
    rows = [shown_row(row) for row in found.some]
    return {"since": found.since, **asdict(found.counts), "columns": columns, "rows": rows}
