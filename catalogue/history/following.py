"""Cursors of those who keep a copy: how far they have got, so that each change reaches them exactly once."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b

import pyarrow as pa

from catalogue.history.changes import Changes
from schemas.problem import BadInput, InputError

_SIGN = "~"
_MARK = 6


@dataclass(frozen=True)
class Place:
    """All up to the snapshot `since` is applied, and `done` of the changes that lead on to `until`."""

    since: str
    until: str | None = None
    done: int = 0


@dataclass(frozen=True)
class Followed:
    """A page of changes; `cursor` stands behind its last, and `more` tells that others are there already.

    Its `changes` count all that lead from one snapshot to the other, its batches are those of the page.
    """

    changes: Changes
    cursor: str
    more: bool


def write(dataset: str, place: Place) -> str:
    """A place in the changes of a dataset as opaque text, which no snapshot's id is."""
    body = f"{place.since} {place.until or ''} {place.done}".encode()
    return _SIGN + urlsafe_b64encode(_mark(dataset, body) + body).rstrip(b"=").decode()


def is_cursor(text: str) -> bool:
    """Whether a text is meant as a cursor rather than as a snapshot's id."""
    return text.startswith(_SIGN)


def read(dataset: str, text: str) -> Place:
    """The place that a cursor of this dataset or the id of a snapshot names; raises BadInput."""
    if not is_cursor(text):
        return Place(text)
    try:
        packed = text.removeprefix(_SIGN).encode("ascii")
        raw = urlsafe_b64decode(packed + b"=" * (-len(packed) % 4))
        since, until, done = raw[_MARK:].decode().split(" ")
        if raw[:_MARK] != _mark(dataset, raw[_MARK:]):
            raise ValueError(text)
        return Place(since, until or None, int(done))
    except (binascii.Error, ValueError):
        hint = "take it from the former answer, unchanged, or give a snapshot's id"
        raise BadInput([InputError("since", "is no cursor of this dataset's changes", hint)]) from None


def page(found: Changes, place: Place, limit: int | None, *, skip: int = 0) -> Followed:
    """The next `limit` changes behind a place, or all of them; raises BadInput for a place beyond them.

    The batches of `found` begin there, or `skip` rows before.
    """
    total = sum(vars(found.counts).values())
    if place.done > total:
        raise BadInput([InputError("since", "is behind the last change", "take it from the former answer")])
    end = total if limit is None else min(total, place.done + limit)
    more = end < total
    here = Place(found.since.id, found.until.id, end) if more else Place(found.until.id)
    cut = replace(found, batches=_cut(found.batches, skip, end - place.done))
    return Followed(cut, write(found.until.dataset, here), more)


def _cut(batches: Iterator[pa.RecordBatch], skip: int, take: int) -> Iterator[pa.RecordBatch]:
    """`take` rows of the batches behind the first `skip`."""
    for batch in batches:
        if not take:
            return
        fresh = batch.slice(min(skip, batch.num_rows), take)
        skip -= min(skip, batch.num_rows)
        take -= fresh.num_rows
        if fresh.num_rows:
            yield fresh


def _mark(dataset: str, body: bytes) -> bytes:
    # No secret: whoever forges a mark gains a place in changes that they may read anyway.
    return blake2b(body + b"\0" + dataset.encode(), digest_size=_MARK).digest()
