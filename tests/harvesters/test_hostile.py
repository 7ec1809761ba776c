"""Nothing that a stranger sends reads a file, opens a socket, fills the disk or writes into a log."""

from __future__ import annotations

import ast
import gzip
import io
import logging
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harvesters.faults import HarvestFault, SourceRefused, Unreadable, harmless
from harvesters.fetch import HttpFetch, Timeout
from harvesters.fetch.guard import Guard
from harvesters.reading.kinds.archives import members
from harvesters.reading.kinds.detect import detect

ROOMS = Path(__file__).resolve().parents[2] / "harvesters"


# Addresses, in every notation, through the machine's own resolver.

LOOPBACK = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "127.0.0.001",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "0X7F000001",
    "2130706433",
    "017700000001",
    "0",
    "0.0.0.0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "ｌｏｃａｌｈｏｓｔ",
    "%31%32%37.0.0.1",
    "user@127.0.0.1",
    "files.example@127.0.0.1",
    "127.0.0.1%00.files.example",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[::1%25lo]",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_no_notation_of_this_machine_opens_a_socket(site, to, host: str) -> None:
    site.body("/", b"inside")
    fetch = HttpFetch(Guard(), timeout=Timeout(1, 1, 2), retries=0)
    with pytest.raises(HarvestFault):
        fetch(f"http://{host}:{site.port}/", to)
    assert site.seen == []


@pytest.mark.parametrize("host", LOOPBACK)
def test_no_notation_of_this_machine_is_followed(site, to, host: str) -> None:
    """The door's own address is allowed, and every other way to say it on another port is not."""
    location = f"http://{host}:1/".encode().decode("latin-1")
    site.body("/door", b"", 302, Location=location)
    with pytest.raises(HarvestFault):
        site.fetch(retries=0)(site.url("/door"), to)
    assert site.seen == ["/door"]


# Archives.


def packed(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries:
            archive.writestr(name, body)
    return data.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    return info


@pytest.mark.parametrize(
    "name",
    [
        "../a.csv",
        "x/../../a.csv",
        "/etc/a.csv",
        "C:/a.csv",
        "c:a.csv",
        "..\\a.csv",
        "\\\\host\\a.csv",
        "C:\\a.csv",
    ],
)
def test_a_member_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.zip").write_bytes(packed((name, b"a\n1\n"), ("b.csv", b"b\n1\n")))
    with pytest.raises(Unreadable, match="points outside"):
        members(tmp_path / "a.zip")


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(packed((link("a.csv"), b"/etc/passwd")))
    with pytest.raises(Unreadable, match=r"'a\.csv', which is a link"):
        members(tmp_path / "a.zip")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_an_archive_holds_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(packed(("a.csv", b"a\n1\n"), ("a.csv", b"a\n2\n")))
    with pytest.raises(Unreadable, match=r"'a\.csv' twice"):
        members(tmp_path / "a.zip")


def test_an_encrypted_archive_says_what_it_wants(tmp_path: Path) -> None:
    data = bytearray(packed(("a.csv", b"a\n1\n")))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(bytes(data))
    with pytest.raises(Unreadable, match="without a password"):
        detect(tmp_path / "a.zip", "a.zip", tmp_path)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path, depth: int) -> None:
    bomb = packed(("a.csv", b"0" * 100_000_000))
    for _ in range(depth - 1):
        bomb = packed(("a.zip", bomb))
    (tmp_path / "a.zip").write_bytes(bomb)
    with pytest.raises(Unreadable, match=r"would unpack to|unpacks to more"):
        detect(tmp_path / "a.zip", "a.zip", tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 70_000_000


def test_an_archive_that_lies_about_its_size_is_cut_off(tmp_path: Path) -> None:
    data = bytearray(packed(("a.csv", b"0" * 90_000_000)))
    at = data.index(b"PK\1\2")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(bytes(data))
    with pytest.raises(Unreadable):
        detect(tmp_path / "a.zip", "a.zip", tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 2_000_000


def test_a_gzip_bomb_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"0" * 100_000_000))
    with pytest.raises(Unreadable, match="unpacks to more"):
        detect(tmp_path / "a.gz", "a.gz", tmp_path)


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> int:
    """Makes 100,000 bytes what an archive may unpack to, and returns a number of rows that are more."""
    monkeypatch.setattr("harvesters.reading.kinds.archives.MOST_BYTES", 100_000)
    monkeypatch.setattr("harvesters.reading.kinds.archives._SMALL", 100_000)
    return 20_000


@pytest.mark.parametrize("pack", [lambda data: packed(("a.csv", data)), gzip.compress])
def test_a_table_is_as_large_as_it_likes_where_it_is_read_as_a_stream(
    tmp_path: Path, little: int, pack: Callable[[bytes], bytes]
) -> None:
    lines = "".join(f"{n},{n * 7919 % 104729}\n" for n in range(little))
    (tmp_path / "a.gz").write_bytes(pack(f"a,b\n{lines}".encode()))
    (found,) = detect(tmp_path / "a.gz", "a.gz", tmp_path)
    assert (found.kind, found.path.stat().st_size) == ("csv", len(lines) + 4)


def test_a_document_that_is_read_whole_is_not_as_large_as_it_likes(tmp_path: Path, little: int) -> None:
    items = "".join(f"<item><a>{n * 7919 % 104729}</a></item>" for n in range(little))
    (tmp_path / "a.zip").write_bytes(packed(("a.xml", f"<r>{items}</r>".encode())))
    with pytest.raises(Unreadable, match="bytes of xml; publish it as CSV"):
        detect(tmp_path / "a.zip", "a.zip", tmp_path)


def test_a_large_archive_may_grow_less_than_a_small_one(tmp_path: Path, little: int) -> None:
    (tmp_path / "a.zip").write_bytes(packed(("a.csv", b"a,b\n" + b"1,2\n" * 10 * little)))
    with pytest.raises(Unreadable, match="would unpack to"):
        detect(tmp_path / "a.zip", "a.zip", tmp_path)


def test_what_the_disk_has_no_room_for_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harvesters.reading.kinds.archives._SPARE", 1 << 60)
    (tmp_path / "a.zip").write_bytes(packed(("a.csv", b"a\n1\n")))
    with pytest.raises(Unreadable, match=r"needs 4 bytes, and the disk has"):
        detect(tmp_path / "a.zip", "a.zip", tmp_path)


def test_archives_in_archives_end(tmp_path: Path) -> None:
    inner = packed(("a.csv", b"a\n1\n"))
    for _ in range(5):
        inner = packed(("a.zip", inner))
    (tmp_path / "a.zip").write_bytes(inner)
    with pytest.raises(Unreadable, match="times over"):
        detect(tmp_path / "a.zip", "a.zip", tmp_path)


# XML.

READERS = {"fromstring", "parse", "XML", "document_fromstring", "fragment_fromstring", "HTML"}


def test_no_xml_is_read_by_a_parser_that_expands_or_fetches() -> None:
    """Each call names a parser, or says itself that entities stay unresolved and the network unasked."""
    loose = [f"{path.name}: {fault}" for path in ROOMS.rglob("*.py") for fault in loose_calls(path)]
    assert not loose


def loose_calls(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            source = getattr(node, "module", None) or ""
            names = [alias.name for alias in node.names]
            kept = source == "xml.sax" and all(name.endswith("Exception") for name in names)
            if not kept and any(name.startswith("xml.") for name in (source, *names)):
                yield f"{node.lineno} imports a parser that expands entities"
        elif isinstance(node, ast.Call):
            owner, _, name = ast.unparse(node.func).rpartition(".")
            said = {word.arg: ast.unparse(word.value) for word in node.keywords if word.arg}
            safe = (said.get("resolve_entities"), said.get("no_network")) == ("False", "True")
            if owner in ("etree", "lxml.etree") and name in ("XMLParser", "iterparse") and not safe:
                yield f"{node.lineno} {name} without its guards"
            named = len(node.args) > 1 or "parser" in said
            if owner in ("etree", "lxml.etree", "html", "lxml.html") and name in READERS and not named:
                yield f"{node.lineno} {name} without a parser"


ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hostname">
<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>"""


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.xml", b"<r><row><n>&f;</n></row><row><n>&c;</n></row></r>"),
        (
            "a.kml",
            b"<kml xmlns='http://www.opengis.net/kml/2.2'><Placemark><name>&f;</name></Placemark></kml>",
        ),
        (
            "a.gml",
            b"<FeatureCollection xmlns='http://www.opengis.net/gml'><name>&f;</name></FeatureCollection>",
        ),
        (
            "a.rdf",
            b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:d='http://purl.org/dc/terms/'"
            b" xmlns:c='http://www.w3.org/ns/dcat#'><c:Dataset rdf:about='http://a.example/1'><d:title>&f;&c;"
            b"</d:title></c:Dataset></rdf:RDF>",
        ),
        ("a.xml", b"<d2LogicalModel xmlns='http://datex2.eu/schema/2/2_0'><x>&f;</x></d2LogicalModel>"),
    ],
)
def test_an_entity_is_a_fault_in_every_language_of_xml(tmp_path: Path, name: str, body: bytes) -> None:
    from harvesters.formats import format_reader

    (tmp_path / name).write_bytes(ENTITIES + body)
    secret = Path("/etc/hostname").read_text().strip() if Path("/etc/hostname").exists() else "unknown host"
    try:
        found = detect(tmp_path / name, name, tmp_path)
        tables = [table for each in found for table in format_reader(each.kind).read(each.path, each.spec)]
    except HarvestFault:
        return
    shown = str([table.table.to_pylist() for table in tables])
    assert secret not in shown
    assert "a" * 50 not in shown


# Logs.


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("404\r\nrun=1 status=published", "404  run=1 status=published"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\0b\u202egnp.csv\u2028", "a\\x00b\\u202egnp.csv\\u2028"),
        ("공원 · 부산\u00a0“€”\ud800", "공원 · 부산\u00a0“€”\\ud800"),
    ],
)
def test_what_a_source_says_cannot_break_a_line(said: str, shown: str) -> None:
    assert harmless(said) == shown
    assert str(SourceRefused(said)) == shown


def test_what_a_server_sends_reaches_no_error_or_log_raw(site, to, caplog) -> None:
    caplog.set_level(logging.DEBUG, "harvesters")

    def answer(request) -> None:
        request.send_response_only(302, "Found \x1b[31m")
        request.send_header("Location", "/a?x=%0d%0arun=1%20status=published%1b[2J")
        request.send_header("Content-Length", "0")
        request.end_headers()

    site.routes["/door"] = answer
    with pytest.raises(HarvestFault) as fault:
        site.fetch(retries=0)(site.url("/door"), to)
    assert "status=published" in str(fault.value)
    for text in (str(fault.value), caplog.text.strip("\n")):
        assert not {"\r", "\x1b", "\n"} & set(text)
