"""The rows of a dataset: filtered, ordered, paged by cursor, in any of our formats; or all as a file."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from flask import Blueprint, Response, request, send_file
from marshmallow import Schema, fields

from catalogue import EXPORT_FORMATS, PAGE_FORMATS, encode_page
from gateway.api.answers import PINNED, REVALIDATE, cached, link, not_modified
from gateway.api.describe import describe
from gateway.api.parameters import Pairs, read_pairs
from gateway.api.row_parameters import row_query
from gateway.services import services
from schemas.problem import BadInput, InputError, did_you_mean

rows = Blueprint("rows", __name__, url_prefix="/api/v1/datasets")

_MEDIA_TYPES = {media_type.partition(";")[0]: name for name, (media_type, _) in PAGE_FORMATS.items()}


class NotAcceptable(ValueError):
    """None of the media types a client accepts can be given."""

    def __init__(self, accept: str) -> None:
        self.accept = accept
        super().__init__(f"rows come as {', '.join(_MEDIA_TYPES)}; none of them is accepted by {accept!r}")


class RowsAnswer(Schema):
    snapshot = fields.String(required=True)
    items = fields.List(fields.Dict(), required=True)
    next = fields.Url()
    count = fields.Integer()


class DownloadParameters(Schema):
    snapshot = fields.String()


ROW_PARAMETERS: tuple[dict[str, object], ...] = (
    {
        "name": "filters",
        "in": "query",
        "style": "form",
        "explode": True,
        "description": "column=value, or column__eq __ne __gt __gte __lt __lte __in (commas) __contains "
        "__startswith __isnull",
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    {
        "name": "bbox",
        "in": "query",
        "description": "west,south,east,north in degrees",
        "schema": {"type": "string"},
    },
    {"name": "select", "in": "query", "description": "columns, by commas", "schema": {"type": "string"}},
    {
        "name": "order",
        "in": "query",
        "description": "columns, by commas; - before one for descending",
        "schema": {"type": "string"},
    },
    {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100},
    },
    {
        "name": "cursor",
        "in": "query",
        "description": "where a page goes on, from `next`",
        "schema": {"type": "string"},
    },
    {"name": "count", "in": "query", "schema": {"type": "string", "enum": ["exact"]}},
    {"name": "snapshot", "in": "query", "description": "a version by its id", "schema": {"type": "string"}},
    {
        "name": "as_of",
        "in": "query",
        "description": "the version of a time",
        "schema": {"type": "string", "format": "date-time"},
    },
    {"name": "format", "in": "query", "schema": {"type": "string", "enum": sorted(PAGE_FORMATS)}},
)


@rows.get("/<dataset>/rows")
@describe(
    "Rows of a dataset",
    tag="rows",
    answer=RowsAnswer,
    media_types=tuple(_MEDIA_TYPES),
    extra_parameters=ROW_PARAMETERS,
)
def read(dataset: str) -> Response:
    """A page of rows of one snapshot; follow `next` to see every row exactly once."""
    catalogue = services().catalogue
    pairs = read_pairs(request.query_string)
    format = _format(pairs)
    asked = [pair for pair in pairs if pair[0] != "format"]
    query = row_query(asked, catalogue.columns(dataset), services().zone)
    snapshot = catalogue.snapshot_of(dataset, query)
    etag = _etag(snapshot.id, format)
    caching = PINNED if query.snapshot else REVALIDATE
    unchanged = not_modified(etag, caching)
    if unchanged:
        return unchanged
    page = catalogue.rows(dataset, replace(query, snapshot=snapshot.id, as_of=None))
    request.environ["entrepot.rows"] = len(page.values)
    following = _next(dataset, pairs, page.next)
    data, media_type = encode_page(page, format, next_url=following)
    response = Response(data, content_type=media_type)
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    response.headers["X-Snapshot"] = snapshot.id
    return cached(response, etag, caching)


def _format(pairs: Pairs) -> str:
    named = dict(pairs).get("format")
    if named is not None:
        if named not in PAGE_FORMATS:
            raise BadInput([InputError("format", f"has no {named!r}", did_you_mean(named, PAGE_FORMATS))])
        return named
    accept = request.accept_mimetypes
    if not accept:
        return "json"
    # JSON first: of what a client likes equally well it is what most expect.
    best: str | None = accept.best_match(["application/json", *_MEDIA_TYPES])
    if best is None:
        raise NotAcceptable(request.headers.get("Accept", ""))
    return _MEDIA_TYPES[best]


def _etag(snapshot: str, format: str) -> str:
    return hashlib.sha256(b"\0".join([snapshot.encode(), format.encode(), request.query_string])).hexdigest()[
        :32
    ]


def _next(dataset: str, pairs: Pairs, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    kept = [pair for pair in pairs if pair[0] != "cursor"]
    return link(f"/api/v1/datasets/{dataset}/rows", [*kept, ("cursor", cursor)])


@rows.get("/<dataset>/download.<extension>")
@describe(
    "A whole snapshot as a file",
    tag="rows",
    query=DownloadParameters,
    media_types=tuple(media for media, _ in EXPORT_FORMATS.values()),
)
def download(dataset: str, extension: str, query: dict[str, str]) -> Response:
    """The current snapshot, or the one named; ranges and If-None-Match are served."""
    by_extension = {ending.lstrip("."): name for name, (_, ending) in EXPORT_FORMATS.items()}
    format = by_extension.get(extension, extension)
    if format not in EXPORT_FORMATS:
        raise BadInput([InputError("format", f"has no {extension!r}", did_you_mean(extension, by_extension))])
    export = services().catalogue.export(dataset, format, query.get("snapshot"))
    response = send_file(
        export.path,
        mimetype=export.media_type,
        as_attachment=True,
        download_name=export.filename,
        etag=export.etag,
        conditional=True,
        max_age=0,
    )
    response.headers["Cache-Control"] = PINNED if "snapshot" in query else REVALIDATE
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
