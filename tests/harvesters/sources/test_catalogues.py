"""DCAT, data.json and CSW catalogues are read to their end, and held to what they say of themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from harvesters.faults import HarvestFault, SourceIncomplete, SourceRefused, SourceUnavailable, Unreadable
from harvesters.sources import Raw, Unmodified, Visit, csw, dcat, dcat_us, source
from schemas.dataset import Text
from schemas.feed import CATALOGUE_ENTRY, Feed, SourceSpec

Read = Callable[..., Any]
PREFIXES = """@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
"""


@pytest.fixture
def read(site, tmp_path: Path) -> Read:
    def reader(kind: str, path: str, known: dict[str, str] | None = None, **options: Any) -> Any:
        spec = SourceSpec(kind, {"url": site.url(path), **options})
        feed = Feed("portal", Text("포털"), "부산", "KOGL-1", spec, record=CATALOGUE_ENTRY)
        return source(kind).read(Visit(feed, site.fetch(), tmp_path, known or {}))

    return reader


def rows(raw: Raw) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(raw.path.read_text("utf-8"))
    return listed


def turtle(*numbers: int, more: str | None = None, total: int | None = None) -> str:
    """A page of a catalogue: its datasets, the address of the next page, and how many it says it holds."""
    held = [
        f'<http://p.example/{n}> a dcat:Dataset ; dct:title "공원 {n}"@ko, "Parks {n}"@en .' for n in numbers
    ]
    paging = ([f"<> hydra:next <{more}> ."] if more else []) + (
        [f"<> hydra:totalItems {total} ."] if total else []
    )
    return PREFIXES + "\n".join([*held, *paging])


def pages(site, query, respond, *texts: str) -> None:
    """Serve the texts as pages 1, 2, 3 … of /catalog."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        respond(request, texts[int(query(request).get("page", 1)) - 1].encode(), Content_Type="text/turtle")

    site.routes["/catalog"] = answer


def test_pages_are_followed_to_the_last(site, query, respond, read: Read) -> None:
    pages(site, query, respond, turtle(1, 2, more="/catalog?page=2", total=3), turtle(3, total=3))

    raw = read("dcat", "/catalog")

    assert [(row["identifier"], row["title"], row["title_en"]) for row in rows(raw)] == [
        (f"http://p.example/{n}", f"공원 {n}", f"Parks {n}") for n in (1, 2, 3)
    ]
    assert raw.expected == 3
    assert raw.state == {}


@pytest.mark.parametrize(
    ("texts", "evidence"),
    [
        ([turtle(1, more="/catalog?page=2", total=3), turtle(2, total=3)], "holds 3 datasets and gave 2"),
        ([turtle(1, 2, more="/catalog?page=2"), turtle(2)], "2 came on two pages"),
        ([turtle(1, more="/catalog?page=2"), turtle(2, more="/catalog?page=2")], "leads on to .*page=2"),
    ],
)
def test_pages_that_do_not_add_up_are_incomplete(
    site, query, respond, read: Read, texts: list[str], evidence: str
) -> None:
    pages(site, query, respond, *texts)
    with pytest.raises(SourceIncomplete, match=evidence):
        read("dcat", "/catalog")


def test_a_catalogue_that_moves_once_is_read_once_more(site, query, respond, read: Read) -> None:
    passes = iter([turtle(1, total=2), turtle(1, 2, total=2)])
    site.routes["/catalog"] = lambda request: respond(request, next(passes).encode())
    assert len(rows(read("dcat", "/catalog"))) == 2


def test_the_next_page_must_be_where_we_may_go(site, query, respond, read: Read) -> None:
    pages(site, query, respond, turtle(1, more="http://169.254.169.254/latest"))
    with pytest.raises(SourceRefused, match=r"169\.254"):
        read("dcat", "/catalog")


@pytest.mark.parametrize("kind", ["dcat", "dcat-us"])
def test_a_document_that_did_not_change_is_not_sent_again(site, respond, read: Read, kind: str) -> None:
    body = turtle(1) if kind == "dcat" else '{"dataset": []}'

    def answer(request: BaseHTTPRequestHandler) -> None:
        same = request.headers["If-None-Match"] == '"a"'
        respond(request, b"" if same else body.encode(), 304 if same else 200, ETag='"a"')

    site.routes["/catalog"] = answer
    first = read(kind, "/catalog")

    assert isinstance(first, Raw)
    assert isinstance(read(kind, "/catalog", first.state), Unmodified)


@pytest.mark.parametrize(
    ("body", "kind", "evidence"),
    [
        (b"<!DOCTYPE html><html><body>down</body></html>", Unreadable, "HTML page"),
        (PREFIXES.encode(), Unreadable, "no dcat:Dataset"),
        (b"@prefix a: <b> . a:x a:y", Unreadable, "not RDF: string index out of range"),
        (b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>', Unreadable, "entities"),
        (b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n<a>', Unreadable, "line 2"),
        (b'{"@context": "http://127.0.0.1:9/context", "@graph": []}', Unreadable, "context by its address"),
        (b'{"@context": {"a": {"@id": "x:a", "@context": "http://c.example"}}}', Unreadable, "not fetched"),
        (b'{"@context": {"@import": "http://c.example"}}', Unreadable, "not fetched"),
    ],
)
def test_what_is_no_catalogue_says_what_it_is(
    site, read: Read, body: bytes, kind: type[HarvestFault], evidence: str
) -> None:
    site.body("/catalog", body)
    with pytest.raises(kind, match=evidence):
        read("dcat", "/catalog")
    assert len(site.seen) == 1, "nothing was fetched on the document's account"


def record(number: int) -> str:
    return (
        f"<csw:Record><dc:identifier>r{number}</dc:identifier><dc:title>공원 {number}</dc:title>"
        "<dct:modified>2024-01-02</dct:modified></csw:Record>"
    )


def answer_of(numbers: range, matched: int, following: int | None) -> bytes:
    more = "" if following is None else f' nextRecord="{following}"'
    return (
        '<csw:GetRecordsResponse xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dct="http://purl.org/dc/terms/">'
        f'<csw:SearchResults numberOfRecordsMatched="{matched}"{more}>'
        + "".join(map(record, numbers))
        + "</csw:SearchResults></csw:GetRecordsResponse>"
    ).encode()


def service(site, query, respond, told: Callable[[int], bytes]) -> None:
    site.routes["/csw"] = lambda request: respond(request, told(int(query(request)["startPosition"])))


@pytest.mark.parametrize("says_next", [True, False])
def test_records_are_read_to_the_last_in_pages_as_small_as_the_service_likes(
    site, query, respond, read: Read, says_next: bool
) -> None:
    def told(start: int) -> bytes:
        end = min(start + 3, 8)
        return answer_of(range(start, end), 7, (end if end <= 7 else 0) if says_next else None)

    service(site, query, respond, told)
    raw = read("csw", "/csw", page_size=1000, cql="AnyText LIKE '%공원%'")

    assert [row["identifier"] for row in rows(raw)] == [f"r{n}" for n in range(1, 8)]
    assert raw.expected == 7
    assert "constraint=" in site.seen[0]


CSW_LIES: dict[str, tuple[Callable[[int], bytes], type[HarvestFault], str]] = {
    "gives fewer": (lambda start: answer_of(range(1, 4), 9, 0), SourceIncomplete, "matched 9 and gave 3"),
    "changes its count": (
        lambda start: answer_of(range(start, start + 2), 6 + start, start + 2),
        SourceIncomplete,
        "matched 7 first and 9",
    ),
    "gives a page again": (
        lambda start: answer_of(range(1, 3), 9, start + 2),
        SourceIncomplete,
        "on two pages",
    ),
    "leads back": (
        lambda start: answer_of(range(start, start + 2), 9, 1),
        SourceIncomplete,
        "leads back to 1",
    ),
    "does not count": (
        lambda start: answer_of(range(1, 2), 1, 0).replace(b"Matched", b"M"),
        SourceUnavailable,
        "how many",
    ),
    "answers with an exception": (
        lambda start: (
            b'<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows"><ows:Exception '
            b'exceptionCode="InvalidParameterValue"><ows:ExceptionText>typeNames</ows:ExceptionText>'
            b"</ows:Exception></ows:ExceptionReport>"
        ),
        SourceRefused,
        "InvalidParameterValue: typeNames",
    ),
    "answers with something else": (lambda start: b"<a/>", Unreadable, "no answer to GetRecords"),
}


@pytest.mark.parametrize("lie", CSW_LIES)
def test_a_service_that_lies_is_a_fault_with_its_evidence(site, query, respond, read: Read, lie: str) -> None:
    told, kind, evidence = CSW_LIES[lie]
    service(site, query, respond, told)
    with pytest.raises(kind, match=evidence):
        read("csw", "/csw", schema="dc")


def test_a_service_that_takes_no_such_schema_or_condition_says_what_to_write(
    site, query, respond, read: Read
) -> None:
    told, kind, evidence = CSW_LIES["answers with an exception"]
    service(site, query, respond, told)
    with pytest.raises(kind, match=f'{evidence}.*schema = "dc"'):
        read("csw", "/csw")
    with pytest.raises(kind, match=f"{evidence}.*csw:AnyText like"):
        read("csw", "/csw", cql="AnyText LIKE '%공원%'")


@pytest.mark.parametrize(
    ("module", "options", "name"),
    [
        (dcat, {"url": "a"}, "url"),
        (dcat_us, {"url": "a"}, "url"),
        (csw, {"url": "a"}, "url"),
        (csw, {"url": "http://a.example", "schema": "marc"}, "schema"),
        (csw, {"url": "http://a.example", "cql": ""}, "cql"),
        (csw, {"url": "http://a.example", "page_size": 0}, "page_size"),
    ],
)
def test_a_wrong_option_is_named(module: Any, options: dict[str, Any], name: str) -> None:
    assert [found for found, _ in module.check(options)] == [name]
