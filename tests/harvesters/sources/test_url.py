"""An address on the web gives its bytes and the name that helps to tell their format."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from harvesters.faults import SourceUnavailable
from harvesters.secrets import Secret, literal_secrets, resolve_secrets
from harvesters.sources import Unmodified, Visit, source, source_kinds, url
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec


def read(site, address: str | list[str], folder: Path, known: Mapping[str, Any] | None = None) -> Any:
    spec = SourceSpec("url", {"urls" if isinstance(address, list) else "url": address})
    feed = Feed(id="parks", title=Text("공원"), publisher="부산", licence="KOGL-1", source=spec)
    return url.read(Visit(feed, site.fetch(), folder, known or {}))


def obeying(site, respond, path: str, body: bytes, **validators: str) -> str:
    """A server that obeys conditions; a request that carries its own validators gets a 304."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        etag, modified = request.headers["If-None-Match"], request.headers["If-Modified-Since"]
        same = etag == validators["ETag"] if etag else modified and modified == validators["Last_Modified"]
        respond(request, b"" if same else body, 304 if same else 200, **validators)

    site.routes[path] = answer
    return str(site.url(path))


OLD = {"Last_Modified": "Mon, 02 Mar 2020 00:00:00 GMT"}


def test_the_bytes_land_in_the_runs_folder(site, tmp_path: Path) -> None:
    raw = read(site, site.body("/files/parks.csv", b"name\nA\n", Content_Type="text/csv"), tmp_path)
    assert raw.path.read_bytes() == b"name\nA\n"
    assert raw.path.parent == tmp_path
    assert (raw.name, raw.media_type, raw.bytes) == ("parks.csv", "text/csv", 7)


@pytest.mark.parametrize(
    ("path", "headers", "name"),
    [
        ("/download.do?id=3", {"Content_Disposition": 'attachment; filename="p.xlsx"'}, "p.xlsx"),
        ("/%EA%B3%B5%EC%9B%90.zip?x=a/b.csv", {}, "공원.zip"),
        ("/", {}, "source"),
    ],
)
def test_the_name_is_the_servers_else_that_of_the_address(
    site, tmp_path: Path, path: str, headers: dict[str, str], name: str
) -> None:
    address = site.body(path.partition("?")[0], b"x", **headers).partition("?")[0]
    assert read(site, address + path[len(path.partition("?")[0]) :], tmp_path).name == name


@pytest.mark.parametrize("kind", source_kinds())
def test_every_source_names_its_options_and_needs_only_those(kind: str) -> None:
    module = source(kind)
    assert module.REQUIRED <= module.OPTIONS
    wrong = dict(module.check(dict.fromkeys(module.OPTIONS, 3.5)))
    assert module.REQUIRED <= wrong.keys() <= module.OPTIONS


def test_a_kind_is_the_file_name_with_dashes() -> None:
    assert {"data-go-kr", "file", "url"} <= set(source_kinds())
    with pytest.raises(LookupError):
        source("carrier-pigeon")


@pytest.mark.parametrize("validators", [{"ETag": '"v1"'}, {"ETag": 'W/"v1"'} | OLD, OLD])
def test_what_did_not_change_is_not_sent_again(site, respond, tmp_path: Path, validators) -> None:
    address = obeying(site, respond, "/parks.csv", b"name\nA\n", **validators)
    first = read(site, address, tmp_path)
    second = read(site, address, tmp_path, first.state)
    assert isinstance(second, Unmodified)
    assert "304" in second.evidence
    changed = obeying(site, respond, "/parks.csv", b"name\nB\n", ETag='"v2"', Last_Modified="x")
    assert read(site, changed, tmp_path, first.state).path.read_bytes() == b"name\nB\n"


def test_a_file_without_validators_is_read_each_time(site, tmp_path: Path) -> None:
    address = site.body("/parks.csv", b"name\nA\n")
    assert read(site, address, tmp_path).state == {}


@pytest.mark.parametrize("ahead", [0, 3600])
def test_a_date_of_now_or_of_the_future_proves_nothing(site, tmp_path: Path, ahead: int) -> None:
    """A file written twice within a second keeps its date, and a clock that is ahead says nothing."""
    then = formatdate(time.time() + ahead, usegmt=True)
    address = site.body("/parks.csv", b"name\nA\n", Last_Modified=then)
    assert read(site, address, tmp_path).state == {}


def test_an_answer_304_that_nobody_asked_for_is_a_fault(site, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="304"):
        read(site, site.body("/parks.csv", b"", 304), tmp_path)


def test_a_secret_address_leaves_no_trace(site, tmp_path: Path) -> None:
    address = Secret(site.body("/key/parks.csv", b"name\nA\n", ETag='"v1"'))
    assert read(site, address, tmp_path).state == {}


def test_several_files_are_one_table(site, tmp_path: Path) -> None:
    urls = [site.body(f"/{month}.csv", f"name\n{month}\n".encode()) for month in (1, 2, 3)]
    raw = read(site, urls, tmp_path)
    assert [each.path.read_bytes() for each in (raw, *raw.more)] == [b"name\n1\n", b"name\n2\n", b"name\n3\n"]
    assert [each.name for each in (raw, *raw.more)] == ["1.csv", "2.csv", "3.csv"]
    assert raw.bytes == 21
    assert raw.sha256 != read(site, urls[::-1], tmp_path).sha256


def test_when_one_of_several_files_changed_all_are_read(site, respond, tmp_path: Path) -> None:
    urls = [obeying(site, respond, f"/{n}.csv", b"name\nA\n", ETag=f'"{n}"') for n in (1, 2)]
    first = read(site, urls, tmp_path)
    assert isinstance(read(site, urls, tmp_path, first.state), Unmodified)
    obeying(site, respond, "/2.csv", b"name\nB\n", ETag='"new"')
    second = read(site, urls, tmp_path, first.state)
    assert [each.path.read_bytes() for each in (second, *second.more)] == [b"name\nA\n", b"name\nB\n"]
    assert isinstance(read(site, urls, tmp_path, second.state), Unmodified)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"url": "https://a.example/x"}, []),
        ({"urls": ["https://a.example/x", "env:SECOND"]}, []),
        ({"urls": []}, ["urls"]),
        ({"urls": ["ftp://a.example"]}, ["urls"]),
        ({}, ["url"]),
        ({"url": "https://a.example/x", "urls": ["https://a.example/x"]}, ["url"]),
    ],
)
def test_one_of_url_and_urls_is_there(options, wrong) -> None:
    assert [name for name, _ in url.check(options)] == wrong


def test_a_name_in_an_address_cannot_break_a_log(site, tmp_path: Path) -> None:
    site.body("/a%0d%0a%1b[31m.csv", b"x")
    assert read(site, site.url("/a%0d%0a%1b[31m.csv"), tmp_path).name.isprintable()


def test_addresses_of_a_list_may_be_secrets_and_must_not_show_them() -> None:
    spec = SourceSpec("url", {"urls": ["https://a.example/1.csv", "env:SECOND"]})
    feed = Feed(id="parks", title=Text("공원"), publisher="부산", licence="KOGL-1", source=spec)
    resolved = resolve_secrets(feed, {"SECOND": "https://a.example/key/2.csv"}).source.options["urls"]
    assert resolved == ["https://a.example/1.csv", "https://a.example/key/2.csv"]
    assert isinstance(resolved[1], Secret)
    shown = list(literal_secrets({"urls": ["https://a.example/1.csv?serviceKey=swordfish"]}))
    assert [path for path, _ in shown] == [("source", "urls")]
