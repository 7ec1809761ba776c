"""The rows of a dataset: filtered, ordered, paged by cursor, in any of our formats; or all as a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from catalogue import encode_page, takes_written
from gateway.api.answers import link
from gateway.api.asking.joins import JOIN_PARAMETERS, JOINS
from gateway.api.asking.looks import LOOK_PARAMETERS, MEDIA_TYPES, accepted, read_look
from gateway.api.asking.parameters import Pairs
from gateway.api.asking.questions import Question, read_question
from gateway.api.asking.row_parameters import ROW_PARAMETERS
from gateway.api.describe import describe
from gateway.services import services
from schemas.query import RowPage, RowQuery
from schemas.snapshot import Snapshot

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
    extra_parameters=(*ROW_PARAMETERS, *JOIN_PARAMETERS, *LOOK_PARAMETERS),
)
def read(dataset: str) -> Response:
    """A page of rows of one snapshot; follow `next` to see every row exactly once."""
    return rows_answer(dataset, read_question(dataset, JOINS), services().catalogue.rows_of)


def rows_answer(dataset: str, question: Question, read: Callable[[Snapshot, RowQuery], RowPage]) -> Response:
    """A page of rows, as `read` gives it, in the format asked for."""
    format = dict(question.pairs).get("format") or accepted(question.snapshot.columns)
    look = read_look(question.pairs, format)
    unchanged = question.not_modified(format)
    if unchanged:
        return unchanged
    page = read(question.snapshot, replace(question.rows, written=takes_written(format, look)))
    following = _next(question.pairs, page.next)
    data, media_type = encode_page(page, format, next_url=following, look=look, name=dataset)
    return question.answer(data, media_type, format, len(page.values), following=following)


def _next(pairs: Pairs, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    kept = [pair for pair in pairs if pair[0] not in ("cursor", "offset")]
    return link(request.path, [*kept, ("cursor", cursor)])
