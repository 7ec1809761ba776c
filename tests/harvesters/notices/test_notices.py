"""People and programs are told of changes once: signed, encrypted where possible, again where it failed."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from catalogue import Catalogue, Notice, Promise, open_catalogue
from catalogue.search.embedded import Embedded
from config.migrations import upgrade
from harvesters.faults import SourceRefused, SourceUnavailable
from harvesters.fetch.guard import Guard
from harvesters.fetch.post import Post
from harvesters.notices import Herald, Undelivered, next_try
from harvesters.notices.mail import Mail, MailServer, mail_server
from harvesters.notices.webhook import Webhook, signature, webhook_secret
from schemas.dataset import Text
from schemas.feed import Feed, NotifySpec, SourceSpec
from schemas.run import FeedHealth

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEY = b"k" * 32
NOTICE = Notice(7, "parks", NOW, "fresh", "failing", "the source is away", "webhook", "", 1)


@dataclass
class Receiver:
    """A web server that takes what is posted and answers with a status."""

    port: int
    status: int = 204
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook/s3cret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((self.path, dict(self.headers), body))
            self.send_response(receiver.status)
            self.send_header("Location", "http://127.0.0.1/elsewhere")
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


def webhook(receiver: Receiver, **environ: str) -> Webhook:
    post = Post(Guard([f"127.0.0.1:{receiver.port}"]), seconds=2)
    return Webhook(post, KEY, environ, clock=lambda: NOW)


def test_a_webhook_gets_the_change_signed_with_the_secret_of_its_address(receiver: Receiver):
    webhook(receiver).send(replace(NOTICE, address=receiver.url), "도시공원")
    ((path, headers, body),) = receiver.got
    assert path == "/hook/s3cret"
    assert json.loads(body) == {
        "id": "parks-7",
        "feed": "parks",
        "title": "도시공원",
        "state": "failing",
        "former": "fresh",
        "at": "2026-03-01T12:00:00Z",
        "detail": "the source is away",
    }
    assert headers["Entrepot-Id"] == "parks-7"
    stamp, mac = (part.partition("=")[2] for part in headers["Entrepot-Signature"].split(","))
    secret = webhook_secret(KEY, receiver.url)
    expected = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert (stamp, mac) == (str(int(NOW.timestamp())), expected)


def test_each_address_has_a_secret_of_its_own_and_another_body_another_signature():
    assert webhook_secret(KEY, "https://a.example/") != webhook_secret(KEY, "https://b.example/")
    assert webhook_secret(KEY, "https://a.example/") != webhook_secret(b"x" * 32, "https://a.example/")
    assert signature("whsec_1", 1, b"a") != signature("whsec_1", 1, b"b")
    assert signature("whsec_1", 1, b"a") != signature("whsec_1", 2, b"a")


def test_an_address_that_is_a_secret_is_read_from_the_environment(receiver: Receiver):
    told = replace(NOTICE, address="env:CHAT_HOOK")
    webhook(receiver, CHAT_HOOK=receiver.url).send(told, "Parks")
    assert len(receiver.got) == 1
    with pytest.raises(Undelivered, match="CHAT_HOOK is not set"):
        webhook(receiver).send(told, "Parks")


@pytest.mark.parametrize(
    ("status", "lasting"), [(500, False), (503, False), (429, False), (404, True), (410, True), (302, True)]
)
def test_what_a_receiver_answers_decides_whether_it_is_asked_again(receiver, status, lasting):
    receiver.status = status
    with pytest.raises(Undelivered, match=str(status)) as fault:
        webhook(receiver).send(replace(NOTICE, address=receiver.url), "Parks")
    assert fault.value.lasting is lasting
    assert "s3cret" not in str(fault.value)
    assert len(receiver.got) == 1


def test_a_message_does_not_reach_into_the_citys_network(receiver: Receiver):
    with pytest.raises(SourceRefused, match="not on the public Internet"):
        Post(Guard())(receiver.url, b"{}", {})
    assert receiver.got == []


def test_a_receiver_that_is_away_is_unavailable(receiver: Receiver, free_port: int):
    with pytest.raises(SourceUnavailable, match="no connection"):
        Post(Guard(["127.0.0.1"]), seconds=2)(f"http://127.0.0.1:{free_port}/", b"{}", {})


class Box:
    """A mailbox that refuses what it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[str, list[str], bytes]] = []
        self.refused: tuple[str, ...] = ()

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        self.got.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"


@pytest.fixture
def box(free_port: int) -> Iterator[tuple[Box, MailServer]]:
    box = Box()

    def authenticate(server, session, envelope, mechanism, data) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password == b"pa:ss"
        return AuthResult(success=good, handled=False)  # The server is to tell the client itself.

    options = {"authenticator": authenticate, "auth_require_tls": False, "auth_required": False}
    controller = Controller(box, "127.0.0.1", free_port, ready_timeout=120, **options)
    controller.start()
    yield box, mail_server(f"smtp://city:pa%3Ass@127.0.0.1:{free_port}?from=data@city.example")
    controller.stop()


def to(address: str) -> Notice:
    return replace(NOTICE, channel="mail", address=address)


def test_a_mail_says_what_changed_in_both_languages_and_keeps_its_id(box):
    letters, server = box
    Mail(server).send(to("steward@city.example"), "도시공원\r\nBcc: all@city.example")
    ((sender, recipients, content),) = letters.got
    assert (sender, recipients) == ("data@city.example", ["steward@city.example"])
    from email import message_from_bytes
    from email.policy import default

    message = message_from_bytes(content, policy=default)
    assert message["Subject"] == "[Entrepot] 도시공원 Bcc: all@city.example: 실패 / failing"
    assert message["Bcc"] is None
    assert message["Message-ID"] == "<parks-7@city.example>"
    assert "the source is away" in message.get_content()


def test_a_mailbox_that_is_not_there_is_given_up_and_a_wrong_password_is_not_quoted(box):
    letters, server = box
    letters.refused = ("gone@city.example",)
    with pytest.raises(Undelivered, match="no such user") as fault:
        Mail(server).send(to("gone@city.example"), "Parks")
    assert fault.value.lasting
    with pytest.raises(Undelivered, match="SMTPAuthenticationError") as fault:
        Mail(replace(server, password="wrong")).send(to("steward@city.example"), "Parks")
    assert not fault.value.lasting
    assert "wrong" not in str(fault.value)


def test_a_password_is_not_sent_in_the_clear_to_another_machine(box, monkeypatch: pytest.MonkeyPatch):
    letters, server = box
    monkeypatch.setattr("socket.getaddrinfo", _to_loopback)
    with pytest.raises(Undelivered, match="no encryption"):
        Mail(replace(server, host="mail.city.example")).send(to("steward@city.example"), "Parks")
    assert letters.got == []


def _to_loopback(host: str, port: int, *arguments: object, **named: object) -> list[tuple[object, ...]]:
    import socket

    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


@pytest.mark.parametrize(
    "url",
    [
        "mail.city:25",
        "http://mail",
        "smtp://",
        "smtp://u@h",
        "smtp://h?to=a@b.example",
        "smtp://h?from=nobody@",
    ],
)
def test_an_address_of_no_mail_server_is_refused(url: str):
    with pytest.raises(ValueError):  # noqa: PT011  (the setting says it in its own words)
        mail_server(url)


def test_pauses_grow_and_end_after_a_day():
    pauses = [next_try(replace(NOTICE, attempts=tries), NOW, 1.0) - NOW for tries in (1, 2, 3, 30)]
    assert pauses == [
        timedelta(seconds=60),
        timedelta(seconds=120),
        timedelta(seconds=240),
        timedelta(hours=2),
    ]
    assert next_try(NOTICE, NOW, 0.0) - NOW == timedelta(seconds=30)
    assert next_try(NOTICE, NOW + timedelta(hours=24), 0.0) is None


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    url = f"sqlite:///{tmp_path / 'entrepot.db'}"
    upgrade(url)
    opened = open_catalogue(
        url, tmp_path / "parts", Embedded(tmp_path / "search"), index_folder=tmp_path / "derived"
    )
    yield opened
    opened.close()


def test_a_change_goes_once_to_the_feeds_addresses_and_the_citys(catalogue, receiver, box):
    letters, server = box
    notify = NotifySpec(email=("steward@city.example",), webhook=(receiver.url,))
    feed = Feed("parks", Text("도시공원"), "부산", "KOGL-1", SourceSpec("file"), notify=notify)
    channels = {"webhook": webhook(receiver), "mail": Mail(server)}
    city = (("mail", "operator@city.example"), ("mail", "steward@city.example"))
    herald = Herald(catalogue, channels, lambda: {"parks": feed}, clock=lambda: datetime.now(UTC), city=city)
    health = FeedHealth("parks", "failed", last_run=NOW, error="the source is away")
    for _ in range(2):
        catalogue.states.note([health], {"parks": Promise()}, {"parks": herald.addresses(feed)})
    assert herald.tell() == 3
    assert herald.tell() == 0
    assert sorted(recipients for _, recipients, _ in letters.got) == [
        ["operator@city.example"],
        ["steward@city.example"],
    ]
    assert len(receiver.got) == 1


def test_a_receiver_that_was_away_is_told_later_and_holds_up_nobody(catalogue, receiver, box):
    letters, server = box
    now = datetime.now(UTC)
    feed = Feed("parks", Text("도시공원"), "부산", "KOGL-1", SourceSpec("file"))
    herald = Herald(
        catalogue, {"webhook": webhook(receiver), "mail": Mail(server)}, lambda: {"parks": feed},
        clock=lambda: now - timedelta(minutes=2), chance=lambda: 0.0,
    )  # fmt: skip
    receiver.status = 503
    addresses = [("webhook", receiver.url), ("mail", "steward@city.example")]
    health = FeedHealth("parks", "failed", last_run=NOW, error="the source is away")
    catalogue.states.note([health], {"parks": Promise()}, {"parks": addresses})
    assert herald._send(catalogue.notices.take(timedelta(minutes=5))) is False
    assert len(letters.got) == 0
    receiver.status = 204
    assert herald.tell() == 2
    assert [headers["Entrepot-Id"] for _, headers, _ in receiver.got] == ["parks-2", "parks-2"]


def test_without_a_mail_server_the_operator_reads_it_in_the_log(catalogue, caplog):
    feed = Feed("parks", Text("도시공원"), "부산", "KOGL-1", SourceSpec("file"))
    herald = Herald(catalogue, {}, lambda: {"parks": feed}, clock=lambda: datetime.now(UTC))
    health = FeedHealth("parks", "failed", last_run=NOW, error="the source is away")
    catalogue.states.note([health], {"parks": Promise()}, {"parks": [("mail", "steward@city.example")]})
    assert herald.tell() == 0
    assert "도시공원 is failing; the source is away" in caplog.text
    ((notice, fault),) = catalogue.notices.unsent("parks")
    assert (notice.channel, "ENTREPOT_SMTP_URL" in fault) == ("mail", True)
