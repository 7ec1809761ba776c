"""What changed in a dataset since the copy that somebody keeps of it: apply, keep the cursor, ask again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import orjson
import pyarrow as pa
from flask import Blueprint, Response, request
from marshmallow import Schema, fields, validate

from catalogue import EXPORT_FORMATS, Followed, changes_schema, table_lines, table_parquet
from gateway.api.answers import link
from gateway.api.asking.values import Between, OneOf, Whole
from gateway.api.describe import describe
from gateway.caller import ROWS
from gateway.services import services

changes = Blueprint("changes", __name__, url_prefix="/api/v1/datasets")

FORMATS = {"ndjson": "application/x-ndjson", "parquet": EXPORT_FORMATS["parquet"][0]}
LARGEST = 100_000
ATTEMPTS = 3
"""How often a comparison is begun again because parts were joined under it."""


class ChangesParameters(Schema):
    since = fields.String(
        required=True,
        validate=validate.Length(max=400),
        metadata={"description": "The id of a snapshot, or the cursor of the former answer."},
    )
    until = fields.String(
        load_default=None,
        validate=validate.Length(max=200),
        metadata={"description": "The id of a later snapshot; else the current one."},
    )
    limit = Whole(
        load_default=None,
        validate=Between(1, LARGEST),
        metadata={"description": "Rows at most; all where nothing is said."},
    )
    format = fields.String(
        load_default="ndjson",
        validate=OneOf(tuple(FORMATS)),
        metadata={"description": "Lines of JSON, or a file of Parquet."},
    )


@changes.get("/<dataset>/changes")
@describe(
    "What changed since a snapshot or a cursor",
    tag="rows",
    scope="rows:read",
    query=ChangesParameters,
    media_types=tuple(FORMATS.values()),
)
def read(dataset: str, query: dict[str, Any]) -> Response:
    """Rows inserted, updated and deleted since a snapshot, or since the `cursor` of the former answer.

    Without `limit` all of them. NDJSON begins with a line that tells both snapshots, the counts, and the
    columns that came, went or changed their type; then a line for each row with `_change`, `_changed` (the
    columns an update changes) and `_id`; the last line gives the `cursor` to keep, and `more`. An answer
    without that line was cut short: ask again with the cursor before it. In Parquet the first line is the
    key `entrepot` of the file's metadata. The cursor is in `X-Cursor` too, and `Link` leads on while there
    is more. Where the changes are no longer known, 410: `X-Snapshot` names the snapshot to load anew.
    """
    stack = ExitStack()
    found = _opened(stack, dataset, query)
    head, environ = _head(found), request.environ

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in found.changes.batches:
            environ[ROWS] = environ.get(ROWS, 0) + batch.num_rows
            yield batch

    def body() -> Iterator[bytes]:
        with stack:
            yield from (_parquet if query["format"] == "parquet" else _lines)(found, head, batches())

    answer = Response(body(), content_type=FORMATS[query["format"]])
    answer.call_on_close(stack.close)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Snapshot"] = found.changes.until.id
    answer.headers["X-Cursor"] = found.cursor
    if found.more:
        answer.headers["Link"] = f'<{_next(dataset, query, found.cursor)}>; rel="next"'
    return answer


def _opened(stack: ExitStack, dataset: str, query: dict[str, Any]) -> Followed:
    catalogue = services().catalogue
    asked = (dataset, query["since"], query["until"], query["limit"])
    for _ in range(ATTEMPTS - 1):
        try:
            return stack.enter_context(catalogue.follow(*asked))
        except FileNotFoundError:
            continue
    return stack.enter_context(catalogue.follow(*asked))


def _head(found: Followed) -> bytes:
    told = found.changes
    said = {"since": told.since.id, "until": told.until.id}
    return orjson.dumps({**said, "counts": vars(told.counts), "columns": vars(told.columns)})


def _lines(found: Followed, head: bytes, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    yield head + b"\n"
    yield from table_lines(batches, "ndjson")
    yield orjson.dumps({"cursor": found.cursor, "more": found.more}) + b"\n"


def _parquet(found: Followed, head: bytes, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    schema = changes_schema(found.changes.until.columns).with_metadata({"entrepot": head})
    yield from table_parquet((batch.cast(schema) for batch in batches), schema)


def _next(dataset: str, query: dict[str, Any], cursor: str) -> str:
    kept = {name: str(query[name]) for name in ("limit", "format") if query[name] is not None}
    return link(f"/api/v1/datasets/{dataset}/changes", {"since": cursor, **kept})
