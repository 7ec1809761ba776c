"""Requests at once take turns, in the order they came, and none is held up by one that only waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock

import pytest
from waiting import wait_for

from gateway.gate import Turns

LONG = 120.0
"""Seconds that no turn of these tests comes to."""


def served(work: Callable[[str], None], **turns: float) -> Callable[[str], bytes]:
    """An application that works as it is told by the path of a request."""
    return asked(turns_of(work, **turns))


def turns_of(work: Callable[[str], None], **turns: float) -> Turns:
    def app(environ, start_response):
        work(environ["PATH_INFO"])
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    return Turns(app, **turns)


def asked(turns: Turns) -> Callable[[str], bytes]:
    return lambda path: b"".join(turns({"PATH_INFO": path}, lambda *_: None))


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_work_at_once_than_may(at_once):
    working, most, lock = [0], [0], Lock()

    def work(_: str) -> None:
        with lock:
            working[0] += 1
            most[0] = max(most[0], working[0])
        time.sleep(0.002)
        with lock:
            working[0] -= 1

    ask, together = served(work, at_once=at_once, seconds=LONG), Barrier(12)

    def one(number: int) -> bytes:
        together.wait()
        return ask(f"/{number}")

    with ThreadPoolExecutor(12) as clients:
        assert list(clients.map(one, range(12))) == [f"/{number}".encode() for number in range(12)]
    assert most[0] == at_once


def test_those_who_wait_are_let_in_as_they_came():
    goes, came = Event(), []

    def work(path: str) -> None:
        came.append(path)
        if path == "/first":
            goes.wait(LONG)

    turns = turns_of(work, seconds=LONG)
    names = ["/first", *(f"/{number}" for number in range(6))]
    with ThreadPoolExecutor(len(names)) as clients:
        for name in names:
            before = len(came) + len(turns._waiting)
            clients.submit(asked(turns), name)
            wait_for(lambda before=before: len(came) + len(turns._waiting) > before)
        assert came == ["/first"]
        goes.set()
    assert came == names


def test_one_who_works_longer_than_a_turn_holds_up_nobody():
    goes, begun = Event(), []

    def work(path: str) -> None:
        if path == "/slow":
            begun.append(path)
            goes.wait(LONG)

    ask = served(work, seconds=0.01)
    with ThreadPoolExecutor(8) as clients:
        slow = [clients.submit(ask, "/slow") for _ in range(3)]
        wait_for(lambda: len(begun) == 3)
        assert [clients.submit(ask, "/quick").result(LONG) for _ in range(20)] == [b"/quick"] * 20
        assert not any(each.done() for each in slow)
        goes.set()


def test_a_fault_ends_the_turn_of_its_request():
    def work(path: str) -> None:
        if path == "/fault":
            raise LookupError(path)

    ask = served(work, seconds=LONG)
    for _ in range(3):
        with pytest.raises(LookupError):
            ask("/fault")
    assert ask("/next") == b"/next"
