"""The JSON shapes of datasets, columns and snapshots; the schemas tell OpenAPI what the functions give."""

from __future__ import annotations

from typing import Any, get_args

from marshmallow import Schema, fields, validate

from gateway.api.answers import link, shown
from schemas.dataset import Column, Dataset, Semantic, Text, TextSchema
from schemas.query import Hit
from schemas.run import Run, RunSchema
from schemas.snapshot import Snapshot


class DatasetItemSchema(Schema):
    id = fields.String(required=True)
    identifier = fields.String(
        metadata={"description": "The publisher's own id, where it came from another catalogue."}
    )
    title = fields.Nested(TextSchema, required=True)
    description = fields.String(
        required=True, metadata={"description": "In Korean where there is, else English."}
    )
    publisher = fields.String(required=True)
    themes = fields.List(fields.String(), required=True)
    licence = fields.String(required=True)
    updated = fields.AwareDateTime(allow_none=True, required=True)
    rows = fields.Integer(
        allow_none=True, required=True, metadata={"description": "null: described here, kept elsewhere."}
    )
    bbox = fields.List(fields.Float(), allow_none=True, required=True)
    formats = fields.List(fields.String(), required=True)
    highlight = fields.Dict(keys=fields.String(), values=fields.String())
    score = fields.Float()


class DatasetDetailSchema(DatasetItemSchema):
    descriptions = fields.Nested(TextSchema, required=True)
    keywords = fields.List(fields.String(), required=True)
    created = fields.AwareDateTime(allow_none=True, required=True)
    archived = fields.AwareDateTime(
        allow_none=True, required=True, metadata={"description": "Since when it is updated no more."}
    )
    period = fields.List(fields.AwareDateTime(allow_none=True), allow_none=True, required=True)
    feed = fields.String(required=True)
    snapshot = fields.String(allow_none=True, required=True)
    source_crs = fields.String(allow_none=True, required=True)
    landing_page = fields.String(allow_none=True, required=True)
    links = fields.Dict(keys=fields.String(), values=fields.Url(), required=True)


class ColumnItemSchema(Schema):
    name = fields.String(required=True)
    type = fields.String(required=True)
    unit = fields.String(allow_none=True, required=True)
    title = fields.Nested(TextSchema, required=True)
    key = fields.Boolean(required=True)
    role = fields.String(allow_none=True, required=True)
    semantic = fields.String(
        validate=validate.OneOf(get_args(Semantic)),
        metadata={"description": "What the values name, where that was recognised."},
    )
    codes = fields.Dict(keys=fields.String(), values=fields.Nested(TextSchema))


class SnapshotItemSchema(Schema):
    id = fields.String(required=True)
    created = fields.AwareDateTime(required=True)
    replaced = fields.AwareDateTime(allow_none=True, required=True)
    rows = fields.Integer(required=True)
    bytes = fields.Integer(required=True)
    bbox = fields.List(fields.Float(), allow_none=True, required=True)
    run = fields.String(allow_none=True, required=True)


def words(text: Text) -> dict[str, str | None]:
    return {"ko": text.ko, "en": text.en}


def dataset_item(dataset: Dataset) -> dict[str, Any]:
    """A dataset as a list shows it."""
    item: dict[str, Any] = {"id": dataset.id}
    if dataset.identifier is not None:
        item["identifier"] = dataset.identifier
    return item | {
        "title": words(dataset.title),
        "description": str(dataset.description),
        "publisher": dataset.publisher,
        "themes": dataset.themes,
        "licence": dataset.licence,
        "updated": dataset.updated,
        "rows": dataset.rows,
        "bbox": dataset.bbox,
        "formats": dataset.formats,
    }


def hit_item(hit: Hit) -> dict[str, Any]:
    """A dataset as a search shows it."""
    item = dataset_item(hit.dataset)
    if hit.highlight:
        item["highlight"] = hit.highlight
    if hit.score is not None:
        item["score"] = hit.score
    return item


def dataset_detail(dataset: Dataset) -> dict[str, Any]:
    """All that is said of one dataset, with links to what can be had of it."""
    return dataset_item(dataset) | {
        "descriptions": words(dataset.description),
        "keywords": dataset.keywords,
        "created": dataset.created,
        "archived": dataset.archived,
        "period": dataset.period,
        "feed": dataset.feed,
        "snapshot": dataset.snapshot,
        "source_crs": dataset.source_crs,
        "landing_page": dataset.landing_page,
        "links": _links(dataset),
    }


def _links(dataset: Dataset) -> dict[str, str]:
    own = f"/api/v1/datasets/{dataset.id}"
    links = {"self": link(own), "html": link(f"/datasets/{dataset.id}"), "runs": link(f"{own}/runs")}
    if dataset.rows is None:
        return links
    for name in ("schema", "snapshots", "rejects", "faults", "repairs", "rows"):
        links[name] = link(f"{own}/{name}")
    links["changes"] = link(f"{own}/changes", {"since": dataset.snapshot or ""})
    links["events"] = link(f"{own}/events", {"format": "json"})
    links["soda"] = link(f"/resource/{dataset.id}.json")
    for extension in dataset.formats:
        links[f"download_{extension}"] = link(f"{own}/download.{extension}")
    return links


def column_item(column: Column) -> dict[str, Any]:
    item: dict[str, Any] = {
        "name": column.name,
        "type": column.type,
        "unit": column.unit,
        "title": words(column.title),
        "key": column.key,
        "role": column.role,
    }
    if column.semantic:
        item["semantic"] = column.semantic
    if column.codes:
        item["codes"] = {code: words(meaning) for code, meaning in column.codes.items()}
    return item


def snapshot_item(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "id": snapshot.id,
        "created": snapshot.created,
        "replaced": snapshot.replaced,
        "rows": snapshot.rows,
        "bytes": snapshot.bytes,
        "bbox": snapshot.bbox,
        "run": snapshot.run,
    }


def run_item(run: Run) -> dict[str, Any]:
    """A run as the API and `entrepot harvest --json` show it."""
    return shown(RunSchema, run)
