"""The rows of a dataset: filtered, ordered, paged by cursor, in any of our formats; or all as a file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from catalogue import PAGE_FORMATS, encode_page
from gateway.api.answers import PINNED, REVALIDATE, fresh, link, not_modified
from gateway.api.describe import describe
from gateway.api.parameters import Pairs, read_pairs
from gateway.api.row_parameters import ROW_PARAMETERS, row_query, which_snapshot
from gateway.services import services
from schemas.dataset import Column

rows = Blueprint("rows", __name__, url_prefix="/api/v1/datasets")

_MEDIA_TYPES = {media_type.partition(";")[0]: name for name, (media_type, _) in PAGE_FORMATS.items()}


class NotAcceptable(ValueError):
    """None of the media types a client accepts can be given."""

    def __init__(self, accept: str, offered: Sequence[str]) -> None:
        self.accept, self.offered = accept, offered
        super().__init__(
            f"these rows come as {', '.join(offered)}; none of them is accepted by {accept!r}; "
            "name another in Accept or in the parameter format"
        )


class RowsAnswer(Schema):
    snapshot = fields.String(required=True)
    items = fields.List(fields.Dict(), required=True)
    next = fields.Url()
    count = fields.Integer()


@rows.get("/<dataset>/rows")
@describe(
    "Rows of a dataset",
    tag="rows",
    scope="rows:read",
    answer=RowsAnswer,
    media_types=tuple(_MEDIA_TYPES),
    extra_parameters=ROW_PARAMETERS,
)
def read(dataset: str) -> Response:
    """A page of rows of one snapshot; follow `next` to see every row exactly once."""
    catalogue, zone = services().catalogue, services().zone
    pairs = read_pairs(request.query_string)
    snapshot = catalogue.snapshot_of(dataset, which_snapshot(pairs, zone))
    query = row_query(pairs, snapshot.columns, zone)
    format = dict(pairs).get("format") or _accepted(snapshot.columns)
    etag = _etag(snapshot.id, format)
    caching = PINNED if query.snapshot else REVALIDATE
    unchanged = not_modified(etag, caching)
    if unchanged:
        return unchanged
    page = catalogue.rows_of(snapshot, query)
    request.environ["entrepot.rows"] = len(page.values)
    following = _next(dataset, pairs, page.next)
    data, media_type = encode_page(page, format, next_url=following)
    response = fresh(data, media_type, etag, caching)
    response.headers["X-Snapshot"] = snapshot.id
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def _accepted(columns: Sequence[Column]) -> str:
    """The format that suits Accept best; raises NotAcceptable."""
    if "HTTP_ACCEPT" not in request.environ or not request.accept_mimetypes:
        return "json"
    # JSON first: of what a client likes equally well it is what most expect.
    placed = any(column.type == "geometry" for column in columns)
    offered = [media for media, name in _MEDIA_TYPES.items() if placed or name != "geojson"]
    best: str | None = request.accept_mimetypes.best_match(offered)
    if best is None:
        raise NotAcceptable(request.headers["Accept"], offered)
    return _MEDIA_TYPES[best]


def _etag(snapshot: str, format: str) -> str:
    asked = b"\0".join((snapshot.encode(), format.encode(), request.query_string))
    return hashlib.blake2b(asked, digest_size=16).hexdigest()


def _next(dataset: str, pairs: Pairs, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    kept = [pair for pair in pairs if pair[0] != "cursor"]
    return link(f"/api/v1/datasets/{dataset}/rows", [*kept, ("cursor", cursor)])
