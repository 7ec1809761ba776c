"""What happened to a dataset: a new snapshot, or that it went or came back; kept in one order for all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from marshmallow import Schema, fields

EventKind = Literal["published", "withdrawn", "restored"]
EVENT_KINDS: tuple[EventKind, ...] = ("published", "withdrawn", "restored")


@dataclass(frozen=True)
class Event:
    """`id` grows from one event to the next over all datasets; `snapshot` is the one that came, or is shown
    again; `previous` the one that stood before. The counts are None where nobody compared."""

    id: int
    kind: EventKind
    dataset: str
    at: datetime
    snapshot: str | None = None
    previous: str | None = None
    rows: int | None = None
    inserted: int | None = None
    updated: int | None = None
    deleted: int | None = None


def shown(event: Event, base: str) -> dict[str, Any]:
    """The members of an event and links to its dataset, rows and changes, below the address `base`."""
    dataset = f"{base}/api/v1/datasets/{event.dataset}"
    links = {"dataset": dataset}
    if event.snapshot is not None and event.kind != "withdrawn":
        links["rows"] = f"{dataset}/rows?snapshot={event.snapshot}"
    if event.previous is not None:
        links["changes"] = f"{dataset}/changes?since={event.previous}&until={event.snapshot}"
    return {**vars(event), "links": links}


class EventSchema(Schema):
    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    dataset = fields.String(required=True)
    at = fields.AwareDateTime(required=True, format="iso")
    snapshot = fields.String(allow_none=True)
    previous = fields.String(allow_none=True)
    rows = fields.Integer(allow_none=True)
    inserted = fields.Integer(allow_none=True)
    updated = fields.Integer(allow_none=True)
    deleted = fields.Integer(allow_none=True)
