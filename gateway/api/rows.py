"""The rows of a dataset: filtered, ordered, paged by cursor, in any of our formats; or all as a file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from catalogue import encode_page
from gateway.api.answers import PINNED, REVALIDATE, fresh, keep, link, not_modified
from gateway.api.describe import describe
from gateway.api.looks import LOOK_PARAMETERS, MEDIA_TYPES, accepted, asked_of_rows, read_look
from gateway.api.parameters import Pairs, read_pairs
from gateway.api.row_parameters import MOVING, ROW_PARAMETERS, row_query, settled, which_snapshot
from gateway.services import services

rows = Blueprint("rows", __name__, url_prefix="/api/v1/datasets")


class RowsAnswer(Schema):
    snapshot = fields.String(required=True)
    items = fields.List(
        fields.Raw(), metadata={"description": "objects, or with shape=arrays lists in the order of `names`"}
    )
    names = fields.List(fields.String())
    columns = fields.Dict(metadata={"description": "with shape=columns, a list for each column"})
    next = fields.Url()
    count = fields.Integer()


@rows.get("/<dataset>/rows")
@describe(
    "Rows of a dataset",
    tag="rows",
    scope="rows:read",
    answer=RowsAnswer,
    media_types=MEDIA_TYPES,
    extra_parameters=(*ROW_PARAMETERS, *LOOK_PARAMETERS),
)
def read(dataset: str) -> Response:
    """A page of rows of one snapshot; follow `next` to see every row exactly once."""
    catalogue, zone = services().catalogue, services().zone
    asked = read_pairs(request.query_string)
    pairs, moves = settled(asked, catalogue.now()), not MOVING.isdisjoint(dict(asked))
    snapshot = catalogue.snapshot_of(dataset, which_snapshot(pairs, zone))
    query = row_query(asked_of_rows(pairs), snapshot.columns, zone)
    format = dict(pairs).get("format") or accepted(snapshot.columns)
    look = read_look(pairs, format)
    etag = _etag(format, pairs, (snapshot.id, *catalogue.beside(query)))
    caching = PINNED if query.snapshot and not moves else REVALIDATE
    unchanged = not_modified(etag, caching)
    if unchanged:
        return unchanged
    page = catalogue.rows_of(snapshot, query)
    request.environ["entrepot.rows"] = len(page.values)
    following = _next(dataset, pairs, page.next)
    data, media_type = encode_page(page, format, next_url=following, look=look, name=dataset)
    response = fresh(data, media_type, etag, caching)
    response.headers["X-Snapshot"] = snapshot.id
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    if not moves:
        keep(dataset, None if query.snapshot or query.cursor else snapshot.id)
    return response


def _etag(format: str, pairs: Pairs, snapshots: Sequence[str]) -> str:
    """Of all that an answer is made of; a `last` in it is told by the second that it starts at."""
    return hashlib.blake2b(repr((format, pairs, snapshots)).encode(), digest_size=16).hexdigest()


def _next(dataset: str, pairs: Pairs, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    kept = [pair for pair in pairs if pair[0] not in ("cursor", "offset")]
    return link(f"/api/v1/datasets/{dataset}/rows", [*kept, ("cursor", cursor)])
