"""Datasets: search them, complete a title, look at one, its columns, history, harvests and rejects."""

from __future__ import annotations

from typing import Any, get_args

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from gateway.api.answers import link, public_answer
from gateway.api.asking.parameters import read_pairs
from gateway.api.asking.values import BBoxField, Between, Moment, OneOf, Whole, Words
from gateway.api.describe import describe
from gateway.api.shapes import (
    ColumnItemSchema,
    DatasetDetailSchema,
    DatasetItemSchema,
    SnapshotItemSchema,
    column_item,
    dataset_detail,
    hit_item,
    run_item,
    snapshot_item,
    words,
)
from gateway.services import services
from schemas.dataset import TextSchema
from schemas.query import FACETS, SearchPage, SearchQuery, Sort
from schemas.run import RejectSchema, RunSchema

datasets = Blueprint("datasets", __name__, url_prefix="/api/v1/datasets")
FARTHEST = 2**31
READ = "catalogue:read"


def _about(description: str, *examples: str) -> dict[str, Any]:
    return {"description": description} | ({"examples": list(examples)} if examples else {})


class SearchParameters(Schema):
    """Every word of `q` must be found; values of one facet are alternatives."""

    q = fields.String(
        validate=validate.Length(max=200),
        metadata={
            "may_be_empty": True,
            **_about("words in Korean or English, all of which must be found", "공원"),
        },
    )
    theme = Words(metadata=_about("themes, by commas; one of them is enough", "traffic,transit"))
    publisher = Words(metadata=_about("publishers, by commas"))
    format = Words(metadata=_about("formats that it can be had in, by commas", "csv,geojson"))
    licence = Words(metadata=_about("licences, by commas"))
    bbox = BBoxField(
        metadata=_about("west,south,east,north in degrees, that it touches", "128.8,35.1,129.2,35.4")
    )
    start = Moment(data_key="from", metadata=_about("of this time or later"))
    end = Moment(data_key="to", metadata=_about("of this time or before, not before `from`"))
    sort = fields.String(validate=OneOf(get_args(Sort)), metadata=_about("the order of what is found"))
    limit = Whole(validate=Between(1, 1000), metadata=_about("datasets in a page; 20 where nothing is said"))
    offset = Whole(validate=Between(0, FARTHEST), metadata=_about("datasets to pass over"))
    facets = Words(known=FACETS, metadata=_about("facets that are counted, by commas", "theme,publisher"))

    @validates_schema
    def forward(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Time goes from `from` to `to`."""
        if "start" in data and "end" in data and data["start"] > data["end"]:
            raise ValidationError("lies after `to`; exchange the two", "from")


class AutocompleteParameters(Schema):
    q = fields.String(
        required=True,
        validate=validate.Length(max=200),
        metadata={"may_be_empty": True, **_about("what was typed so far", "시")},
    )
    limit = Whole(load_default=10, validate=Between(1, 50), metadata=_about("titles at most"))


class RejectParameters(Schema):
    limit = Whole(load_default=100, validate=Between(1, 10_000), metadata=_about("items in a page"))
    offset = Whole(load_default=0, validate=Between(0, FARTHEST), metadata=_about("items to pass over"))


class FacetCountSchema(Schema):
    value = fields.String(required=True)
    count = fields.Integer(required=True)


class SearchAnswer(Schema):
    total = fields.Integer(required=True)
    items = fields.List(fields.Nested(DatasetItemSchema), required=True)
    facets = fields.Dict(
        keys=fields.String(), values=fields.List(fields.Nested(FacetCountSchema)), required=True
    )
    next = fields.Url()


class TitleSchema(Schema):
    id = fields.String(required=True)
    title = fields.Nested(TextSchema, required=True)


class AutocompleteAnswer(Schema):
    items = fields.List(fields.Nested(TitleSchema), required=True)


class ColumnsAnswer(Schema):
    snapshot = fields.String(required=True)
    columns = fields.List(fields.Nested(ColumnItemSchema), required=True)


class SnapshotsAnswer(Schema):
    items = fields.List(fields.Nested(SnapshotItemSchema), required=True)


class RunsAnswer(Schema):
    items = fields.List(fields.Nested(RunSchema), required=True)


class RejectsAnswer(Schema):
    total = fields.Integer(required=True)
    items = fields.List(fields.Nested(RejectSchema), required=True)


@datasets.get("")
@describe("Search datasets", tag="datasets", scope=READ, query=SearchParameters, answer=SearchAnswer)
def search(query: dict[str, Any]) -> Response:
    """Found datasets with facet counts; `next` leads to the following page."""
    asked = SearchQuery(
        q=query.get("q", ""),
        themes=query.get("theme", ()),
        publishers=query.get("publisher", ()),
        formats=query.get("format", ()),
        licences=query.get("licence", ()),
        **{k: query[k] for k in ("bbox", "start", "end", "sort", "limit", "offset", "facets") if k in query},
    )
    page = services().catalogue.find(asked)
    return public_answer(_search_answer(asked, page))


def _search_answer(asked: SearchQuery, page: SearchPage) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "total": page.total,
        "items": [hit_item(hit) for hit in page.hits],
        "facets": {
            name: [{"value": count.value, "count": count.count} for count in counts]
            for name, counts in page.facets.items()
        },
    }
    following = asked.offset + asked.limit
    if following < page.total:
        kept = [pair for pair in read_pairs(request.query_string) if pair[0] != "offset"]
        answer["next"] = link("/api/v1/datasets", [*kept, ("offset", str(following))])
    return answer


@datasets.get("/autocomplete")
@describe(
    "Complete a title", tag="datasets", scope=READ, query=AutocompleteParameters, answer=AutocompleteAnswer
)
def autocomplete(query: dict[str, Any]) -> Response:
    """Datasets whose title holds what was typed so far."""
    found = services().catalogue.autocomplete(query["q"], query["limit"])
    return public_answer({"items": [{"id": d.id, "title": words(d.title)} for d in found]})


@datasets.get("/<dataset>")
@describe("One dataset", tag="datasets", scope=READ, answer=DatasetDetailSchema)
def one(dataset: str) -> Response:
    """All that is said of a dataset."""
    return public_answer(dataset_detail(services().catalogue.describe(dataset)))


@datasets.get("/<dataset>/schema")
@describe("The columns of a dataset", tag="datasets", scope=READ, answer=ColumnsAnswer)
def schema(dataset: str) -> Response:
    """Each column with type, unit, titles and role."""
    snapshot = services().catalogue.snapshot(dataset)
    columns = [column_item(column) for column in snapshot.columns]
    return public_answer({"snapshot": snapshot.id, "columns": columns})


@datasets.get("/<dataset>/snapshots")
@describe("The versions of a dataset", tag="datasets", scope=READ, answer=SnapshotsAnswer)
def snapshots(dataset: str) -> Response:
    """Its snapshots that can still be read, newest first."""
    kept = services().catalogue.snapshots(dataset)
    return public_answer({"items": [snapshot_item(snapshot) for snapshot in kept]})


@datasets.get("/<dataset>/runs")
@describe("The harvests of a dataset", tag="datasets", scope=READ, answer=RunsAnswer)
def runs(dataset: str) -> Response:
    """Its runs, newest first: when, how many rows, what was rejected and why."""
    catalogue = services().catalogue
    catalogue.describe(dataset)
    return public_answer({"items": [run_item(r) for r in catalogue.runs(dataset=dataset)]})


@datasets.get("/<dataset>/rejects")
@describe(
    "What was set aside", tag="datasets", scope="rows:read", query=RejectParameters, answer=RejectsAnswer
)
def rejects(dataset: str, query: dict[str, Any]) -> Response:
    """Rows and cells of the last harvest that were not published, each with its reason."""
    catalogue = services().catalogue
    catalogue.describe(dataset)
    total, items = catalogue.rejects(dataset, limit=query["limit"], offset=query["offset"])
    return public_answer({"total": total, "items": items})
