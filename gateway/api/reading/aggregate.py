"""Figures of groups of a dataset's rows, and how often the values of its columns are."""

from __future__ import annotations

from dataclasses import replace

import orjson
from flask import Blueprint, Response
from marshmallow import Schema, fields

from catalogue import GROUP_FORMATS, encode_groups
from gateway.api.asking.figure_words import (
    FILLS,
    LIMIT,
    MOST,
    read_bucket,
    read_fill,
    read_limit,
    read_measures,
    read_names,
    read_order,
)
from gateway.api.asking.joins import JOIN_PARAMETERS, JOINS
from gateway.api.asking.looks import LOOKS, best_media
from gateway.api.asking.parameter_words import Described, query_parameter, taken, without
from gateway.api.asking.patterns import FIGURES, NAMES, SPANS
from gateway.api.asking.questions import PAGING, Question, read_question
from gateway.api.asking.row_parameters import ROW_PARAMETERS
from gateway.api.describe import describe
from gateway.services import services
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import FacetPage, FacetQuery, GroupQuery, Measure

aggregates = Blueprint("aggregates", __name__, url_prefix="/api/v1/datasets")

GROUPLESS = ("select", *PAGING, *LOOKS, "format")
"""Parameters that say how rows are shown, which groups are not."""
COUNT = (Measure("count", "count"),)
MEDIA = tuple(media.partition(";")[0] for media in GROUP_FORMATS.values())
FORMAT = query_parameter("format", "before what Accept says", enum=list(GROUP_FORMATS))
_OWN = ("group", "bucket", "agg", "order", "limit", "fill", "format", *JOINS)
_PARAMETERS: tuple[Described, ...] = (
    query_parameter("group", "columns, by commas", pattern=NAMES, examples=["district,kind"]),
    query_parameter(
        "bucket",
        "spans of time: 5m 1h 1d week month quarter year; of another column as 1d:column",
        pattern=SPANS,
        examples=["month", "1d:surveyed_on"],
    ),
    query_parameter(
        "agg",
        "figures by commas: count, and sum avg min max median p95 distinct, each of a column as avg(speed)",
        pattern=FIGURES,
        default="count",
        examples=["count,avg(capacity)"],
    ),
    query_parameter(
        "order",
        "columns of the answer, by commas; - before one for descending",
        pattern=NAMES,
        examples=["-count"],
    ),
    query_parameter("limit", "groups at most", type="integer", minimum=1, maximum=MOST, default=LIMIT),
    query_parameter(
        "fill",
        "show spans of `bucket` without rows too, with nulls or the figures before",
        enum=list(FILLS),
    ),
    FORMAT,
    *without(ROW_PARAMETERS, GROUPLESS),
    *JOIN_PARAMETERS,
)
_FACET_PARAMETERS: tuple[Described, ...] = (
    query_parameter(
        "columns", "columns, by commas", required=True, pattern=NAMES, examples=["district,kind"]
    ),
    query_parameter("limit", "values of each at most", type="integer", minimum=1, maximum=MOST, default=10),
    *without(ROW_PARAMETERS, GROUPLESS),
    *JOIN_PARAMETERS,
)


class GroupsAnswer(Schema):
    snapshot = fields.String(required=True)
    items = fields.List(fields.Dict(), required=True)
    truncated = fields.Boolean(required=True, metadata={"description": "whether there are more groups"})


class ValueCountSchema(Schema):
    value = fields.Raw(required=True)
    count = fields.Integer(required=True)


class FacetSchema(Schema):
    values = fields.List(fields.Nested(ValueCountSchema), required=True)
    other = fields.Integer(required=True, metadata={"description": "rows of other values"})
    missing = fields.Integer(required=True, metadata={"description": "rows of none"})


class FacetsAnswer(Schema):
    snapshot = fields.String(required=True)
    count = fields.Integer(required=True)
    facets = fields.Dict(keys=fields.String(), values=fields.Nested(FacetSchema), required=True)


@aggregates.get("/<dataset>/aggregate")
@describe(
    "Figures of groups of rows",
    tag="rows",
    scope="rows:read",
    answer=GroupsAnswer,
    media_types=MEDIA,
    extra_parameters=_PARAMETERS,
)
def aggregate(dataset: str) -> Response:
    """Rows counted, summed and averaged by the values of columns and by spans of time, which begin as the
    clocks of the city do; nulls are a group, and left out of figures."""
    question = read_question(dataset, _OWN, GROUPLESS)
    return groups_answer(question, _query(question))


def groups_answer(question: Question, query: GroupQuery) -> Response:
    """The groups in the format asked for."""
    format = group_format(question)
    unchanged = question.not_modified(format)
    if unchanged:
        return unchanged
    page = services().catalogue.groups_of(question.snapshot, query, question.zone)
    data, media_type = encode_groups(page, format)
    response = question.answer(data, media_type, format, len(page.values))
    response.headers["X-Truncated"] = str(page.truncated).lower()
    return response


def group_format(question: Question) -> str:
    """The format by parameter or Accept; raises BadInput, or NotAcceptable."""
    format = question.own.get("format")
    if format is not None:
        if format not in GROUP_FORMATS:
            hint = did_you_mean(format, GROUP_FORMATS)
            raise BadInput([InputError("format", f"{format!r} is not a format of figures", hint)])
        return format
    return list(GROUP_FORMATS)[MEDIA.index(best_media(MEDIA))]


def _query(question: Question) -> GroupQuery:
    faults: list[InputError] = []
    own, columns = question.own, question.snapshot.columns
    bucket = taken(own, "bucket", lambda text: read_bucket(text, columns), faults)
    fill = taken(own, "fill", read_fill, faults)
    measures = taken(own, "agg", read_measures, faults)
    groups = taken(own, "group", read_names, faults)
    order = taken(own, "order", read_order, faults)
    limit = taken(own, "limit", read_limit, faults)
    if "fill" in own and "bucket" not in own:
        faults.append(InputError("fill", "fills spans of time, and none is asked for", "give bucket as well"))
    if faults:
        raise BadInput(faults)
    bucket = replace(bucket, fill=fill) if bucket else None
    return GroupQuery(measures or COUNT, groups or (), bucket, order or (), limit or LIMIT, question.rows)


@aggregates.get("/<dataset>/facets")
@describe(
    "The most frequent values of columns",
    tag="rows",
    scope="rows:read",
    answer=FacetsAnswer,
    extra_parameters=_FACET_PARAMETERS,
)
def facets(dataset: str) -> Response:
    """Values with the number of their rows, most frequent first; `other` counts the rows of all values that
    are not shown, `missing` those of none, so that nothing is left uncounted."""
    question = read_question(dataset, ("columns", "limit", *JOINS), GROUPLESS)
    faults: list[InputError] = []
    columns = taken(question.own, "columns", read_names, faults)
    limit = taken(question.own, "limit", read_limit, faults)
    if "columns" not in question.own:
        faults.append(InputError("columns", "is missing", "name one or more, such as columns=district"))
    if faults:
        raise BadInput(faults)
    unchanged = question.not_modified("json")
    if unchanged:
        return unchanged
    page = services().catalogue.facets_of(
        question.snapshot, FacetQuery(columns or (), limit or 10, question.rows)
    )
    return question.answer(orjson.dumps(_facets(page)), "application/json", "json", 0)


def _facets(page: FacetPage) -> dict[str, object]:
    told = {
        name: {
            "values": [{"value": value, "count": count} for value, count in facet.values],
            "other": facet.other,
            "missing": facet.missing,
        }
        for name, facet in page.facets.items()
    }
    return {"snapshot": page.snapshot, "count": page.count, "facets": told}
