"""Events reach whoever subscribed: signed, in order, the missed ones after an outage, and never inside."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from published import places, readings, run

from catalogue import Catalogue, Subscription, open_catalogue, webhook_secret
from catalogue.search.embedded import Embedded
from config.migrations import upgrade
from harvesters.fetch.guard import Guard
from harvesters.fetch.post import Post
from harvesters.notices import Herald
from harvesters.notices.events import GIVEN_UP, Courier

KEY = b"k" * 32


@dataclass
class Clock:
    now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Receiver:
    """A web server that takes what is posted and answers with a status."""

    port: int
    status: int = 204
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def bodies(self) -> list[dict]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if receiver.status < 300:
                receiver.got.append((dict(self.headers), body))
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalogue(tmp_path: Path, clock: Clock) -> Iterator[Catalogue]:
    url = f"sqlite:///{tmp_path / 'entrepot.db'}"
    upgrade(url)
    search = Embedded(tmp_path / "search")
    opened = open_catalogue(url, tmp_path / "parts", search, index_folder=tmp_path / "derived", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def courier(catalogue: Catalogue, receiver: Receiver, clock: Clock) -> Courier:
    post = Post(Guard([f"127.0.0.1:{receiver.port}"]), seconds=5)
    return Courier(catalogue, post, KEY, clock=clock, base="https://data.example", chance=lambda: 1.0)


def subscribe(catalogue: Catalogue, url: str, **given) -> Subscription:
    asked = {"datasets": None, "kinds": ("published", "withdrawn", "restored")} | given
    return catalogue.subscriptions.add("app_1", "kim@example.org", url, **asked)


def publish(catalogue: Catalogue, count: int, id: str) -> None:
    landed = places(count)
    catalogue.publish(landed, run(landed, id))


def test_an_event_is_sent_signed_over_its_id_time_and_body(catalogue, courier, receiver, clock):
    made = subscribe(catalogue, receiver.url)
    publish(catalogue, 3, "r1")
    assert courier.deliver() == 1
    ((headers, body),) = receiver.got
    (event,) = catalogue.events.after(0)
    said = json.loads(body)
    assert (said["type"], said["timestamp"]) == ("dataset.published", "2026-03-01T12:00:00Z")
    assert (said["data"]["dataset"], said["data"]["rows"], said["data"]["id"]) == ("parks", 3, event.id)
    assert said["data"]["links"]["dataset"] == "https://data.example/api/v1/datasets/parks"
    id, seconds = headers["webhook-id"], headers["webhook-timestamp"]
    assert (id, seconds) == (f"evt_{event.id}", str(int(clock().timestamp())))
    key = base64.b64decode(webhook_secret(KEY, made.id).removeprefix("whsec_"))
    expected = hmac.new(key, f"{id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()
    assert courier.deliver() == 0


def test_only_what_was_asked_for_and_only_from_then_on(catalogue, courier, receiver):
    publish(catalogue, 1, "r0")
    subscribe(catalogue, receiver.url, datasets=["parks"], kinds=("published",))
    publish(catalogue, 2, "r1")
    catalogue.publish(readings(), run(readings(), "r2"))
    catalogue.withdraw("parks", "kim@example.org")
    courier.deliver()
    assert [each["data"]["rows"] for each in receiver.bodies] == [2]
    assert courier.deliver() == 0


def test_after_an_outage_exactly_the_missed_ones_come_in_order(catalogue, courier, receiver, clock):
    subscribe(catalogue, receiver.url)
    publish(catalogue, 1, "r1")
    courier.deliver()
    receiver.status = 503
    for count in range(2, 6):
        publish(catalogue, count, f"r{count}")
        courier.deliver()
        clock.now += timedelta(minutes=1)
    (failing,) = catalogue.subscriptions.of("app_1")
    assert (failing.attempts, failing.failing is not None) == (4, True)
    assert "503" in failing.fault
    receiver.status = 200
    clock.now += timedelta(hours=2)
    assert courier.deliver() == 4
    assert [each["data"]["rows"] for each in receiver.bodies] == [1, 2, 3, 4, 5]
    (fine,) = catalogue.subscriptions.of("app_1")
    assert (fine.failing, fine.fault, fine.attempts) == (None, None, 0)


def test_pauses_grow_and_one_that_fails_holds_up_no_other(catalogue, courier, receiver, clock):
    subscribe(catalogue, "http://127.0.0.1:1/closed")
    subscribe(catalogue, receiver.url)
    publish(catalogue, 1, "r1")
    assert courier.deliver() == 1
    pauses: list[float] = []

    def attempts() -> int:
        return max(each.attempts for each in catalogue.subscriptions.of("app_1"))

    for _ in range(4):
        began = clock.now
        while attempts() == len(pauses) + 1:
            clock.now += timedelta(seconds=5)
            courier.deliver()
        pauses.append((clock.now - began).total_seconds())
    assert pauses == [10, 20, 40, 80]


def test_after_days_it_is_switched_off_with_a_word_and_a_trial_that_gets_through_goes_on(
    catalogue, courier, receiver, clock
):
    made = subscribe(catalogue, receiver.url)
    receiver.status = 500
    publish(catalogue, 1, "r1")
    began = clock.now
    while clock.now - began < GIVEN_UP + timedelta(hours=3):
        courier.deliver()
        clock.now += timedelta(hours=1, minutes=1)
    (off,) = catalogue.subscriptions.of("app_1")
    assert off.disabled is not None
    herald = Herald(catalogue, {}, dict, clock=clock)
    herald.tell()
    ((told, fault),) = catalogue.notices.unsent("webhook-127.0.0.1")
    assert (told.channel, told.address, told.state) == ("mail", "kim@example.org", "disabled")
    assert made.id in told.detail
    assert "mail server" in fault
    receiver.status = 200
    publish(catalogue, 2, "r2")
    assert courier.deliver() == 0
    assert catalogue.subscriptions.ask("app_1", made.id)
    assert courier.deliver() == 3
    assert [each["type"] for each in receiver.bodies] == ["test", "dataset.published", "dataset.published"]
    assert catalogue.subscriptions.of("app_1")[0].disabled is None


def test_what_is_inside_the_city_is_never_reached(catalogue, receiver, clock):
    subscribe(catalogue, receiver.url)
    publish(catalogue, 1, "r1")
    guarded = Courier(catalogue, Post(Guard()), KEY, clock=clock)
    assert guarded.deliver() == 0
    assert receiver.got == []
    (refused,) = catalogue.subscriptions.of("app_1")
    assert "public Internet" in refused.fault


def test_two_couriers_send_each_event_once(catalogue, courier, receiver):
    for _ in range(3):
        subscribe(catalogue, receiver.url)
    for count in range(1, 6):
        publish(catalogue, count, f"r{count}")
    together = [threading.Thread(target=courier.deliver) for _ in range(4)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    courier.deliver()
    sent = [(headers["webhook-signature"], body) for headers, body in receiver.got]
    assert len(sent) == len(set(sent)) == 15


def test_one_whose_sender_died_is_sent_again_after_a_while_with_the_same_id(
    catalogue, courier, receiver, clock
):
    subscribe(catalogue, receiver.url)
    publish(catalogue, 1, "r1")
    assert catalogue.subscriptions.take(timedelta(minutes=2)) is not None
    assert courier.deliver() == 0
    clock.now += timedelta(minutes=3)
    assert courier.deliver() == 1
