"""Events as clients hear them: replayed from where they were, live, bounded, and told with their rows."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from published import places, readings
from waiting import LONGEST
from werkzeug.test import EnvironBuilder, run_wsgi_app

PARKS = "/api/v1/datasets/parks/events"


@dataclass
class Heard:
    """An event as a browser would dispatch it."""

    id: int
    kind: str
    data: dict[str, Any]


def blocks(text: str) -> tuple[list[Heard], int | None]:
    """The events of a stream, and the last id that it set."""
    heard, last = [], None
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        last = int(fields.get("id", last or 0))
        if "data" in fields:
            heard.append(Heard(last, fields["event"], json.loads(fields["data"])))
    return heard, last


def listen(house, path: str, **headers: str) -> tuple[list[Heard], int | None]:
    answer = house.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/event-stream"
    return blocks(answer.text)


@pytest.fixture
def quick(house):
    house.services.streams.seconds = 0.3
    house.services.streams.heartbeat = 0.1
    return house


def test_what_was_missed_is_told_in_order_from_the_last_id_on(quick):
    _, before = listen(quick, PARKS)
    quick.publish(places(20), "r-a")
    quick.publish(readings(30), "r-b")
    quick.publish(places(22), "r-c")
    heard, _ = listen(quick, PARKS, **{"Last-Event-ID": str(before)})
    assert [(each.kind, each.data["rows"], each.data["deleted"]) for each in heard] == [
        ("published", 20, 5), ("published", 22, 0),
    ]  # fmt: skip
    assert heard[1].data["previous"] == heard[0].data["snapshot"]
    assert (
        heard[1]
        .data["links"]["changes"]
        .endswith(f"changes?since={heard[0].data['snapshot']}&until={heard[1].data['snapshot']}")
    )
    later, _ = listen(quick, f"{PARKS}?last_event_id={heard[0].id}")
    assert [each.id for each in later] == [heard[1].id]
    every, _ = listen(quick, "/api/v1/events", **{"Last-Event-ID": str(before)})
    assert [each.data["dataset"] for each in every] == ["parks", "air", "parks"]


def test_what_happens_while_a_stream_is_open_comes_at_once_and_the_rest_moves_the_id_on(quick):
    quick.services.streams.seconds = LONGEST
    _, before = quick.catalogue.events.ends()
    others = threading.Timer(0.5, quick.publish, (readings(33), "r-b"))
    ours = threading.Timer(0.5, quick.publish, (places(21), "r-a"))
    others.start()
    body = opened(quick, f"{PARKS}?seconds={LONGEST:.0f}")
    text = ""
    for chunk in body:
        text += chunk.decode()
        if f": \nid: {before + 1}" in text and ours.ident is None:
            ours.start()
        if "data:" in text:
            break
    body.close()
    ((told,), last) = blocks(text)
    assert (told.data["dataset"], told.data["rows"]) == ("parks", 21)
    assert last == told.id
    assert ": \nid: " in text


def opened(house, path: str, **environ: Any) -> Any:
    built = EnvironBuilder(path=path.partition("?")[0], query_string=path.partition("?")[2]).get_environ()
    body, status, headers = run_wsgi_app(house.gate, built | {"REMOTE_ADDR": "127.0.0.1"} | environ)
    assert status.startswith("200"), status
    assert "Content-Encoding" not in headers
    assert headers["X-Accel-Buffering"] == "no"
    return body


def test_what_was_missed_is_told_as_long_as_a_stream_goes_and_the_rest_to_the_next(quick):
    _, before = listen(quick, PARKS)
    for number in range(8):
        quick.publish(places(5 + number), f"r-{number}")
    path, ids = f"{PARKS}?rows=true&seconds=1", []
    while not ids or ids[-1] < before + 8:
        began, text = time.monotonic(), ""
        for chunk in opened(quick, f"{path}&last_event_id={ids[-1] if ids else before}"):
            text += chunk.decode()
            time.sleep(0.15)  # A client that is slow to read.
        assert time.monotonic() - began < LONGEST
        ids += [each.id for each in blocks(text)[0]]
    assert ids == list(range(before + 1, before + 9))


def test_rows_that_are_few_come_with_their_event_and_are_counted(quick, key):
    _, before = listen(quick, PARKS)
    quick.publish(places(20), "r-a")
    path = f"{PARKS}?rows=true&last_event_id={before}"
    ((told,), _) = blocks(quick.get(path, key=key).text)
    assert [(row["_change"], row["_id"]) for row in told.data["changes"]] == [
        ("deleted", f"P{n:03}") for n in range(20, 25)
    ]
    usage = quick.get("/api/v1/usage", key=key).json
    assert (usage["requests"], usage["rows"]) == (1, 5)
    assert usage["bytes"] > 500


@pytest.mark.parametrize(("bound", "status"), [("each", 429), ("at_once", 503)])
def test_too_many_streams_are_refused_and_one_that_is_closed_makes_room(quick, caplog, bound, status):
    setattr(quick.services.streams.events, bound, 2)
    bodies = [opened(quick, PARKS) for _ in range(2)]
    refused = quick.get(PARKS)
    assert (refused.status_code, refused.json["type"]) == (status, "/problems/too-many-streams")
    assert int(refused.headers["Retry-After"]) > 0
    # A client that asks again and again must not fill the log with traces.
    told = [(name, level) for name, level, said in caplog.record_tuples if "type=too-many-streams" in said]
    assert told == ([("entrepot.gateway", logging.WARNING)] if status == 503 else [])
    assert all(record.exc_info is None for record in caplog.records)
    assert quick.get("/api/v1/datasets/parks/rows").status_code == 200
    bodies[0].close()
    listen(quick, PARKS)
    bodies[1].close()
    quick.ask(PARKS, method="HEAD")
    assert quick.services.streams.events.open == 0


def test_a_stream_whose_client_is_gone_gives_up_its_place_when_another_is_wanted(house, monkeypatch):
    monkeypatch.setattr("gateway.streams.PATIENCE", LONGEST)
    streams, heard = house.services.streams, threading.Event()
    streams.events.each, streams.seconds, streams.heartbeat = 1, 10 * LONGEST, 10 * LONGEST
    body = opened(house, PARKS)
    next(body)  # What every stream begins with.

    def gone() -> None:
        """A server finds out as soon as there is something to say, which without us is long from now."""
        next(body)
        heard.set()
        body.close()

    server = threading.Thread(target=gone)
    server.start()
    assert not heard.wait(0.1)
    opened(house, f"{PARKS}?seconds=1").close()
    server.join(LONGEST)
    assert heard.is_set()
    assert streams.events.open == 0


def test_a_place_in_the_log_that_is_no_more_or_not_yet_is_told(quick):
    _, newest = quick.catalogue.events.ends()
    heard, last = listen(quick, PARKS, **{"Last-Event-ID": str(newest + 100)})
    assert [each.kind for each in heard] == ["reset"]
    assert last == newest
    page = quick.get(f"/api/v1/events?format=json&last_event_id={newest + 100}").json
    assert (page["items"], page["complete"], page["last_event_id"]) == ([], False, newest)


def test_the_log_is_a_page_of_json_too(quick):
    page = quick.get("/api/v1/events?format=json").json
    assert [item["dataset"] for item in page["items"]] == ["parks", "air", "odd"]
    assert page["complete"]
    assert quick.get(f"/api/v1/events?format=json&last_event_id={page['last_event_id']}").json["items"] == []
    assert [i["dataset"] for i in quick.get("/api/v1/datasets/air/events?format=json").json["items"]] == [
        "air"
    ]


@pytest.mark.parametrize(
    ("query", "header", "status"),
    [
        ("?last_event_id=-1", "", 400), ("?last_event_id=x", "", 400), ("", "x", 400), ("", "1" * 30, 400),
        ("?seconds=0", "", 400), ("?seconds=301", "", 400), ("?format=xml", "", 400), ("?row=true", "", 400),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(still, query, header, status):
    headers = {"Last-Event-ID": header} if header else {}
    assert still.get(f"{PARKS}{query}", headers=headers).status_code == status


def test_events_of_no_dataset_are_not_found(still):
    assert still.get("/api/v1/datasets/none/events").status_code == 404


def test_a_stream_ends_by_itself(quick):
    began = time.monotonic()
    _, last = listen(quick, f"{PARKS}?seconds=1")
    assert time.monotonic() - began < LONGEST
    assert last == quick.catalogue.events.ends()[1]


def test_streams_end_when_the_catalogue_closes(open_house):
    with open_house() as house:
        body: Iterator[bytes] = opened(house, PARKS)
        next(body)
        threading.Timer(0.3, house.catalogue.watch.close).start()
        assert b"".join(body).count(b"data:") == 0


@pytest.mark.parametrize("by_token", [False, True])
def test_a_stream_whose_key_is_revoked_tells_nothing_more(quick, key, by_token):
    quick.services.streams.seconds = quick.services.streams.heartbeat = 10
    (kid,) = [each.kid for each in quick.clients.keys(quick.clients.application("bus-board").id)]
    sent = token_of(quick, kid, key) if by_token else key
    body = opened(quick, PARKS, HTTP_AUTHORIZATION=f"Bearer {sent}")
    assert b"retry" in next(body)
    quick.clients.revoke_key(kid, "kim@example.org")
    quick.publish(places(21), "r-a")
    assert b"".join(body) == b""


def token_of(house, kid: str, key: str) -> str:
    asked = {"grant_type": "client_credentials", "client_id": kid, "client_secret": key}
    answer = house.ask("/oauth/token", method="POST", data=asked)
    assert answer.status_code == 200, answer.text
    token: str = answer.json["access_token"]
    return token
