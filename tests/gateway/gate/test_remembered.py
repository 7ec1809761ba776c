"""Answers are given again while they stand, to those who may have them, and no others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder

from gateway.caller import CALLER, KEEP, ROUTE, ROWS, Caller, Keep
from gateway.clients.plans import Plan
from gateway.gate import Remembered

READER = Caller("key", Plan("free", ()), "app", "person", "kid", frozenset({"rows:read"}), "192.0.2.1")
STRANGER = Caller("token", Plan("free", ()), "app", "person", "kid", frozenset(), "192.0.2.1")


@dataclass
class City:
    """An application that counts how often it was asked, over one dataset whose snapshot a test sets."""

    snapshot: str | None = "s1"
    keep: Keep | None = field(default_factory=lambda: Keep("parks", "s1", "rows:read"))
    asked: int = 0
    size: int = 0

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        self.asked += 1
        if "rows:read" not in environ[CALLER].scopes:
            start("403 Forbidden", [("Content-Length", "0")])
            return []
        environ[ROUTE], environ[ROWS] = "/rows", 3
        if self.keep is not None:
            environ[KEEP] = self.keep
        body = f"answer {self.asked} {environ['QUERY_STRING']}".encode() + b"." * self.size
        headers = [("Content-Length", str(len(body))), ("ETag", '"t1"'), ("Content-Type", "text/plain")]
        start("200 OK", headers)
        return [body]

    def current(self, dataset: str) -> str:
        if self.snapshot is None:
            raise LookupError(dataset)
        return self.snapshot


def ask(
    app: Remembered, query: str = "", caller: Caller = READER, method: str = "GET", **headers: str
) -> tuple[int, bytes, dict[str, str], dict[str, Any]]:
    environ = EnvironBuilder("/rows", query_string=query, method=method).get_environ()
    environ |= {CALLER: caller} | {f"HTTP_{name}": value for name, value in headers.items()}
    told: list[Any] = []
    body = b"".join(app(environ, lambda *given: told.extend(given)))
    return int(told[0][:3]), body, dict(told[1]), environ


def test_an_answer_is_given_again_and_counted_as_before() -> None:
    city = City()
    app = Remembered(city, city.current)
    first, again = ask(app), ask(app)
    assert first[:3] == again[:3]
    assert city.asked == 1
    assert (again[3][ROUTE], again[3][ROWS]) == ("/rows", 3)
    assert KEEP not in first[3]


def test_another_question_and_another_language_of_answer_are_asked() -> None:
    city = City()
    app = Remembered(city, city.current)
    for query, accept in (("a=1", "text/csv"), ("a=2", "text/csv"), ("a=2", "application/json")):
        ask(app, query, ACCEPT=accept)
    assert city.asked == 3


@pytest.mark.parametrize("snapshot", ["s2", None])
def test_a_new_snapshot_and_a_withdrawal_are_seen_at_once(snapshot: str | None) -> None:
    city = City()
    app = Remembered(city, city.current)
    ask(app)
    city.snapshot = snapshot
    assert ask(app)[1] == b"answer 2 "


def test_a_pinned_answer_stands_through_new_snapshots_and_falls_with_its_dataset() -> None:
    city = City(keep=Keep("parks", None, "rows:read"))
    app = Remembered(city, city.current)
    ask(app)
    city.snapshot = "s2"
    assert ask(app)[1] == b"answer 1 "
    city.snapshot = None
    assert ask(app)[1] == b"answer 2 "


def test_who_lacks_the_scope_is_refused_by_the_application() -> None:
    city = City()
    app = Remembered(city, city.current)
    ask(app)
    assert ask(app, caller=STRANGER)[0] == 403
    assert ask(app)[1] == b"answer 1 "


@pytest.mark.parametrize(
    ("asked", "status"), [('"t1"', 304), ('W/"t1"', 304), ('"x", "t1"', 304), ("*", 304), ('"t2"', 200)]
)
def test_who_has_the_answer_is_told_so(asked: str, status: int) -> None:
    city = City()
    app = Remembered(city, city.current)
    ask(app)
    code, body, headers, environ = ask(app, IF_NONE_MATCH=asked)
    assert code == status
    if code == 304:
        assert (body, headers, environ.get(ROWS)) == (b"", {"ETag": '"t1"'}, None)


def test_what_no_view_lets_be_kept_is_asked_each_time() -> None:
    city = City(keep=None)
    app = Remembered(city, city.current)
    assert ask(app)[1] != ask(app)[1]
    city.keep = Keep("parks", "s1", "rows:read")
    for method in ("HEAD", "POST"):
        ask(app, method=method)
    assert city.asked == 4


@pytest.mark.parametrize("headers", [{"CACHE_CONTROL": "no-cache"}, {"RANGE": "bytes=0-5"}])
def test_who_wants_it_fresh_or_in_parts_gets_it_from_the_application(headers: dict[str, str]) -> None:
    city = City()
    app = Remembered(city, city.current)
    ask(app)
    assert ask(app, **headers)[1] == b"answer 2 "


def test_the_memory_has_an_end_and_the_oldest_goes_first() -> None:
    city = City(size=400_000)
    app = Remembered(city, city.current, megabytes=1)
    for query in ("a", "b", "c", "c", "b", "a"):
        ask(app, query)
    assert city.asked == 4


def test_what_was_asked_for_last_goes_last() -> None:
    city = City(size=400_000)
    app = Remembered(city, city.current, megabytes=1)
    for query in ("a", "b", "a", "c", "a"):
        ask(app, query)
    assert city.asked == 3


def test_an_answer_larger_than_a_megabyte_is_not_kept() -> None:
    city = City(size=1 << 20)
    app = Remembered(city, city.current)
    ask(app)
    ask(app)
    assert city.asked == 2
