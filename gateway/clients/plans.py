"""The plans an application can be on: limits and scopes, read from one TOML file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from schemas.dataset import Text, TextSchema
from schemas.problem import BadInput, InputError, did_you_mean

Calendar = Literal["day", "month"]
CALENDAR_SECONDS: Mapping[str, int] = {"day": 86_400, "month": 2_592_000}
"""The window a calendar quota is announced with; a month counts as 30 days there."""

SCOPES: Mapping[str, Text] = {
    "catalogue:read": Text("데이터 목록 읽기", "Read the catalogue"),
    "rows:read": Text("데이터 행 읽기", "Read the rows of datasets"),
    "usage:read": Text("사용량 보기", "See the application's usage"),
}
SIGN_UP_PLAN = "free"
PAGES_PLAN = "pages"
# Header strings of structured fields, so only what needs no escaping there.
_LIMIT_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True)
class Limit:
    """At most `quota` requests in any trailing `window` seconds, or in each `calendar` day or month."""

    name: str
    quota: int
    window: int
    calendar: Calendar | None = None


@dataclass(frozen=True)
class Plan:
    """What an application may do; no limits means unlimited."""

    name: str
    title: Text
    limits: tuple[Limit, ...] = ()
    scopes: tuple[str, ...] = ()


class LimitSchema(Schema):
    name = fields.String(required=True, validate=validate.Regexp(_LIMIT_NAME.pattern + r"\Z"))
    quota = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=10**15 - 1))
    window = fields.Integer(strict=True, validate=validate.Range(min=1, max=31_622_400))
    calendar = fields.String(validate=validate.OneOf(sorted(CALENDAR_SECONDS)), allow_none=True)

    @validates_schema
    def one_kind(self, data: dict[str, Any], **kwargs: Any) -> None:
        if ("window" in data) == ("calendar" in data):
            raise ValidationError('takes either window = SECONDS or calendar = "day" or "month"', "window")

    @post_load
    def build(self, data: dict[str, Any], **kwargs: Any) -> Limit:
        window = data.get("window") or CALENDAR_SECONDS[data["calendar"]]
        return Limit(data["name"], data["quota"], window, data.get("calendar"))


class PlanSchema(Schema):
    name = fields.String(dump_only=True)
    title = fields.Nested(TextSchema, required=True)
    limits = fields.List(fields.Nested(LimitSchema))
    scopes = fields.List(fields.String(validate=validate.OneOf(sorted(SCOPES))), required=True)

    @validates_schema
    def distinct(self, data: dict[str, Any], **kwargs: Any) -> None:
        names = [limit.name for limit in data.get("limits", ())]
        if len(set(names)) != len(names):
            raise ValidationError("two limits of a plan have the same name", "limits")
        if not any(data["title"].values()):
            raise ValidationError("needs ko or en", "title")


def load_plans(path: Path) -> dict[str, Plan]:
    """The plans of a TOML file by name; raises BadInput with every fault, OSError if it cannot be read."""
    tables = _tables(path)
    plans: dict[str, Plan] = {}
    faults: list[InputError] = []
    for name, table in tables.items():
        try:
            plans[name] = _plan(name, table)
        except ValidationError as error:
            faults += _faults(f"{path}: {name}", error.messages)
    faults += [
        InputError(str(path), f"the plan {name!r} is missing", f"add a table [{name}]")
        for name in (SIGN_UP_PLAN, PAGES_PLAN)
        if name not in tables
    ]
    if faults:
        raise BadInput(faults)
    return plans


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput([InputError(str(path), f"is not TOML: {error}", "see config/plans.toml")]) from error


def _plan(name: str, table: object) -> Plan:
    if not isinstance(table, dict):
        raise ValidationError("a plan is a table: [name]")
    loaded = PlanSchema().load(table)
    return Plan(
        name=name,
        title=Text(**loaded["title"]),
        limits=tuple(loaded.get("limits", ())),
        scopes=tuple(loaded["scopes"]),
    )


def _faults(where: str, messages: Any) -> Iterator[InputError]:
    """Marshmallow's nested messages as one fault each, named as in `plans.toml: free.limits.0.quota`."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _faults(where if key == "_schema" else f"{where}.{key}", inner)
        return
    known = {*PlanSchema().load_fields, *LimitSchema().fields, *TextSchema().fields}
    for message in messages:
        unknown = message == "Unknown field."
        yield InputError(where, message, did_you_mean(where.rsplit(".", 1)[1], known) if unknown else None)
