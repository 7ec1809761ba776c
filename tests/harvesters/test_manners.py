"""A host is asked by a few at a time, not before the time it named, and over connections that are kept."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harvesters.faults import SourceRefused
from harvesters.fetch import HttpFetch, Timeout, lasting
from harvesters.fetch.guard import Guard
from harvesters.fetch.manners import LONGEST_REST, Manners


def test_no_more_than_a_few_ask_a_host_at_once(site, respond, tmp_path: Path) -> None:
    open_now, most, lock = 0, 0, threading.Lock()

    def answer(request) -> None:
        nonlocal open_now, most
        with lock:
            open_now += 1
            most = max(most, open_now)
        time.sleep(0.05)
        with lock:
            open_now -= 1
        respond(request, b"rows")

    site.routes["/a"] = answer
    fetch = site.fetch(manners=Manners(at_once=2, gap=0))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: fetch(site.url("/a"), tmp_path / str(n)), range(12)))
    assert most == 2


def test_requests_to_a_host_begin_apart_and_those_to_others_do_not_wait() -> None:
    manners = Manners(gap=0.5, clock=lambda: 100.0)
    assert [manners.pause("a.example") for _ in range(3)] == [0.0, 0.5, 1.0]
    assert manners.pause("b.example") == 0.0


def test_what_a_host_asks_of_one_feed_holds_for_all(site, to) -> None:
    fetch = site.fetch()
    busy = site.body("/busy", b"", 429, Retry_After="120")
    with pytest.raises(SourceRefused, match="429"):
        fetch(busy, to)
    with pytest.raises(SourceRefused, match=r"asked to be left alone, for 1\d\d seconds more"):
        fetch(site.body("/a", b"rows"), to)
    assert site.seen == ["/busy"]


def test_a_host_that_asks_for_years_is_left_alone_for_an_hour() -> None:
    manners = Manners(gap=0, clock=lambda: 100.0)
    manners.leave_alone("a.example", 1e9)
    assert manners.pause("a.example") == LONGEST_REST


def test_pauses_grow_and_differ() -> None:
    drawn = [Manners().backoff(attempt) for attempt in (0, 1, 2) for _ in range(50)]
    assert len(set(drawn)) > 100
    assert max(drawn[:50]) <= 2
    assert max(drawn[50:100]) <= 4
    assert 4 < max(drawn[100:]) <= 8


@pytest.fixture
def keeping(site, respond) -> set[object]:
    """`/a` answers over connections that it keeps; the connections that were opened."""
    lines: set[object] = set()

    def answer(request) -> None:
        lines.add(request.client_address)
        request.protocol_version = "HTTP/1.1"
        request.close_connection = request.headers["Connection"] == "close"
        respond(request, b"rows")

    site.routes["/a"] = answer
    return lines


def test_a_run_keeps_its_connection_and_closes_it_at_its_end(site, tmp_path: Path, keeping) -> None:
    with lasting(site.fetch()) as fetch:
        for number in range(5):
            assert fetch(site.url("/a"), tmp_path / str(number)).bytes == 4
    assert len(keeping) == 1
    for number in range(3):
        site.fetch()(site.url("/a"), tmp_path / str(number))
    assert len(keeping) == 4


def test_a_kept_connection_that_the_server_dropped_is_opened_anew(site, tmp_path: Path, respond) -> None:
    def answer(request) -> None:
        request.protocol_version = "HTTP/1.1"
        respond(request, b"rows")
        request.close_connection = True

    site.routes["/a"] = answer
    with lasting(site.fetch(retries=1)) as fetch:
        for number in range(5):
            assert fetch(site.url("/a"), tmp_path / str(number)).bytes == 4


def test_a_kept_connection_is_held_to_the_time_of_each_fetch(site, tmp_path: Path, respond) -> None:
    """The first fetch may last a minute; the second begins its own."""
    now = [0.0]

    def answer(request) -> None:
        now[0] += 35
        request.protocol_version, request.close_connection = "HTTP/1.1", False
        respond(request, b"rows")

    site.routes["/a"] = answer
    with lasting(site.fetch(timeout=Timeout(20, 20, 60), retries=0, clock=lambda: now[0])) as fetch:
        for number in range(3):
            assert fetch(site.url("/a"), tmp_path / str(number)).bytes == 4


def test_a_kept_connection_stays_with_the_address_that_was_admitted(site, tmp_path: Path, keeping) -> None:
    answers = iter([["127.0.0.1"]])
    guard = Guard([f"127.0.0.1:{site.port}"], resolve=lambda host, port: next(answers, ["10.0.0.7"]))
    with lasting(HttpFetch(guard, retries=0)) as fetch:
        for number in range(3):
            fetch(f"http://files.example:{site.port}/a", tmp_path / str(number))
        assert len(keeping) == 1
        with pytest.raises(SourceRefused, match=r"10\.0\.0\.7"):
            fetch(f"http://other.example:{site.port}/a", tmp_path / "other")


def test_an_answer_to_a_condition_may_be_that_nothing_changed(site, to) -> None:
    url = site.body("/a", b"", 304)
    fetched = site.fetch()(url, to, headers={"If-None-Match": '"v1"'})
    assert (fetched.unmodified, fetched.bytes, to.exists()) == (True, 0, False)
