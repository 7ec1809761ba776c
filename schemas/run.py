"""A run: one attempt to harvest a feed, and what it left behind for each dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa
from marshmallow import Schema, fields, validate

Status = Literal["queued", "running", "published", "unchanged", "held", "failed"]
Trigger = Literal["schedule", "command", "portal"]
State = Literal["fresh", "late", "stale", "failing"]
"""How a feed is: as promised; not as promised; for three times as long; or its latest run published nothing
that it should have."""

EXCUSED = ("quota_spent", "closed")
"""Reasons of a failed run that say nothing against its feed: it waits for its calls, or for a steward."""

REJECTS = pa.schema(
    [
        pa.field("line", pa.int64()),
        pa.field("scope", pa.string()),
        pa.field("column", pa.string()),
        pa.field("value", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
    ]
)
"""What was set aside. `line` is the place in the source (line, sheet row, item; from 1), `scope` is
`row` (the whole row was left out) or `cell` (the row was published without this value), `reason` a
short word such as `outside_extent`, `detail` one sentence."""

REPAIRS = pa.schema(
    [
        pa.field("line", pa.int64()),
        pa.field("column", pa.string()),
        pa.field("before", pa.string()),
        pa.field("after", pa.string()),
        pa.field("rule", pa.string()),
        pa.field("detail", pa.string()),
    ]
)
"""Examples of what was changed on the way in: the cell as it was written and as it is published, the word
of the rule and one sentence. `Run.repairs` counts all of them."""


REPAIR_RULES = (
    "antimeridian_split",
    "axes_turned",
    "broken_span",
    "calendar_expired",
    "code_named",
    "code_without_name",
    "column_added",
    "column_gone",
    "crs_found",
    "curve_straightened",
    "day_number",
    "empty_geometry",
    "epoch",
    "figure_plain",
    "file_without_time",
    "files_not_read",
    "geometry_mended",
    "height_dropped",
    "hidden_sheet",
    "index_restored",
    "joined_header",
    "message_stale",
    "missing_mark",
    "month_first_day",
    "no_header",
    "rings_turned",
    "short_year",
    "title_rows",
    "type_changed",
    "unit_changed",
    "unit_converted",
    "unknown_route_id",
    "unknown_stop_id",
    "unknown_trip_id",
)
"""The words of all rules of repair, under which Run.repairs counts; pages have a name for each."""


@dataclass(frozen=True)
class Run:
    """What a run did for one dataset.

    read == published + rejected, in rows. `seconds` is from fetch to committed snapshot.
    `reasons` counts rejected rows by reason; `rejected_cells` counts values set aside in published rows.
    `inserted`, `updated` and `deleted` count rows against the former snapshot, None where that was not
    compared. `repairs` counts what was changed on the way by rule. `step` is the last step that was
    completed (`fetch`, `publish`), `state` what the source asked to be remembered for the next run.
    `worker` is the claim under which the run was made, None for one that nobody claimed.
    """

    run: str
    feed: str
    dataset: str
    status: Status
    trigger: Trigger = "command"
    requested: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    read: int = 0
    published: int = 0
    rejected: int = 0
    rejected_cells: int = 0
    bytes: int = 0
    seconds: float = 0.0
    reasons: Mapping[str, int] = field(default_factory=dict)
    snapshot: str | None = None
    error: str | None = None
    fingerprint: str | None = None
    inserted: int | None = None
    updated: int | None = None
    deleted: int | None = None
    repairs: Mapping[str, int] = field(default_factory=dict)
    step: str | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    worker: str | None = None

    @property
    def rows_per_second(self) -> float:
        """Rows read per second, 0 when nothing was timed."""
        return self.read / self.seconds if self.seconds > 0 else 0.0


class RunSchema(Schema):
    """All of a run but what compares it with the next one and says nothing to people."""

    run = fields.String(required=True)
    feed = fields.String(required=True)
    dataset = fields.String(required=True)
    status = fields.String(required=True)
    trigger = fields.String(required=True)
    requested = fields.AwareDateTime(allow_none=True, required=True, format="iso")
    started = fields.AwareDateTime(allow_none=True, required=True, format="iso")
    finished = fields.AwareDateTime(allow_none=True, required=True, format="iso")
    read = fields.Integer(required=True)
    published = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    rejected_cells = fields.Integer(required=True)
    bytes = fields.Integer(required=True)
    seconds = fields.Float(required=True)
    rows_per_second = fields.Float(required=True)
    reasons = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    snapshot = fields.String(allow_none=True, required=True)
    error = fields.String(allow_none=True, required=True)
    inserted = fields.Integer(allow_none=True, required=True)
    updated = fields.Integer(allow_none=True, required=True)
    deleted = fields.Integer(allow_none=True, required=True)
    repairs = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class RejectSchema(Schema):
    """A row of REJECTS."""

    line = fields.Integer(allow_none=True)
    scope = fields.String(required=True, validate=validate.OneOf(["row", "cell"]))
    column = fields.String(allow_none=True)
    value = fields.String(allow_none=True)
    reason = fields.String(required=True)
    detail = fields.String(allow_none=True)


@dataclass(frozen=True)
class FeedHealth:
    """How a feed fares.

    `status` is the worst outcome of its latest finished run, or that of a first run still going on; `error`
    its sentence, and `reason` the short word of why it failed or is held.
    `datasets` are the ids of its datasets with rows, `rows` their sum; `entries` counts those without.
    `state` and `since` when are None before a run has ended; `expected` is by when something new is
    promised, None where nothing is or no worker has read the promise yet. `last_change` is when rows last
    changed.
    """

    feed: str
    status: Status | None = None
    last_run: datetime | None = None
    last_success: datetime | None = None
    rows: int = 0
    entries: int = 0
    datasets: tuple[str, ...] = ()
    error: str | None = None
    reason: str | None = None
    state: State | None = None
    since: datetime | None = None
    expected: datetime | None = None
    last_change: datetime | None = None


class FeedHealthSchema(Schema):
    feed = fields.String(required=True)
    status = fields.String(allow_none=True)
    last_run = fields.AwareDateTime(allow_none=True, format="iso")
    last_success = fields.AwareDateTime(allow_none=True, format="iso")
    rows = fields.Integer()
    entries = fields.Integer()
    datasets = fields.List(fields.String())
    error = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    state = fields.String(allow_none=True)
    since = fields.AwareDateTime(allow_none=True, format="iso")
    expected = fields.AwareDateTime(allow_none=True, format="iso")
    last_change = fields.AwareDateTime(allow_none=True, format="iso")
