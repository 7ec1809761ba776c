"""All rows that answer, as one file that is written while it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from flask import Blueprint, Response, request

from catalogue import EXPORT_FORMATS, encode_stream
from gateway.api.answers import PINNED, REVALIDATE, not_modified
from gateway.api.asking.joins import JOIN_PARAMETERS, JOINS, may_change, read_join
from gateway.api.asking.looks import LOOK_PARAMETERS, asked_of_rows, read_look
from gateway.api.asking.parameters import Pairs, read_pairs
from gateway.api.asking.row_parameters import MOVING, ROW_PARAMETERS, row_query, which_snapshot
from gateway.api.describe import describe
from gateway.caller import ROWS
from gateway.holding import hold
from gateway.services import services
from schemas.problem import BadInput, InputError, did_you_mean

exports = Blueprint("exports", __name__, url_prefix="/api/v1/datasets")

_NAMES = {extension: name for name, (_, extension) in EXPORT_FORMATS.items()}
_OF_PAGES = frozenset({"limit", "offset", "cursor", "count", "format"})
"""Parameters of pages that an export, which has all rows and its format in its name, does not take."""
_PARAMETERS = tuple(
    each
    for each in (*ROW_PARAMETERS, *JOIN_PARAMETERS, *LOOK_PARAMETERS)
    if each["name"] not in _OF_PAGES and each["name"] != "shape"
)


@exports.get("/<dataset>/export.<extension>")
@describe(
    "All rows that answer, as a file",
    tag="rows",
    scope="rows:read",
    media_types=tuple(media for media, _ in EXPORT_FORMATS.values()),
    endings=tuple(_NAMES),
    extra_parameters=_PARAMETERS,
)
def export(dataset: str, extension: str) -> Response:
    """Filters, box, selection and order as of rows, without pages: all rows that answer, streamed.

    `X-Rows` says how many there are before the first comes, so that a client sees whether it has all.
    """
    catalogue, zone, pairs = services().catalogue, services().zone, read_pairs(request.query_string)
    format = _format(extension)
    _check(pairs)
    asked, look = asked_of_rows(pairs), read_look(pairs, format)
    which = replace(which_snapshot(asked, zone), join=read_join(pairs))
    snapshot = catalogue.snapshot_of(dataset, which)
    query = row_query([pair for pair in asked if pair[0] not in JOINS], snapshot.columns, zone)
    moves = may_change(which) or not MOVING.isdisjoint(dict(pairs))
    caching = PINNED if query.snapshot and not moves else REVALIDATE
    etag = _etag(snapshot.id, catalogue.beside(query), format, look, query)
    unchanged = not_modified(etag, caching)
    if unchanged:
        return unchanged
    hold(services().streams.exports)  # Before there are rows of it in memory.
    answer = catalogue.all_rows(snapshot, query)
    pieces = encode_stream(answer, format, look)
    # What cannot be given shows before the first piece, while it can still be said.
    first = next(pieces, b"")
    media_type, ending = EXPORT_FORMATS[format]
    response = Response(_after(first, pieces), content_type=media_type)
    response.set_etag(etag)
    response.headers.set("Content-Disposition", "attachment", filename=f"{dataset}.{ending}")
    response.headers.update(
        {"Cache-Control": caching, "X-Snapshot": snapshot.id, "X-Rows": str(answer.rows), "Vary": "Accept"}
    )
    request.environ[ROWS] = answer.rows
    return response


def _after(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A generator, so that a client that goes away ends the reading of rows too."""
    yield first
    yield from pieces


def _format(extension: str) -> str:
    format = _NAMES.get(extension, extension)
    if format not in EXPORT_FORMATS:
        hint = did_you_mean(extension, _NAMES)
        raise BadInput([InputError("export", f"there is none as {extension!r}", hint)])
    return format


def _check(pairs: Pairs) -> None:
    faults = [
        InputError(name, "is of pages, and an export has all rows that answer", "leave it out, or ask rows")
        for name, _ in pairs
        if name in _OF_PAGES
    ]
    if faults:
        raise BadInput(faults)


def _etag(*asked: object) -> str:
    """Of what was asked as it was understood: `last` is another time each time."""
    return hashlib.blake2b(repr(asked).encode(), digest_size=16).hexdigest()
