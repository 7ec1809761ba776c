"""What stewards did, what they are told of rules and missing rows, and what they try and upload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from marshmallow import Schema, fields

DeedKind = Literal["approve", "revert", "withdraw", "restore", "archive", "upload", "remove"]


@dataclass(frozen=True)
class Deed:
    """What somebody did to what is published; `subject` is a dataset or a feed, `detail` says more."""

    at: datetime
    by: str
    deed: DeedKind
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)


class DeedSchema(Schema):
    at = fields.AwareDateTime(required=True, format="iso")
    by = fields.String(required=True)
    deed = fields.String(required=True)
    subject = fields.String(required=True)
    detail = fields.Dict(keys=fields.String(), required=True)


@dataclass(frozen=True)
class Fault:
    """A rule that set something of a dataset aside.

    `count` is how much of the latest run: 0 where the rule found nothing there. `column` is None where
    the rule is of no column; `scope` is that of schemas.run.REJECTS, `last_run` the run it was last seen in.
    """

    reason: str
    column: str | None
    scope: str
    count: int
    first_seen: datetime
    last_seen: datetime
    last_run: str


class FaultSchema(Schema):
    reason = fields.String(required=True)
    column = fields.String(allow_none=True, required=True)
    scope = fields.String(required=True)
    count = fields.Integer(required=True)
    first_seen = fields.AwareDateTime(required=True, format="iso")
    last_seen = fields.AwareDateTime(required=True, format="iso")
    last_run = fields.String(required=True)


@dataclass(frozen=True)
class Missing:
    """A row or an entry that its source no longer names: published `until` then, and gone afterwards."""

    id: str
    missed: datetime
    until: datetime


class MissingSchema(Schema):
    id = fields.String(required=True)
    missed = fields.AwareDateTime(required=True, format="iso")
    until = fields.AwareDateTime(required=True, format="iso")


@dataclass(frozen=True)
class Trial:
    """A dry run that somebody asked for; `file` is its upload, relative to the storage, if it has one.

    `asked` is what to try, `found` what came of it, None until `finished`. `claims` counts the workers that
    took it up.
    """

    trial: str
    requested: datetime
    by: str
    asked: Mapping[str, Any]
    file: str | None = None
    finished: datetime | None = None
    found: Mapping[str, Any] | None = None
    claims: int = 0

    @property
    def state(self) -> str:
        """queued, running or done."""
        return "done" if self.finished else "running" if self.claims else "queued"


@dataclass(frozen=True)
class UploadedFeed:
    """A feed that was uploaded: the text of its file, and its data (`file`, relative to the storage) under
    the `name` that it was given."""

    feed: str
    text: str
    uploaded: datetime
    by: str
    file: str | None = None
    name: str | None = None
