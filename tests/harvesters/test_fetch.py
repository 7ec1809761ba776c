"""What comes over HTTP is whole, bounded and from where it may come, or it is a fault that says why."""

from __future__ import annotations

import hashlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harvesters.faults import SourceRefused, SourceUnavailable
from harvesters.fetch import HttpFetch, Timeout
from harvesters.fetch.guard import Guard
from harvesters.secrets import Secret


def test_an_answer_lands_in_the_file_with_its_hash_and_its_name(site, to) -> None:
    url = site.body(
        "/a",
        "이름\n공원".encode(),
        Content_Type="text/csv; charset=utf-8",
        Content_Disposition='filename="p.csv"',
    )
    fetched = site.fetch()(url, to)
    assert to.read_text() == "이름\n공원"
    assert fetched.sha256 == hashlib.sha256(to.read_bytes()).hexdigest()
    assert (fetched.bytes, fetched.media_type, fetched.filename) == (13, "text/csv", "p.csv")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(site, to, status: int) -> None:
    site.body("/new", b"here")
    fetched = site.fetch()(site.body("/old", b"", status, Location="new?page=1"), to)
    assert fetched.url == site.url("/new?page=1")
    assert to.read_bytes() == b"here"


def test_redirects_in_a_circle_end(site, to) -> None:
    with pytest.raises(SourceUnavailable, match="5 redirects"):
        site.fetch()(site.body("/round", b"", 302, Location="/round"), to)


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:127.0.0.1]/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://a:b@127.0.0.1/",
    ],
)
def test_a_redirect_into_the_network_is_refused(site, to, target: str) -> None:
    with pytest.raises(SourceRefused):
        site.fetch()(site.body("/door", b"", 302, Location=target), to)
    assert not to.exists()


def test_a_resolver_that_changes_its_answer_gains_nothing(site, to) -> None:
    """The first look-up is public, every later one is the loopback: no socket may open to the site."""
    answers = iter([["192.0.2.1"]])
    guard = Guard(["192.0.2.1"], resolve=lambda host, port: next(answers, ["127.0.0.1"]))
    site.body("/secret", b"inside")
    fetch = HttpFetch(guard, timeout=Timeout(0.3, 0.3, 2), retries=1, sleep=lambda _: None)
    with pytest.raises((SourceRefused, SourceUnavailable)):
        fetch(f"http://rebind.example:{site.port}/secret", to)
    assert site.seen == []


def test_a_name_is_resolved_once_and_stays_in_the_host_header(site, to, respond) -> None:
    site.routes["/"] = lambda request: respond(request, request.headers["Host"].encode())
    guard = Guard([f"files.example:{site.port}"], resolve=lambda host, port: ["127.0.0.1"])
    HttpFetch(guard)(f"http://files.example:{site.port}/", to)
    assert to.read_text() == f"files.example:{site.port}"


def test_tls_checks_the_name_while_the_socket_goes_to_the_checked_address(tmp_path, to) -> None:
    with tls_site(tmp_path, "files.example") as (port, trusted):
        guard = Guard([f"127.0.0.1:{port}"], resolve=lambda host, number: ["127.0.0.1"])
        fetch = HttpFetch(guard, tls=trusted, sleep=lambda _: None)
        assert fetch(f"https://files.example:{port}/", to).bytes == 2
        with pytest.raises(SourceUnavailable, match="certificate"):
            fetch(f"https://other.example:{port}/", to)


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (400, SourceRefused),
        (401, SourceRefused),
        (403, SourceRefused),
        (404, SourceUnavailable),
        (410, SourceUnavailable),
        (429, SourceRefused),
        (500, SourceUnavailable),
        (503, SourceUnavailable),
        (204, SourceUnavailable),
        (206, SourceUnavailable),
        (304, SourceUnavailable),
    ],
)
def test_a_status_that_is_not_the_file_is_a_fault(site, to, status: int, fault: type[Exception]) -> None:
    with pytest.raises(fault, match=str(status)):
        site.fetch()(site.body("/a", b"", status), to)
    assert not to.exists()


def test_a_source_that_stumbles_is_asked_again(site, to, respond) -> None:
    statuses = iter([503, 500, 200])
    site.routes["/a"] = lambda request: respond(request, b"rows", next(statuses))
    pauses: list[float] = []
    assert site.fetch(sleep=pauses.append)(site.url("/a"), to).bytes == 4
    assert pauses == [2.0, 4.0]


def test_retries_end(site, to) -> None:
    with pytest.raises(SourceUnavailable):
        site.fetch(retries=1)(site.body("/a", b"", 500), to)
    assert len(site.seen) == 2


def test_retry_after_is_obeyed_as_seconds_and_as_a_date(site, to, respond) -> None:
    asked = iter([{"Retry_After": "7"}, {"Retry_After": "Mon, 02 Mar 2026 00:00:09 GMT"}])

    def answer(request) -> None:
        headers = next(asked, None)
        request.date_time_string = lambda *_: "Mon, 02 Mar 2026 00:00:00 GMT"
        respond(request, b"rows", 429 if headers else 200, **(headers or {}))

    site.routes["/a"] = answer
    pauses: list[float] = []
    site.fetch(sleep=pauses.append)(site.url("/a"), to)
    assert pauses == pytest.approx([7.0, 9.0], abs=0.5)


def test_a_source_that_asks_for_an_hour_ends_the_run(site, to) -> None:
    pauses: list[float] = []
    with pytest.raises(SourceRefused, match="429"):
        site.fetch(sleep=pauses.append)(site.body("/a", b"", 429, Retry_After="3600"), to)
    assert pauses == []


def test_a_port_where_nobody_listens_is_unavailable(to, free_port: int) -> None:
    fetch = HttpFetch(Guard([f"127.0.0.1:{free_port}"]), sleep=lambda _: None)
    with pytest.raises(SourceUnavailable, match="Connection refused"):
        fetch(f"http://127.0.0.1:{free_port}/a", to)


def test_a_source_that_says_nothing_is_given_up(site, to) -> None:
    site.routes["/a"] = lambda request: time.sleep(1)
    with pytest.raises(SourceUnavailable, match="timed out"):
        site.fetch(timeout=Timeout(1, 0.1, 5), retries=0)(site.url("/a"), to)


def test_a_drip_of_bytes_cannot_hold_a_run_beyond_its_time(site, to) -> None:
    """Each byte comes within the read time-out, headers and body alike; the whole does not."""

    def drip(request) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100:
            request.wfile.write(bytes([byte]))
            time.sleep(0.05)

    site.routes["/a"] = drip
    started = time.monotonic()
    with pytest.raises(SourceUnavailable):
        site.fetch(timeout=Timeout(1, 1, 0.5))(site.url("/a"), to)
    assert time.monotonic() - started < 5


def test_parameters_join_those_of_the_address_and_are_encoded_once(site, to, respond, query) -> None:
    site.routes["/a"] = lambda request: respond(request, repr(query(request)).encode())
    site.fetch()(site.url("/a?year=2018"), to, params={"serviceKey": "a+b/c==", "시도": "부산 광역시"})
    assert to.read_text() == repr({"year": "2018", "serviceKey": "a+b/c==", "시도": "부산 광역시"})


def test_a_fault_an_answer_and_a_log_never_show_a_secret(site, to, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    params = {"serviceKey": "sw+ordfish", "who": Secret("sw+ordfish"), "pageNo": "3"}
    with pytest.raises(SourceUnavailable, match="pageNo=3") as fault:
        site.fetch()(site.url("/missing"), to, params=params)
    fetched = site.fetch()(site.body("/a", b"rows"), to, params=params)
    for shown in (str(fault.value), fetched.url, caplog.text, repr(params["who"])):
        assert "ordfish" not in shown


@pytest.mark.parametrize(
    "url", ["http://0177.0.0.1/", "http://[::1/", "http://a:b:c/", "http://\0/", "", "/a.csv"]
)
def test_an_address_that_cannot_be_read_is_refused(to, url: str) -> None:
    with pytest.raises(SourceRefused):
        HttpFetch(Guard())(url, to)


class tls_site:
    """A server on this machine with a certificate for `name`; gives its port and who trusts it."""

    def __init__(self, folder: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem, secret = folder / "cert.pem", folder / "key.pem"
        pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, secret)
        self._context = context
        self._trusted = ssl.create_default_context(cafile=str(pem))

    def __enter__(self) -> tuple[int, ssl.SSLContext]:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self._listener.getsockname()[1], self._trusted

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        for plain in self._connections():
            try:
                with self._context.wrap_socket(plain, server_side=True) as stream:
                    stream.recv(65536)
                    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            except OSError:
                plain.close()

    def _connections(self) -> Iterator[socket.socket]:
        while True:
            try:
                yield self._listener.accept()[0]
            except OSError:
                return
