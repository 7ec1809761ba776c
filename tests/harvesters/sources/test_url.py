"""An address on the web gives its bytes and the name that helps to tell their format."""

from __future__ import annotations

from pathlib import Path

import pytest

from harvesters.sources import Raw, Visit, source, source_kinds, url
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec


def read(site, address: str, folder: Path) -> Raw:
    spec = SourceSpec("url", {"url": address})
    feed = Feed(id="parks", title=Text("공원"), publisher="부산", licence="KOGL-1", source=spec)
    return url.read(Visit(feed, site.fetch(), folder))


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
    assert set(source_kinds()) == {"data-go-kr", "file", "url"}
    with pytest.raises(LookupError):
        source("carrier-pigeon")
