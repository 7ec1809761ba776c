"""A body is whole, decoded, bounded and named, or it is a fault."""

from __future__ import annotations

import gzip
import hashlib
import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from harvesters.faults import SourceIncomplete, SourceRefused, SourceUnavailable, Unreadable
from harvesters.fetch import Timeout
from harvesters.fetch.body import filename


def test_a_body_shorter_than_it_says_is_incomplete(site, to) -> None:
    with pytest.raises(SourceIncomplete, match="cut short"):
        site.fetch()(site.body("/a", b"half", Content_Length="8"), to)
    assert not to.exists()


def test_a_body_cut_short_once_is_fetched_again(site, to, respond) -> None:
    lengths = iter(["8", "4"])
    site.routes["/a"] = lambda request: respond(request, b"rows", Content_Length=next(lengths))
    assert site.fetch()(site.url("/a"), to).bytes == 4


def test_a_chunked_body_without_its_end_is_incomplete(site, to) -> None:
    def answer(request) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        request.wfile.write(b"4\r\nrows\r\n")

    site.routes["/a"] = answer
    with pytest.raises(SourceIncomplete):
        site.fetch()(site.url("/a"), to)


@pytest.mark.parametrize("headers", [{}, {"Content_Length": "2001"}, {"Content_Length": "99999999999999"}])
def test_a_body_larger_than_the_cap_is_refused(site, to, headers: dict[str, str]) -> None:
    with pytest.raises(SourceRefused, match="1,000"):
        site.fetch(max_bytes=1000)(site.body("/a", b"x" * 2001, **headers), to)
    assert not to.exists()


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("GZIP", lambda body: gzip.compress(body[:5]) + gzip.compress(body[5:]) + b"\0\0\0"),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
        ("identity", bytes),
    ],
)
def test_a_coded_body_is_decoded(site, to, coding: str, pack: Callable[[bytes], bytes]) -> None:
    body = b"rows and rows " * 300_000
    fetched = site.fetch()(site.body("/a", pack(body), Content_Encoding=coding), to)
    assert to.read_bytes() == body
    assert fetched.sha256 == hashlib.sha256(body).hexdigest()


def test_a_body_larger_than_the_disk_is_refused_before_it_fills_it(site, to) -> None:
    url = site.body("/a", b"x", Content_Length=str(1 << 59))
    with pytest.raises(SourceUnavailable, match="has room for"):
        site.fetch(max_bytes=1 << 60)(url, to)


def test_a_disk_that_is_full_is_a_fault(site) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with pytest.raises(SourceUnavailable, match="No space left"):
        write_to_full(site)


def write_to_full(site) -> None:
    class Full(type(Path())):  # type: ignore[misc]
        def unlink(self, missing_ok: bool = False) -> None:
            """The device stays."""

    site.fetch()(site.body("/a", b"x" * 100_000), Full("/dev/full"))


@pytest.mark.parametrize("kept", [True, False])
def test_a_bomb_within_the_cap_is_told_by_its_growth(site, to, kept: bool) -> None:
    """80 MB from 80 kB are a bomb; as many from a text that says something are not."""
    text = os.urandom(500_000).hex().encode() * 80 if kept else b"\0" * 80_000_000
    url = site.body("/a", gzip.compress(text, 1), Content_Encoding="gzip")
    if kept:
        assert site.fetch()(url, to).bytes == 80_000_000
    else:
        with pytest.raises(SourceRefused, match="as in a bomb"):
            site.fetch()(url, to)


def test_a_large_body_may_take_longer_than_a_fetch(site, to) -> None:
    """It comes with a million bytes a second and more; one that drips does not."""

    def answer(request) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(12):
            request.wfile.write(b"x" * 2_000_000)
            time.sleep(0.1)

    site.routes["/a"] = answer
    assert site.fetch(timeout=Timeout(10, 10, 0.5), retries=0)(site.url("/a"), to).bytes == 24_000_000


def test_a_gzip_bomb_stops_at_the_cap(site, to) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    with pytest.raises(SourceRefused, match="1,000,000"):
        site.fetch(max_bytes=1_000_000)(site.body("/a", bomb, Content_Encoding="gzip"), to)
    assert not to.exists()


def test_a_coded_body_that_ends_early_is_incomplete(site, to) -> None:
    with pytest.raises(SourceIncomplete):
        site.fetch()(site.body("/a", gzip.compress(b"rows" * 999)[:-9], Content_Encoding="gzip"), to)


@pytest.mark.parametrize(
    ("coding", "body"), [("gzip", b"no gzip at all"), ("br", b"x"), ("gzip, gzip", b"x")]
)
def test_a_body_that_cannot_be_decoded_is_unreadable(site, to, coding: str, body: bytes) -> None:
    with pytest.raises(Unreadable):
        site.fetch()(site.body("/a", body, Content_Encoding=coding), to)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b'attachment; filename="parks.csv"', "parks.csv"),
        (b"attachment; filename=parks.csv; size=3", "parks.csv"),
        ('attachment; filename="공원.csv"'.encode("cp949"), "공원.csv"),
        ('attachment; filename="공원.csv"'.encode(), "공원.csv"),
        (b"attachment; filename=%EA%B3%B5%EC%9B%90.csv", "공원.csv"),
        (b"attachment; filename=\"x.csv\"; filename*=UTF-8''%EA%B3%B5%EC%9B%90.csv", "공원.csv"),
        (rb'attachment; filename="a\"b.csv"', 'a"b.csv'),
        (b'attachment; filename="../../etc/passwd"', "passwd"),
        (rb"attachment; filename=C:\temp\parks.xls", "parks.xls"),
        (b"inline", None),
        (b'attachment; filename=""', None),
    ],
)
def test_a_file_name_is_read_as_korean_servers_send_it(header: bytes, name: str | None) -> None:
    assert filename(header) == name
