"""What is told of clients over HTTP has the fields of its dataclass, and no secret among them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from marshmallow import Schema

from gateway.clients import Clients
from gateway.clients.applications import Application, ApplicationSchema
from gateway.clients.credentials import Key, KeySchema
from gateway.clients.people import Person, PersonSchema
from gateway.clients.usage import (
    DayUsage,
    DayUsageSchema,
    RouteUsage,
    RouteUsageSchema,
    Usage,
    UsageRecord,
    UsageSchema,
)


@pytest.mark.parametrize(
    ("dataclass", "schema"),
    [
        (Person, PersonSchema),
        (Application, ApplicationSchema),
        (Key, KeySchema),
        (Usage, UsageSchema),
        (DayUsage, DayUsageSchema),
        (RouteUsage, RouteUsageSchema),
    ],
)
def test_a_dataclass_and_its_schema_have_the_same_fields(dataclass: Any, schema: type[Schema]) -> None:
    assert [field.name for field in fields(dataclass)] == list(schema().fields)


def test_a_key_and_its_usage_are_told_as_plain_json(clients: Clients, key: tuple[Key, str]) -> None:
    clients.fold("one", [UsageRecord(0.0, key[0].application, None, "/rows", 200, 1, 2, 3)])
    assert KeySchema().dump(key[0]) == {
        "kid": key[0].kid,
        "application": key[0].application,
        "label": "first",
        "created": "2026-11-25T12:00:00+00:00",
        "expires": None,
        "revoked": None,
    }
    day = {"day": "1970-01-01", "requests": 1, "refused": 0, "rows": 1, "bytes": 2}
    assert UsageSchema().dump(clients.usage(key[0].application))["by_day"] == [day]
