"""What a request asks of the rows of one snapshot, beside the parameters that its address has for itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from flask import Response, request

from gateway.api.answers import PINNED, REVALIDATE, fresh, keep, not_modified
from gateway.api.asking.joins import may_change, read_join
from gateway.api.asking.looks import LOOKS
from gateway.api.asking.parameters import Pairs, read_pairs
from gateway.api.asking.row_parameters import MOVING, RESERVED, row_query, settled, which_snapshot
from gateway.caller import ROWS
from gateway.services import services
from schemas.dataset import Column
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import RowQuery
from schemas.snapshot import Snapshot

PAGING = ("order", "limit", "offset", "cursor", "count")
"""Parameters of rows that walk through pages."""


@dataclass(frozen=True)
class Question:
    """Which rows of a snapshot are asked for, and the values of the address's `own` parameters.

    `pairs` are all parameters; where the answer `moves`, the same ones may ask for something else later.
    """

    snapshot: Snapshot
    rows: RowQuery
    own: Mapping[str, str]
    pairs: Pairs
    moves: bool
    zone: ZoneInfo

    def not_modified(self, format: str) -> Response | None:
        """The 304 to give before any work is done, or None; raises PreconditionFailed."""
        asked = request.environ
        if "HTTP_IF_NONE_MATCH" not in asked and "HTTP_IF_MATCH" not in asked:
            return None  # The tag is made only for who may have it.
        return not_modified(self._etag(format), self._caching)

    def answer(
        self, data: bytes, media_type: str, format: str, rows: int, *, following: str | None = None
    ) -> Response:
        """What answers it, before the page at the URL `following`: `rows` of them are metered."""
        request.environ[ROWS] = rows
        more = [("X-Snapshot", self.snapshot.id)]
        if following:
            more.append(("Link", f'<{following}>; rel="next"'))
        if not self.moves:
            named = self.rows.snapshot or self.rows.cursor
            keep(self.snapshot.dataset, None if named else self.snapshot.id)
        return fresh(data, media_type, self._etag(format), self._caching, more)

    @property
    def _caching(self) -> str:
        return PINNED if self.rows.snapshot and not self.moves else REVALIDATE

    def _etag(self, format: str) -> str:
        read = (self.snapshot.id, *services().catalogue.beside(self.rows))
        asked = repr((request.path, format, self.pairs, read))
        return hashlib.blake2b(asked.encode(), digest_size=16).hexdigest()


def read_question(dataset: str, own: Sequence[str], without: Sequence[str] = ()) -> Question:
    """What the request asks of `dataset`; its address has parameters of its own, and some of rows it has not.

    Those of a join are read where they are its own. Raises BadInput with every fault of the parameters of
    rows; the address reads its own.
    """
    ours = services()
    catalogue, zone = ours.catalogue, ours.zone
    asked = read_pairs(request.query_string)
    refused = [name for name in without if name not in own]
    join = read_join(asked) if "join" in own else None
    which = which_snapshot([pair for pair in asked if pair[0] not in refused], zone, join)
    snapshot = catalogue.snapshot_of(dataset, which)
    pairs = settled(asked, snapshot.columns, catalogue.now())
    others = (*own, *refused, *LOOKS)
    faults = list(_refused(pairs, own, refused))
    try:
        rows = row_query([pair for pair in pairs if pair[0] not in others], snapshot.columns, zone)
    except BadInput as fault:
        faults += _told(fault, _known(own, refused), snapshot.columns)
    if faults:
        raise BadInput(faults)
    moves = may_change(which) or not MOVING.isdisjoint(dict(asked))
    return Question(snapshot, rows, {n: v for n, v in pairs if n in own}, pairs, moves, zone)


def _refused(pairs: Pairs, own: Sequence[str], refused: Sequence[str]) -> Iterator[InputError]:
    for name, value in pairs:
        if name in refused:
            hint = did_you_mean(name, _known(own, refused))
            yield InputError(name, "is not a parameter here", hint)
        elif name in own and not value:
            yield InputError(name, "is empty", "give it a value or leave it out")


def _known(own: Sequence[str], refused: Sequence[str]) -> list[str]:
    """The parameters of an address."""
    return [*own, *(name for name in RESERVED if name not in refused)]


def _told(fault: BadInput, known: Sequence[str], columns: Sequence[Column]) -> list[InputError]:
    """The faults of rows, with what is near among the parameters of this address."""
    names = [*known, *(column.name for column in columns)]
    return [
        replace(each, hint=did_you_mean(each.where.rpartition("__")[0] or each.where, names))
        if "neither a parameter" in each.what
        else each
        for each in fault.errors
    ]
