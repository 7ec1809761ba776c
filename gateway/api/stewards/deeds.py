"""What stewards do to what is published, and what they are told of it: each deed is written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from catalogue import EXPORT_FORMATS, table_lines, table_parquet
from gateway.api.answers import private_answer, public_answer, shown
from gateway.api.asking.values import OneOf
from gateway.api.describe import describe
from gateway.api.shapes import SnapshotItemSchema, snapshot_item
from gateway.api.stewards.feeds import RunAskedSchema
from gateway.services import services
from gateway.signed_in import steward
from schemas.run import REJECTS
from schemas.steward import DeedSchema, FaultSchema, MissingSchema

deeds = Blueprint("deeds", __name__, url_prefix="/api/v1")
NDJSON = "application/x-ndjson"
TABLES = {"csv": "text/csv; charset=utf-8", "ndjson": NDJSON, "parquet": EXPORT_FORMATS["parquet"][0]}


class RevertSchema(Schema):
    snapshot = fields.String(
        required=True,
        validate=validate.Length(min=1, max=200),
        metadata={"description": "The id of an older version."},
    )


class TableParameters(Schema):
    format = fields.String(
        load_default="csv",
        validate=OneOf(tuple(TABLES)),
        metadata={"description": "How the table is written."},
    )


class RepairSchema(Schema):
    """A row of schemas.run.REPAIRS."""

    line = fields.Integer(allow_none=True)
    column = fields.String(allow_none=True)
    before = fields.String(allow_none=True)
    after = fields.String(allow_none=True)
    rule = fields.String(required=True)
    detail = fields.String(allow_none=True)


class RepairsAnswer(Schema):
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    items = fields.List(fields.Nested(RepairSchema), required=True)


class DeedsAnswer(Schema):
    items = fields.List(fields.Nested(DeedSchema), required=True)


class FaultsAnswer(Schema):
    items = fields.List(fields.Nested(FaultSchema), required=True)


class MissingAnswer(Schema):
    items = fields.List(fields.Nested(MissingSchema), required=True)


@deeds.post("/feeds/<feed>/approve")
@describe("Let in what is held", tag="stewards", answer=RunAskedSchema, status=202, secured=True)
def approve(feed: str) -> Response:
    """Publish what the feed's latest run held back; a source that changed meanwhile is judged anew."""
    return private_answer({"run": services().catalogue.approve(feed, steward().email, "portal")}, 202)


@deeds.post("/datasets/<dataset>/revert")
@describe("Go back", tag="stewards", body=RevertSchema, answer=SnapshotItemSchema, secured=True)
def revert(dataset: str, body: dict[str, Any]) -> Response:
    """Make the rows of an older snapshot current again; the run that is undone stays out until its source
    changes or a steward lets it in."""
    by = steward().email
    return private_answer(snapshot_item(services().catalogue.revert(dataset, body["snapshot"], by)))


@deeds.post("/datasets/<dataset>/withdraw")
@describe("Withdraw a dataset", tag="stewards", status=204, secured=True)
def withdraw(dataset: str) -> Response:
    """Take the dataset out of the catalogue; its feed does not bring it back until it is restored."""
    return _done(services().catalogue.withdraw, dataset)


@deeds.post("/datasets/<dataset>/archive")
@describe("Archive a dataset", tag="stewards", status=204, secured=True)
def archive(dataset: str) -> Response:
    """Leave the dataset as it is: it is read as before and updated no more."""
    return _done(services().catalogue.archive, dataset)


@deeds.post("/datasets/<dataset>/restore")
@describe("Undo a withdrawal or an archiving", tag="stewards", status=204, secured=True)
def restore(dataset: str) -> Response:
    """Give the dataset back into the hands of its feed."""
    return _done(services().catalogue.restore, dataset)


@deeds.get("/datasets/<dataset>/deeds")
@describe("What was done to a dataset", tag="stewards", answer=DeedsAnswer, secured=True)
def of_dataset(dataset: str) -> Response:
    """Who reverted, withdrew, archived or restored it, newest first."""
    return _deeds(dataset)


@deeds.get("/feeds/<feed>/deeds")
@describe("What was done to a feed", tag="stewards", answer=DeedsAnswer, secured=True)
def of_feed(feed: str) -> Response:
    """Who approved, uploaded or removed it, newest first."""
    return _deeds(feed)


@deeds.get("/datasets/<dataset>/faults")
@describe("Rules that set something aside", tag="datasets", scope="rows:read", answer=FaultsAnswer)
def faults(dataset: str) -> Response:
    """Each rule with how much it set aside in the latest harvest, and when it was first and last seen."""
    catalogue = services().catalogue
    catalogue.describe(dataset)
    return public_answer({"items": [shown(FaultSchema, each) for each in catalogue.faults(dataset)]})


@deeds.get("/datasets/<dataset>/repairs")
@describe("What was mended on the way in", tag="datasets", scope="rows:read", answer=RepairsAnswer)
def repairs(dataset: str) -> Response:
    """How much the latest harvest changed by each rule, and examples of it."""
    catalogue = services().catalogue
    catalogue.describe(dataset)
    counts, items = catalogue.repairs(dataset)
    return public_answer({"counts": dict(counts), "items": items})


@deeds.get("/datasets/<dataset>/missing")
@describe("What the source no longer names", tag="datasets", scope="rows:read", answer=MissingAnswer)
def missing(dataset: str) -> Response:
    """Rows that stay published for their grace, and are gone after it."""
    catalogue = services().catalogue
    catalogue.describe(dataset)
    return public_answer({"items": [shown(MissingSchema, each) for each in catalogue.missing(dataset)]})


@deeds.get("/datasets/<dataset>/rejects/download")
@describe(
    "All that was set aside",
    tag="datasets",
    scope="rows:read",
    query=TableParameters,
    media_types=tuple(TABLES.values()),
)
def download_rejects(dataset: str, query: dict[str, Any]) -> Response:
    """Every reject of the latest harvest as a file, streamed."""
    batches, format = services().catalogue.reject_batches(dataset), query["format"]
    whole = (
        table_parquet(batches, REJECTS)
        if format == "parquet"
        else table_lines(batches, format, REJECTS.names)
    )
    answer = Response(whole, content_type=TABLES[format])
    answer.headers["Content-Disposition"] = f'attachment; filename="{dataset}-rejects.{format}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _done(deed: Callable[[str, str], object], dataset: str) -> Response:
    deed(dataset, steward().email)
    return Response(status=204)


def _deeds(subject: str) -> Response:
    steward()
    return private_answer(
        {"items": [shown(DeedSchema, each) for each in services().catalogue.deeds(subject)]}
    )
