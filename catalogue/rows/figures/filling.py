"""Spans of time without rows, put between those that have some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from catalogue.rows.figures import buckets
from schemas.query import Bucket, GroupQuery

Group = tuple[Any, ...]


def filled(found: Iterable[Group], query: GroupQuery, bucket: Bucket) -> Iterator[Group]:
    """Groups (groups, start, figures, first start, last start) and among them what has no rows.

    They come, and go, in the order of their groups and then of time, what is of no time last.
    """
    place = len(query.groups)
    for same, spans in groupby(found, key=lambda group: group[:place]):
        due = last = before = None
        for span in spans:
            start, (first, last) = span[place], span[-2:]
            due = first if due is None else due
            while due is not None and due < (last + 1 if start is None else start):
                before = (*same, due, *_figures(query, bucket, before))
                yield before
                due = buckets.following(bucket, due)
            yield span
            before, due = span, None if start is None else buckets.following(bucket, start)
        while due is not None and last is not None and due <= last:
            before = (*same, due, *_figures(query, bucket, before))
            yield before
            due = buckets.following(bucket, due)


def _figures(query: GroupQuery, bucket: Bucket, before: Group | None) -> Iterator[Any]:
    """What is said of a span without rows, `before` being the one before it."""
    former = before[len(query.groups) + 1 :] if before else (None,) * len(query.measures)
    for measure, figure in zip(query.measures, former, strict=False):
        if measure.function in ("count", "distinct"):
            yield 0
        else:
            yield figure if bucket.fill == "previous" else None
