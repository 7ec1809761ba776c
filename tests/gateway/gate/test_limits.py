"""What a limit admits, in any window, on any day, and what it tells of itself."""

from __future__ import annotations

import tempfile
from bisect import bisect_right
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.clients.plans import Limit
from gateway.gate import Clock, EmbeddedLimiter
from gateway.gate.limits import Subject

APP = Subject("application", "app_one")
SEOUL = ZoneInfo("Asia/Seoul")


def per_minute(quota, name="burst"):
    return Limit(name, quota, 60)


def per_day(quota):
    return Limit("day", quota, 86_400, "day")


def most_in_any_window(times, window):
    """The most of sorted `times` in any half-open window that ends with one of them."""
    return max((n + 1 - bisect_right(times, end - window) for n, end in enumerate(times)), default=0)


def test_three_then_150_at_57_and_150_at_62_seconds_admit_at_most_100_in_any_minute(limiter, hands):
    limit, begin, admitted = per_minute(100), hands.steady, []
    for start, number in ((0, 3), (57.5, 150), (62, 150)):
        hands.steady = begin + start
        for _ in range(number):
            hands.go(0.001)
            if limiter.acquire(APP, [limit]).allowed:
                admitted.append(hands.steady)
    assert len(admitted) >= 100
    assert most_in_any_window(admitted, 60) == 100


def test_five_a_second_for_three_minutes_get_300_and_never_more_than_100_a_minute(limiter, hands):
    admitted = []
    for _ in range(900):
        if limiter.acquire(APP, [per_minute(100)]).allowed:
            admitted.append(hands.steady)
        hands.go(0.2)
    assert len(admitted) in {299, 300, 301}
    assert most_in_any_window(admitted, 60) == 100


@pytest.mark.parametrize("window", [1, 7, 60, 3600])
def test_steady_over_asking_gets_at_least_98_percent(limiter, hands, window):
    limit, rounds, admitted = Limit("burst", 50, window), 30, 0
    for _ in range(rounds * 500):
        admitted += limiter.acquire(APP, [limit]).allowed
        hands.go(window / 500)
    assert 0.98 * 50 * rounds <= admitted <= 50 * (rounds + 1)


STEPS = st.floats(0, 0.7) | st.sampled_from([0, 1 / 64, 1 / 63, 0.25, 1.0])


@settings(max_examples=80, deadline=None)
@given(
    quota=st.integers(0, 9),
    window=st.sampled_from([1, 3, 60]),
    steps=st.lists(st.tuples(STEPS, st.booleans()), max_size=120),
)
def test_no_trailing_window_holds_more_than_the_quota_and_who_waits_as_told_passes(quota, window, steps):
    now, limits, admitted = [10_000_000_000], [Limit("burst", quota, window)], []
    clock = Clock(lambda: 1.8e9, lambda: now[0], lambda: 7)
    with tempfile.TemporaryDirectory() as folder:
        limiter = EmbeddedLimiter(Path(folder), SEOUL, clock, {"application": 1, "address": 1})
        for step, obedient in steps:
            now[0] += round(step * window * 1e9)
            decision = limiter.acquire(APP, limits)
            if not decision.allowed and obedient and quota:
                now[0] += decision.retry_after * 1_000_000_000
                decision = limiter.acquire(APP, limits)
                assert decision.allowed
            if decision.allowed:
                admitted.append(now[0])
        limiter.close()
    assert most_in_any_window(admitted, window * 1_000_000_000) <= quota


def test_a_client_that_waits_as_told_passes_at_the_first_try_and_not_a_second_sooner(limiter, hands):
    limits = [per_minute(3), per_day(1000)]
    for _ in range(3):
        hands.go(10.3)
        assert limiter.acquire(APP, limits).allowed
    refused = limiter.acquire(APP, limits)
    assert refused.allowances[0].reset == refused.retry_after
    hands.go(refused.retry_after - 1)
    assert not limiter.acquire(APP, limits).allowed
    hands.go(1)
    assert limiter.acquire(APP, limits).allowed


def test_what_one_limit_refuses_costs_no_other_limit_anything(limiter):
    limits = [per_minute(50), per_minute(3, "narrow"), per_day(100)]
    decisions = [limiter.acquire(APP, limits) for _ in range(10)]
    assert sum(decision.allowed for decision in decisions) == 3
    assert decisions[-1].violated == (limits[1],)
    assert [left.remaining for left in decisions[-1].allowances] == [47, 0, 97]


def test_a_day_ends_at_midnight_in_the_city_and_retry_after_says_when(limiter, hands):
    hands.wall = datetime(2027, 3, 1, 23, 59, 30, tzinfo=SEOUL).timestamp()
    assert limiter.acquire(APP, [per_day(1)]).allowed
    assert limiter.acquire(APP, [per_day(1)]).retry_after == 30
    hands.go(29)
    assert not limiter.acquire(APP, [per_day(1)]).allowed
    hands.go(1)
    assert limiter.acquire(APP, [per_day(1)]).allowed


def test_a_month_lasts_until_the_first_of_the_next(limiter, hands):
    month = Limit("month", 2, 2_592_000, "month")
    hands.wall = datetime(2027, 12, 31, 12, tzinfo=SEOUL).timestamp()
    assert [limiter.acquire(APP, [month]).allowed for _ in range(3)] == [True, True, False]
    assert limiter.acquire(APP, [month]).retry_after == 12 * 3600
    hands.go(12 * 3600)
    assert limiter.acquire(APP, [month]).allowed


def test_a_wall_clock_set_forward_and_back_gives_no_day_twice_and_locks_nobody_out(limiter, hands):
    day = [per_day(5)]
    assert [limiter.acquire(APP, day).allowed for _ in range(6)].count(True) == 5
    for step in (-3600, 3600, 3 * 86_400, -3 * 86_400):
        hands.wall += step
        limiter.acquire(APP, day, 0)
    assert not limiter.acquire(APP, day).allowed
    hands.wall += 86_400
    assert [limiter.acquire(APP, day).allowed for _ in range(6)].count(True) == 5
    hands.wall -= 86_400
    assert not limiter.acquire(APP, day).allowed


def test_a_wall_clock_set_by_hours_changes_no_window(limiter, hands):
    limit = [per_minute(2)]
    assert limiter.acquire(APP, limit).allowed
    hands.wall -= 7200
    assert limiter.acquire(APP, limit).allowed
    hands.wall += 90_000
    refused = limiter.acquire(APP, limit)
    assert not refused.allowed
    assert refused.retry_after <= 61


def test_a_new_boot_forgets_windows_and_keeps_days(open_limiter, hands):
    limits = [per_minute(2), per_day(3)]
    first = open_limiter()
    assert [first.acquire(APP, limits).allowed for _ in range(3)] == [True, True, False]
    hands.boot, hands.steady = 8, 20.0
    second = open_limiter()
    assert second.acquire(APP, limits).allowed
    assert second.acquire(APP, limits).violated == (limits[1],)


def test_where_boots_have_no_names_a_steady_clock_that_began_anew_locks_nobody_out(open_limiter, hands):
    assert open_limiter().acquire(APP, [per_minute(1)]).allowed
    hands.steady = 3.0
    assert open_limiter().acquire(APP, [per_minute(1)]).allowed


def test_a_quota_of_nothing_refuses_and_tells_nobody_to_come_back(limiter):
    refused = limiter.acquire(APP, [per_minute(0), per_day(10)])
    assert (refused.allowed, refused.retry_after) == (False, None)
    assert refused.allowances[1].remaining == 10


def test_a_cost_beyond_the_quota_can_never_pass_and_one_within_is_spent_whole(limiter):
    assert limiter.acquire(APP, [per_minute(10)], 11).retry_after is None
    assert limiter.acquire(APP, [per_minute(10)], 10).allowances[0].remaining == 0
    with pytest.raises(ValueError, match="cost"):
        limiter.acquire(APP, [per_minute(10)], -1)


def test_looking_spends_nothing(limiter):
    for _ in range(5):
        assert limiter.acquire(APP, [per_minute(1)], 0).allowances[0].remaining == 1
    assert limiter.acquire(APP, [per_minute(1)]).allowed


def test_a_changed_quota_keeps_what_was_spent(limiter):
    for _ in range(8):
        limiter.acquire(APP, [per_minute(10)])
    assert limiter.acquire(APP, [per_minute(5)]).allowed is False
    assert limiter.acquire(APP, [per_minute(12)]).allowances[0].remaining == 3


def test_no_limits_are_no_limit(limiter):
    assert limiter.acquire(APP, ()).allowed


def test_a_flood_of_addresses_fills_the_table_and_none_passes_its_limit(open_limiter, hands):
    limiter, limits = open_limiter(buckets=1), [per_minute(3), per_day(5)]
    addresses = [Subject("address", f"10.0.{n // 250}.{n % 250}") for n in range(200)]
    passed = dict.fromkeys(addresses, 0)
    for _ in range(6):
        for address in addresses:
            passed[address] += limiter.acquire(address, limits).allowed
        hands.go(0.5)
    assert max(passed.values()) == 3
    # Sixteen have cells of their own; all others share one crowd.
    assert sum(passed.values()) == 16 * 3 + 3
    assert limiter.acquire(Subject("application", "app_two"), limits).allowed


def test_after_a_flood_there_is_room_again(open_limiter, hands):
    limiter, limits = open_limiter(buckets=1), [per_minute(2)]
    for n in range(300):
        limiter.acquire(Subject("address", f"address {n}"), limits)
    late = Subject("address", "late")
    assert not limiter.acquire(late, limits).allowed
    hands.go(62)
    assert [limiter.acquire(late, limits).allowed for _ in range(3)] == [True, True, False]
    assert [limiter.acquire(Subject("address", "later"), limits).allowed for _ in range(3)][:2] == [
        True,
        True,
    ]


def test_a_table_whose_crowds_are_full_too_refuses(open_limiter):
    limiter = open_limiter(buckets=1)
    for n in range(60):
        limiter.acquire(Subject("address", f"address {n}"), [per_minute(5, f"limit-{n}")])
    refused = limiter.acquire(Subject("address", "late"), [per_minute(5, "another")])
    assert (refused.allowed, refused.retry_after) == (False, 1)


def test_what_is_given_back_can_be_spent_again_and_only_once(open_limiter, hands) -> None:
    limiter, who = open_limiter(), Subject("address", "192.0.2.9")
    limits = (Limit("burst", 3, 60), Limit("day", 3, 86_400, "day"))
    moments = []
    for _ in range(3):
        moments.append(limiter.acquire(who, limits).at)
        hands.go(5)
    assert not limiter.acquire(who, limits).allowed
    assert moments[1] is not None
    assert [a.remaining for a in limiter.give_back(who, limits, moments[1]).allowances] == [1, 1]
    assert limiter.acquire(who, limits).allowed
    assert not limiter.acquire(who, limits).allowed


def test_what_is_given_back_late_changes_nothing_of_another_window(open_limiter, hands) -> None:
    limiter, who, limits = open_limiter(), Subject("address", "192.0.2.9"), (Limit("burst", 2, 60),)
    early = limiter.acquire(who, limits).at
    hands.go(70)
    for _ in range(2):
        assert limiter.acquire(who, limits).allowed
    assert early is not None
    assert limiter.give_back(who, limits, early).allowances[0].remaining == 0
    assert not limiter.acquire(who, limits).allowed
