"""What happens to datasets is on record in one order, and whoever waits hears of it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from published import places, readings, run

from catalogue import Catalogue
from catalogue.events.watch import Watch
from schemas.event import Event, EventSchema


def publish(catalogue: Catalogue, count: int, id: str) -> str:
    landed = places(count)
    made = catalogue.publish(landed, run(landed, id)).snapshot
    assert made
    return made


def test_each_snapshot_is_an_event_that_names_its_forerunner_and_counts(catalogue: Catalogue) -> None:
    first = publish(catalogue, 5, "r1")
    second = publish(catalogue, 7, "r2")
    catalogue.publish(readings(), run(readings(), "r3"))
    one, two, three = catalogue.events.after(0)
    assert (one.kind, one.dataset, one.snapshot, one.previous, one.rows) == (
        "published", "parks", first, None, 5,
    )  # fmt: skip
    assert (two.snapshot, two.previous, two.inserted, two.updated, two.deleted) == (second, first, 2, 0, 0)
    assert one.id < two.id < three.id
    assert [event.id for event in catalogue.events.after(one.id, "air")] == [three.id]
    assert catalogue.events.ends() == (one.id, three.id)


def test_a_reversal_a_withdrawal_and_a_restoration_are_events_too(catalogue: Catalogue) -> None:
    first, second = publish(catalogue, 5, "r1"), publish(catalogue, 7, "r2")
    anew = catalogue.revert("parks", first, "kim@example.org").id
    catalogue.withdraw("parks", "kim@example.org")
    catalogue.restore("parks", "kim@example.org")
    told = [(event.kind, event.snapshot, event.previous) for event in catalogue.events.after(0)][2:]
    assert told == [("published", anew, second), ("withdrawn", anew, None), ("restored", anew, None)]


def test_an_append_is_an_event_and_one_that_brings_nothing_is_none(catalogue: Catalogue) -> None:
    for id in ("r1", "r2"):
        catalogue.append(readings(30), run(readings(30), id))
    catalogue.append(readings(60), run(readings(60), "r3"))
    assert [(event.rows, event.inserted) for event in catalogue.events.after(0)] == [(30, 30), (60, 30)]


def test_the_log_reaches_back_as_long_as_snapshots_are_kept_and_ids_are_never_given_twice(
    catalogue: Catalogue, clock
) -> None:
    publish(catalogue, 1, "r1")
    clock.move(days=50)
    publish(catalogue, 2, "r2")
    catalogue.collect_garbage({"parks": timedelta(days=60)})
    assert len(catalogue.events.after(0)) == 2
    clock.move(days=40)
    catalogue.collect_garbage({})
    (left,) = catalogue.events.after(0)
    assert left.rows == 2
    publish(catalogue, 3, "r3")
    assert catalogue.events.after(left.id)[0].id > left.id


def test_of_publications_at_once_none_appears_behind_one_that_was_seen(catalogue: Catalogue) -> None:
    """Whoever asks for what is behind the last id they saw misses nothing."""
    seen: list[int] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.extend(event.id for event in catalogue.events.after(seen[-1] if seen else 0))

    def land(number: int) -> None:
        landed = places(2)
        named = type(landed.dataset)(**{**vars(landed.dataset), "id": f"d{number}", "feed": f"d{number}"})
        landed = type(landed)(**{**vars(landed), "dataset": named})
        catalogue.publish(landed, run(landed, f"r{number}"))

    looker = threading.Thread(target=look)
    looker.start()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(land, range(24)))
    done.set()
    looker.join()
    seen.extend(event.id for event in catalogue.events.after(seen[-1]))
    assert seen == [event.id for event in catalogue.events.after(0)]
    assert len(seen) == 24


@pytest.fixture
def watch(catalogue: Catalogue):
    opened = Watch(catalogue.events, every=0.02)
    yield opened
    opened.close()


def test_many_who_wait_are_told_at_once_and_the_log_is_looked_at_once_for_all(
    catalogue: Catalogue, watch: Watch
) -> None:
    publish(catalogue, 1, "r1")
    _, newest = catalogue.events.ends()
    assert watch.after(newest, 0.05) == []
    with ThreadPoolExecutor(20) as pool:
        told = [pool.submit(watch.after, newest, 60) for _ in range(20)]
        time.sleep(0.1)
        assert sum(thread.name == "events" for thread in threading.enumerate()) <= 2
        publish(catalogue, 2, "r2")
        (expected,) = catalogue.events.after(newest)
        assert [each.result() for each in told] == [[expected]] * 20


def test_whoever_is_behind_what_the_watch_remembers_is_told_from_the_log(
    catalogue: Catalogue, watch: Watch
) -> None:
    publish(catalogue, 1, "r1")
    watch.after(99, 0.01)
    publish(catalogue, 2, "r2")
    assert [event.rows for event in watch.after(0, 60)] == [1, 2]


def test_closing_sends_home_who_waits(watch: Watch) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(watch.after, 0, 60)
        time.sleep(0.1)
        watch.close()
        assert waiting.result() == []
    assert time.monotonic() - began < 30


def test_an_event_has_the_members_that_its_schema_names() -> None:
    assert list(Event.__dataclass_fields__) == list(EventSchema().fields)
