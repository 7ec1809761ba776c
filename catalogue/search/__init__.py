"""Find datasets by words, facets, place and time: embedded, or in an Elasticsearch cluster."""

from __future__ import annotations

from pathlib import Path

from catalogue.search.engine import Hits, SearchDocument, SearchEngine, SearchUnavailable
from catalogue.search.entry import boxes
from schemas.dataset import Dataset

__all__ = ["Hits", "SearchDocument", "SearchEngine", "SearchUnavailable", "document", "open_engine"]


def open_engine(url: str | None, folder: Path) -> SearchEngine:
    """The engine at `url` (`http://host:port`, several comma-separated), or one in `folder` without it.

    Connects to nothing yet: a missing cluster shows at the first call, as SearchUnavailable.
    """
    if url is None:
        from catalogue.search.embedded import Embedded

        return Embedded(folder)
    from catalogue.search.elasticsearch import Cluster

    return Cluster(url)


def document(dataset: Dataset) -> SearchDocument:
    """What the engines are told of a dataset."""
    start, end = dataset.period or (None, None)
    return SearchDocument(
        id=dataset.id,
        title_ko=dataset.title.ko or "",
        title_en=dataset.title.en or "",
        description="\n".join(filter(None, (dataset.description.ko, dataset.description.en))),
        keywords=dataset.keywords,
        publisher=dataset.publisher,
        themes=dataset.themes,
        formats=dataset.formats,
        licence=dataset.licence,
        boxes=boxes(dataset.bbox) if dataset.bbox else (),
        start=start,
        end=end,
        updated=dataset.updated,
        rows=dataset.rows,
        identifier=dataset.identifier,
    )
