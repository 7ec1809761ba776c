"""What happened to a dataset: a new snapshot, or that it went or came back; kept in one order for all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

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
