"""States change with runs and with time; a change that lasts is told once, on both databases."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.engine import Engine

from catalogue.notices import FEED, Notice, Notices
from catalogue.states import Promise, States
from schemas.run import FeedHealth

WEBHOOK = ("webhook", "https://city.example/hook")
MAIL = ("mail", "steward@city.example")


@pytest.fixture
def states(database: Engine, clock) -> States:
    return States(database, clock)


@pytest.fixture
def notices(database: Engine, clock) -> Notices:
    return Notices(database, clock)


@pytest.fixture
def note(states: States, clock):
    """A look at a feed whose latest run ended so, now; how many changes are to be told."""
    health = FeedHealth("parks")

    def note(status: str | None = None, error: str | None = None) -> int:
        nonlocal health
        if status is not None:
            health = replace(health, status=status, error=error, last_run=clock())
        if status in ("published", "unchanged"):
            health = replace(health, last_success=clock())
        promise = Promise()
        if health.last_success:
            promise = Promise(
                health.last_success + timedelta(hours=2), health.last_success + timedelta(hours=6)
            )
        return states.note([health], {"parks": promise}, {"parks": [WEBHOOK, MAIL, MAIL]})

    note.shown = lambda: states.shown([health])[0]
    return note


def told(notices: Notices) -> list[tuple[str | None, str]]:
    """The changes told, the oldest first."""
    return [(change.former, change.state) for change in notices.changes()][::-1]


def test_a_feed_that_never_ran_has_no_state_and_one_that_is_fresh_from_the_start_is_no_news(
    note, notices: Notices
) -> None:
    assert note() == 0
    assert (note.shown().state, note.shown().since) == (None, None)
    assert note("published") == 0
    assert note.shown().state == "fresh"
    assert (told(notices), notices.take(timedelta(1))) == ([], None)


def test_late_and_stale_come_with_time_even_where_no_worker_looks(note, clock) -> None:
    start = clock()
    note("published")
    assert note.shown().expected == start + timedelta(hours=2)
    clock.move(hours=2)
    assert note.shown().state == "fresh"
    clock.move(seconds=1)
    assert (note.shown().state, note.shown().since) == ("late", start + timedelta(hours=2))
    clock.move(hours=4)
    assert (note.shown().state, note.shown().since) == ("stale", start + timedelta(hours=6))


def test_each_change_is_told_once_on_each_channel(note, notices: Notices, clock) -> None:
    note("published")
    clock.move(hours=3)
    assert note() == 1
    assert note() == 0
    late = [notices.take(timedelta(minutes=1)) for _ in range(3)]
    assert [each and (each.channel, each.address, each.state) for each in late] == [
        (*WEBHOOK, "late"),
        (*MAIL, "late"),
        None,
    ]
    assert late[0].detail.startswith("something new was expected by 2026-03-01T14:00:00")
    assert told(notices) == [("fresh", "late")]


def test_a_failing_feed_is_told_with_its_sentence_and_not_again_for_another(note, notices, clock) -> None:
    note("published")
    clock.move(hours=1)
    assert note("failed", "the source is away") == 1
    since = clock()
    clock.move(hours=2)
    assert note("failed", "the source is broken") == 0
    assert (note.shown().since, note.shown().error) == (since, "the source is broken")
    assert notices.changes()[0].detail == "the source is away"


def test_a_feed_that_comes_and_goes_is_told_of_once_an_hour(note, notices: Notices, clock) -> None:
    note("published")
    for _ in range(12):
        clock.move(minutes=5)
        note("failed", "away")
        clock.move(minutes=5)
        note("published")
    assert len(told(notices)) <= 3


def test_a_recovery_that_lasts_is_told_after_a_quarter_of_an_hour(note, notices: Notices, clock) -> None:
    note("published")
    clock.move(minutes=10)
    note("failed", "away")
    clock.move(minutes=5)
    assert note("published") == 0
    clock.move(minutes=14)
    assert note() == 0
    clock.move(minutes=1)
    assert note() == 1
    assert told(notices) == [("fresh", "failing"), ("failing", "fresh")]


def test_of_several_workers_that_see_a_change_one_tells(note, notices: Notices, clock) -> None:
    note("published")
    clock.move(hours=3)
    looks = [threading.Thread(target=note) for _ in range(6)]
    for look in looks:
        look.start()
    for look in looks:
        look.join(30)
    assert told(notices) == [("fresh", "late")]


def test_a_notice_is_taken_by_one_and_comes_back_when_its_worker_died(note, notices, clock) -> None:
    note("failed", "away")
    first = notices.take(timedelta(minutes=2))
    assert first == Notice(first.seq, "parks", clock(), None, "failing", "away", *WEBHOOK, 1)
    assert notices.take(timedelta(minutes=2)).channel == "mail"
    assert notices.take(timedelta(minutes=2)) is None
    clock.move(minutes=2)
    again = notices.take(timedelta(minutes=2))
    assert (again.seq, again.attempts) == (first.seq, 2)
    notices.done(again.seq)
    notices.failed(again.seq + 1, "no server", None)
    clock.move(days=1)
    assert notices.take(timedelta(minutes=2)) is None
    assert [(notice.channel, fault) for notice, fault in notices.unsent("parks")] == [("mail", "no server")]


def test_a_notice_that_did_not_get_through_is_tried_when_it_is_told_to(note, notices, clock) -> None:
    note("failed", "away")
    notice = notices.take(timedelta(minutes=2))
    notices.failed(notice.seq, "the receiver is away", clock() + timedelta(minutes=30))
    notices.done(notices.take(timedelta(minutes=2)).seq)
    clock.move(minutes=29)
    assert notices.take(timedelta(minutes=2)) is None
    clock.move(minutes=1)
    assert notices.take(timedelta(minutes=2)).seq == notice.seq
    assert [change.channel for change in notices.changes()] == [FEED]
