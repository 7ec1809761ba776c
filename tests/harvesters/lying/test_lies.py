"""Whatever a source says instead of the truth, what is published stays until the truth is told again.

Each lie is told to each kind of source after a snapshot was published and the data changed. The run must
fail or wait with the evidence in its error, publish nothing and remember nothing; the next one, told the
truth, publishes. What is odd and yet whole is published.
"""

from __future__ import annotations

import gzip
import io
import logging
import re
import socket
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from liar import Asked, Kind, Lie, Reply, kinds, written

KINDS = kinds(Path(__file__).parent / "kinds")


def status(code: int, body: bytes = b"", **headers: str) -> Callable[[Reply, Asked], Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda told, asked: Reply(body, code, named, "Liar")


def body(data: bytes, **headers: str) -> Callable[[Reply, Asked], Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda told, asked: replace(told, body=data, headers=named)


def headers(**named: str) -> Callable[[Reply, Asked], Reply]:
    more = {name.replace("_", "-"): value for name, value in named.items()}
    return lambda told, asked: replace(told, headers={**told.headers, **more})


def circle(told: Reply, asked: Asked) -> Reply:
    return Reply(b"", 302, {"Location": asked.target})


def wire(write: Callable[[socket.socket, bytes], None]) -> Callable[[Reply, Asked], Reply]:
    return lambda told, asked: replace(told, wire=lambda line: write(line, told.body))


def chunked(line: socket.socket, data: bytes) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    line.sendall(b"%x\r\n%s\r\n" % (len(data), data))


def endless(line: socket.socket, data: bytes) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(100):
        line.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def drip(line: socket.socket, data: bytes) -> None:
    for byte in written(Reply(data)):
        line.sendall(bytes([byte]))
        time.sleep(0.02)


def silent(line: socket.socket, data: bytes) -> None:
    """Say nothing until the one who asked has gone."""
    line.settimeout(60)
    line.recv(1)


def two_lengths(line: socket.socket, data: bytes) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 9\r\n\r\n" + data)


def flood(line: socket.socket, data: bytes) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-Much: " + b"x" * 300_000 + b"\r\n\r\n" + data)


def gzipped(told: Reply, asked: Asked) -> Reply:
    return replace(
        told, body=gzip.compress(told.body)[:-9], headers={**told.headers, "Content-Encoding": "gzip"}
    )


def zipped(size: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("parks.csv", b"0" * size)
    return packed.getvalue()


PAGE = b"<!DOCTYPE html><html><body>Sorry, we are being rebuilt</body></html>"
UNSUCCESSFUL = b'{"success": false, "error": {"message": "Rate limit exceeded"}}'
BOMB = gzip.compress(b"0" * 80_000_000)
INSIDE = "not on the public Internet"
PAGE_TOLD = "is an HTML page|answered with a web page|answered html|its element is html"
STRANGE = f"{PAGE_TOLD}|not XML|is not JSON|list of items|no result code"
NOT_DATA = f"{STRANGE}|would unpack|unpacks to more|neither XML nor JSON|success: false|no data.json"

SILENCE, DRIP = "silence", "bytes that drip"
"""The lies that are waited for; all others are told however slow the machine is."""

LIES = (
    Lie("429", status(429, b"slow down"), "status 429"),
    Lie("429 for an hour", status(429, Retry_After="3600"), "status 429|left alone, for 3,600 seconds"),
    Lie("503", status(503), "status 503"),
    Lie("a refusal", status(403, PAGE), "status 403"),
    Lie("nothing found", status(404, PAGE), "status 404"),
    Lie("success false with 200", body(UNSUCCESSFUL, Content_Type="application/json"), NOT_DATA),
    Lie("a web page with 200", body(PAGE, Content_Type="text/csv"), STRANGE),
    Lie("an empty body", body(b""), "nothing|empty|not XML|is not JSON"),
    Lie("no content", status(204), "status 204"),
    Lie("a part", status(206, b"id,name", Content_Range="bytes 0-6/1000"), "status 206"),
    Lie("304 to who did not ask", status(304), "status 304"),
    Lie("a body shorter than its length", headers(Content_Length="99999"), "cut short"),
    Lie("chunks without an end", wire(chunked), "cut short"),
    Lie("two lengths", wire(two_lengths), "cut short"),
    Lie("a flood of headers", wire(flood), "cut short"),
    Lie("another protocol", wire(lambda line, _: line.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")), "cut short"),
    Lie("no word", wire(lambda line, _: None), "cut short|no connection"),
    Lie(SILENCE, wire(silent), "timed out"),
    Lie(DRIP, wire(drip), "time for the whole fetch is over|timed out"),
    Lie("a body without an end", wire(endless), "more than 2,000,000 bytes"),
    Lie("a body too large", headers(Content_Length="99999999"), "99,999,999 bytes"),
    Lie("a redirect to this machine", status(302, Location="http://127.0.0.1:1/"), INSIDE),
    Lie("a redirect to machine credentials", status(301, Location="http://169.254.169.254/"), INSIDE),
    Lie("a redirect to a file", status(307, Location="file:///etc/passwd"), "file: is not fetched"),
    Lie("a redirect in a circle", circle, "5 redirects"),
    Lie("a redirect to nowhere", status(302), "no address that can be read"),
    Lie("a redirect that colours", status(302, Location="http://127.0.0.1:1/%1b[31m?\x1b[31m"), "no address"),
    Lie("a bomb as coding", body(BOMB, Content_Encoding="gzip"), "more than 2,000,000 bytes"),
    Lie("a coding that ends early", gzipped, "ends before its end"),
    Lie("a coding nobody asked for", body(b"x", Content_Encoding="br"), "not asked for"),
    Lie("a coding in a coding", body(BOMB, Content_Encoding="gzip, gzip"), "not asked for"),
    Lie("a bomb as a ZIP file", body(zipped(80_000_000)), NOT_DATA),
    Lie("a bomb as a gzip file", body(BOMB), NOT_DATA),
    Lie("a type that is wrong", headers(Content_Type="image/png"), None),
    Lie("a type that is none", headers(Content_Type="\x1b[31m;;"), None),
)
CASES = [
    pytest.param(kind, lie, id=f"{kind.name}: {lie.name}")
    for kind in KINDS
    for lie in (*LIES, *kind.lies)
    if lie.name not in kind.blind_to
]


@pytest.mark.parametrize(("kind", "lie"), CASES)
def test_a_lie_changes_nothing_that_is_published(city, secrets, caplog, kind: Kind, lie: Lie) -> None:
    caplog.set_level(logging.DEBUG, "harvesters")
    before, changed = city.settled(kind), city.changed()
    city.liar.turn(changed, lie.tell)
    impatient = {"read": 0.5, "total": 1.5} if lie.name in (SILENCE, DRIP) else {}
    run = city.harvest(**impatient)
    if lie.evidence is None:
        assert run.status == "published", run.error
        assert city.published().rows == changed
    else:
        assert run.status in ("failed", "held"), run
        assert re.search(lie.evidence, run.error or ""), run.error
        assert (run.error or "").isprintable()
        assert city.published() == before

    city.liar.turn(changed, None)
    assert city.harvest().status == ("unchanged" if lie.evidence is None else "published")
    assert city.published().rows == changed
    for secret in secrets:
        assert secret not in caplog.text + str(run)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("addresses", [["10.0.0.7"], ["8.8.8.8", "127.0.0.2"], ["::ffff:127.0.0.1"], []])
def test_a_name_that_comes_to_lead_inside_is_not_followed(city, kind: Kind, addresses: list[str]) -> None:
    before = city.settled(kind)
    city.liar.turn(city.changed(), None)
    city.addresses = addresses
    run = city.harvest()
    assert run.status == "failed"
    assert re.search("not on the public Internet|no address is known", run.error or "")
    assert city.liar.asked == []
    assert city.published() == before
    city.addresses = ["127.0.0.1"]
    assert city.harvest().status == "published"


def test_an_answer_304_after_a_change_is_believed_until_the_server_changes_its_mind(city) -> None:
    """It cannot be told from the truth; the next ETag ends it."""
    kind = next(each for each in KINDS if each.name == "url")
    before, changed = city.settled(kind), city.changed()
    city.liar.turn(changed, status(304))
    assert city.harvest().status == "unchanged"
    assert city.published() == before
    city.liar.turn(changed, None)
    assert city.harvest().status == "published"
    assert city.published().rows == changed


def test_a_quota_that_is_said_to_be_spent_stops_all_calls_of_its_day(city) -> None:
    kind = next(each for each in KINDS if each.name == "data-go-kr")
    city.settled(kind)
    spent = next(lie for lie in kind.lies if lie.name == "a quota spent in the middle")
    changed = city.changed()
    city.liar.turn(changed, spent.tell)
    assert city.harvest().reasons == {"quota_spent": 0}
    city.liar.turn(changed, None)
    again = city.harvest(days=0)
    assert again.status == "failed"
    assert "next at 00:00 KST" in (again.error or "")
    assert city.liar.asked == []
    assert city.harvest().status == "published"


def test_every_kind_that_fetches_faces_every_lie() -> None:
    services = {"arcgis", "wfs", "ogc-features", "sensor-things", "ngsi-ld", "soda", "gbfs"}
    others = {"url", "data-go-kr", "seoul", "s3", "ckan", "csw", "dcat-us"}
    assert services | others <= {kind.name for kind in KINDS}
