"""A source's allowance is spent exactly, by all workers together, and comes back when its window ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from catalogue.allowances import Allowances, window_end

SEOUL = ZoneInfo("Asia/Seoul")
MIDNIGHT = datetime(2026, 3, 2, tzinfo=SEOUL)


@pytest.fixture
def allowances(database, clock) -> Allowances:
    return Allowances(database, clock)


def test_the_last_call_is_the_last(allowances) -> None:
    assert [allowances.spend("air", 3, "day", SEOUL) for _ in range(5)] == [None] * 3 + [MIDNIGHT] * 2


def test_many_workers_spend_exactly_what_there_is(allowances) -> None:
    with ThreadPoolExecutor(8) as workers:
        spent = list(workers.map(lambda _: allowances.spend("air", 25, "day", SEOUL), range(40)))
    assert spent.count(None) == 25


def test_a_new_day_begins_at_midnight_of_the_city(allowances, clock) -> None:
    allowances.spend("air", 1, "day", SEOUL)
    clock.now = datetime(2026, 3, 1, 14, 59, 59, tzinfo=UTC)
    assert allowances.spend("air", 1, "day", SEOUL) == MIDNIGHT
    clock.move(seconds=1)
    assert allowances.spend("air", 1, "day", SEOUL) is None


def test_names_are_counted_apart(allowances) -> None:
    assert allowances.spend("air", 1, "day", SEOUL) is None
    assert allowances.spend("water", 1, "day", SEOUL) is None


def test_a_larger_allowance_counts_at_once(allowances) -> None:
    allowances.spend("air", 1, "day", SEOUL)
    assert allowances.spend("air", 2, "day", SEOUL) is None


def test_the_sources_word_that_nothing_is_left_ends_with_the_window(allowances, clock) -> None:
    assert allowances.all_spent("air") is None
    assert allowances.spend_all("air", "day", SEOUL) == MIDNIGHT
    assert allowances.all_spent("air") == MIDNIGHT
    assert allowances.spend("air", 10**6, "day", SEOUL) == MIDNIGHT
    clock.move(hours=3)
    assert allowances.all_spent("air") is None
    assert allowances.spend("air", 1, "day", SEOUL) is None


@pytest.mark.parametrize(
    ("per", "end"),
    [
        ("minute", (2026, 12, 31, 23, 59)),
        ("hour", (2027, 1, 1, 0, 0)),
        ("day", (2027, 1, 1, 0, 0)),
        ("month", (2027, 1, 1, 0, 0)),
    ],
)
def test_a_window_ends_at_the_turn_of_the_clock(per, end) -> None:
    now = datetime(2026, 12, 31, 23, 58, 7, 9, tzinfo=SEOUL)
    assert window_end(now.astimezone(UTC), per, SEOUL) == datetime(*end, tzinfo=SEOUL)
