"""A subscription has its place in the log, is served by one at a time and never goes back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from published import places, readings, run

from catalogue import Catalogue, Subscription, webhook_secret

HOUR = timedelta(hours=1)


def subscribe(catalogue: Catalogue, **given) -> Subscription:
    asked = {"datasets": None, "kinds": ("published",)} | given
    return catalogue.subscriptions.add("app", "kim@example.org", "https://hooks.example/", **asked)


def publish(catalogue: Catalogue, count: int, id: str) -> None:
    landed = places(count)
    catalogue.publish(landed, run(landed, id))


def test_it_comes_back_as_it_was_made(catalogue: Catalogue) -> None:
    made = [subscribe(catalogue), subscribe(catalogue, datasets=["parks"], kinds=("withdrawn", "restored"))]
    found = catalogue.subscriptions.of("app")
    assert sorted(found, key=lambda each: each.id) == sorted(made, key=lambda each: each.id)
    assert catalogue.subscriptions.of("other") == []
    assert not catalogue.subscriptions.remove("other", made[0].id)
    assert catalogue.subscriptions.remove("app", made[0].id)
    assert catalogue.subscriptions.of("app") == [made[1]]


def test_nothing_is_taken_that_waits_for_nothing(catalogue: Catalogue) -> None:
    subscribe(catalogue)
    assert catalogue.subscriptions.take(HOUR) is None
    publish(catalogue, 1, "r1")
    assert catalogue.subscriptions.take(HOUR) is not None
    assert catalogue.subscriptions.take(HOUR) is None


def test_many_who_take_at_once_get_one_each(catalogue: Catalogue) -> None:
    for _ in range(4):
        subscribe(catalogue)
    publish(catalogue, 1, "r1")
    with ThreadPoolExecutor(8) as pool:
        taken = [
            each.result() for each in [pool.submit(catalogue.subscriptions.take, HOUR) for _ in range(12)]
        ]
    ids = [each.id for each in taken if each]
    assert len(ids) == len(set(ids)) <= 4
    while (one := catalogue.subscriptions.take(HOUR)) is not None:
        ids.append(one.id)
    assert len(ids) == len(set(ids)) == 4


def test_whoever_comes_late_does_not_put_it_back(catalogue: Catalogue, clock) -> None:
    subscribe(catalogue)
    publish(catalogue, 1, "r1")
    publish(catalogue, 2, "r2")
    slow = catalogue.subscriptions.take(HOUR)
    first = catalogue.subscriptions.next(slow)
    clock.move(hours=2)
    for _ in range(2):
        quick = catalogue.subscriptions.take(HOUR)
        catalogue.subscriptions.done(quick, catalogue.subscriptions.next(quick))
    catalogue.subscriptions.done(slow, first)
    catalogue.subscriptions.failed(slow, "too late", clock())
    (left,) = catalogue.subscriptions.of("app")
    assert (left.position, left.fault, left.attempts) == (catalogue.events.ends()[1], None, 0)


def test_what_does_not_concern_it_is_passed_over_at_once(catalogue: Catalogue) -> None:
    subscribe(catalogue, datasets=["parks"])
    catalogue.publish(readings(), run(readings(), "r1"))
    assert catalogue.subscriptions.take(HOUR) is None
    publish(catalogue, 3, "r2")
    again = catalogue.subscriptions.take(HOUR)
    assert catalogue.subscriptions.next(again).rows == 3


def test_each_has_a_secret_of_its_own() -> None:
    assert webhook_secret(b"k", "sub_1") != webhook_secret(b"k", "sub_2")
    assert webhook_secret(b"k", "sub_1") != webhook_secret(b"x", "sub_1")
    assert webhook_secret(b"k", "sub_1").startswith("whsec_")


def test_one_that_is_far_behind_without_being_concerned_is_brought_forward(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalogue.events.subscriptions.FAR", 2)
    made = subscribe(catalogue, datasets=["air"])
    for number in range(3):
        assert catalogue.subscriptions.of("app")[0].position == made.position
        publish(catalogue, number + 1, f"r{number}")
        assert catalogue.subscriptions.take(HOUR) is None
    assert catalogue.subscriptions.of("app")[0].position == catalogue.events.ends()[1]
    catalogue.publish(readings(), run(readings(), "r9"))
    taken = catalogue.subscriptions.take(HOUR)
    assert catalogue.subscriptions.next(taken).dataset == "air"
