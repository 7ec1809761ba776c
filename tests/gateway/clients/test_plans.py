"""Plans are read from one file, and every fault in it is named."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from gateway.clients.plans import Limit, LimitSchema, Plan, PlanSchema, load_plans
from schemas.problem import BadInput

NEEDED = '[free]\ntitle = { en = "Free" }\nscopes = []\n[pages]\ntitle = { en = "Pages" }\nscopes = []\n'


def faults(tmp_path: Path, text: str) -> list[tuple[str, str, str | None]]:
    path = tmp_path / "plans.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load_plans(path)
    return [(error.where.removeprefix(f"{path}"), error.what, error.hint) for error in caught.value.errors]


def test_the_shipped_plans_have_what_the_gateway_needs(plans: dict[str, Plan]) -> None:
    assert set(plans) == {"anonymous", "free", "partner", "internal", "pages"}
    assert plans["internal"].limits == ()
    assert plans["anonymous"].limits[0].quota <= 60


def test_a_calendar_quota_is_announced_with_the_seconds_of_its_day_or_month(plans: dict[str, Plan]) -> None:
    assert plans["free"].limits[1:] == (
        Limit("day", 10_000, 86_400, "day"),
        Limit("month", 100_000, 2_592_000, "month"),
    )


def test_every_fault_of_the_file_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    limit = '{ name = "burst", quota = -1, window = 60 }'
    text = NEEDED.replace("scopes = []", f'limits = [{limit}]\nscopes = ["row:read"]\ntitel = 1', 1)
    found = {where: (what, hint) for where, what, hint in faults(tmp_path, text)}
    assert set(found) == {": free.limits.0.quota", ": free.scopes.0", ": free.titel"}
    assert found[": free.titel"][1] == "did you mean 'title'?"


@pytest.mark.parametrize(
    ("limit", "where"),
    [
        ('{ name = "burst", quota = 5 }', "limits.0.window"),
        ('{ name = "burst", quota = 5, window = 60, calendar = "day" }', "limits.0.window"),
        ('{ name = "burst", quota = 5, calendar = "week" }', "limits.0.calendar"),
        ('{ name = "a\\"b", quota = 5, window = 60 }', "limits.0.name"),
        ('{ name = "burst", quota = 1.5, window = 60 }', "limits.0.quota"),
        ('{ name = "b", quota = 1, window = 9 }, { name = "b", quota = 2, window = 9 }', "limits"),
    ],
)
def test_a_limit_that_means_nothing_is_refused(tmp_path: Path, limit: str, where: str) -> None:
    text = NEEDED.replace("scopes = []", f"limits = [{limit}]\nscopes = []", 1)
    assert [fault[0] for fault in faults(tmp_path, text)] == [f": free.{where}"]


def test_a_file_without_the_plan_that_sign_up_gives_is_refused(tmp_path: Path) -> None:
    assert faults(tmp_path, NEEDED.replace("[free]", "[fre]"))[0][2] == "add a table [free]"


@pytest.mark.parametrize("text", ["[free", "free = 1\n" + NEEDED.replace("[free]", "[other]")])
def test_what_is_no_table_is_a_clear_fault(tmp_path: Path, text: str) -> None:
    assert len(faults(tmp_path, text)) == 1


def test_a_plan_has_the_same_fields_as_its_schema() -> None:
    assert {field.name for field in fields(Plan)} == set(PlanSchema().fields)
    assert {field.name for field in fields(Limit)} == set(LimitSchema().fields)
