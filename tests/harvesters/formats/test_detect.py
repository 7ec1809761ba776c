"""Detection: by content first, by name where that leaves a doubt."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.reading.kinds.detect import detect
from schemas.feed import FormatSpec

Zipped = Callable[..., Path]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("facility/전국도시공원표준데이터.csv", "csv"),
        ("boundary/InnerCentroid_ver20180301.tsv", "csv"),
        ("facility/01. population_in_Seoul.xls", "xls"),
        ("traffic/gm_busevent_columns.xlsx", "xlsx"),
        ("boundary/skorea_submunicipalities_geo_simple.json", "gis"),
        ("boundary/skorea-municipalities-2018-topo-simple.json", "gis"),
        ("boundary/seoul_municipalities_kostat2013_bessel.zip", "gis"),
        ("boundary/skorea_municipalities_simple.kml", "gis"),
        ("gis/dutch_addresses_28992.gpkg", "gis"),
        ("gbfs/tieroslo/geofencing_zones.json", "gbfs"),
        ("api/changwon_busdata.json", "json"),
        ("api/busan_bims_busInfo_29.xml", "xml"),
        ("gtfs-rt/king-county-metro-1.pbf", "gtfs-rt"),
        ("catalogue/data_go_kr_list_half1.csv.gz", "csv"),
        ("corrupt/messytables/simple.zip", "csv"),
    ],
)
def test_real_files_are_what_they_are(shared_data: Path, tmp_path: Path, name: str, kind: str) -> None:
    path = shared_data / name

    (found,) = detect(path, path.name, tmp_path)

    assert found.kind == kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"features": [], "type": "FeatureCollection"}', "gis"),
        (b'[{"a": 1}]', "json"),
        (b'{"a": 1}\n{"a": 2}', "json"),
        (b"<?xml version='1.0'?><!-- <html> --><body><a/></body>", None),
        (b"<?xml version='1.0'?><response><body/></response>", "xml"),
        (b"<!DOCTYPE html><p>sorry</p>", None),
        (b"%PDF-1.7", None),
        (b"a,b\n1,2\n", "csv"),
        ("이름,값\n".encode("cp949"), "csv"),
    ],
)
def test_content_decides_against_the_name(tmp_path: Path, content: bytes, kind: str | None) -> None:
    path = tmp_path / "download"
    path.write_bytes(content)

    if kind is None:
        with pytest.raises(Unreadable):
            detect(path, "data.csv", tmp_path)
    else:
        assert [each.kind for each in detect(path, "data.xls", tmp_path)] == [kind]


def test_packed_files_are_unpacked_through_several_layers(tmp_path: Path, zipped: Zipped) -> None:
    path = zipped({"__MACOSX/._a.csv": b"x", "folder/a.csv.gz": gzip.compress(b"a,b\n1,2\n")})

    (found,) = detect(path, "a.zip", tmp_path)

    assert (found.kind, found.name, found.path.read_bytes()) == ("csv", "a.csv", b"a,b\n1,2\n")


def test_several_files_are_tables_each_unless_the_feed_chooses(tmp_path: Path, zipped: Zipped) -> None:
    path = zipped({"2026/a.csv": b"a\n1\n", "b.csv": b"b\n2\n", "readme.txt": b"how to"})

    def found(**options: str) -> list[tuple[str, str]]:
        return [(each.name, each.table) for each in detect(path, "x.zip", tmp_path, FormatSpec(**options))]

    assert found() == [("a.csv", "a"), ("b.csv", "b")]
    assert found(member="b.csv") == found(member="b*") == [("b.csv", "")]
    assert found(member="*.csv") == found()
    with pytest.raises(FeedMisconfigured, match=r"did you mean 'b\.csv'"):
        found(member="c.csv")


def test_archives_in_an_archive_are_opened_too(tmp_path: Path, zipped: Zipped) -> None:
    inner = zipped({"동구.csv": b"a\n1\n", "서구.csv": b"a\n2\n"}, "inner.zip").read_bytes()
    path = zipped({"묶음.zip": inner, "전체.csv.gz": gzip.compress(b"a\n1\n")}, "outer.zip")

    assert [each.table for each in detect(path, "outer.zip", tmp_path)] == ["동구", "서구", "전체"]
    (one,) = detect(path, "outer.zip", tmp_path, FormatSpec(member="서*"))
    assert (one.name, one.path.read_bytes(), one.spec.member) == ("서구.csv", b"a\n2\n", None)


@pytest.mark.parametrize(
    ("members", "what"),
    [
        (("[Content_Types].xml", "word/document.xml"), "an Office document"),
        (("[Content_Types].xml", "xl/workbook.bin"), "a binary workbook"),
        (("mimetype", "Contents/content.hpf", "Contents/section0.xml"), "a Hangul document"),
    ],
)
def test_documents_that_are_zips_are_no_tables(
    tmp_path: Path, zipped: Zipped, members: tuple[str, ...], what: str
) -> None:
    path = zipped(dict.fromkeys(members, b"<a><b/><b/></a>"))

    with pytest.raises(Unreadable, match=what):
        detect(path, "a.zip", tmp_path)


def test_archives_that_grow_without_end_are_refused(tmp_path: Path, zipped: Zipped) -> None:
    zeros = bytes(200 << 20)
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(zeros, 9))

    with pytest.raises(Unreadable, match="unpack"):
        detect(bomb, bomb.name, tmp_path)
    with pytest.raises(Unreadable, match="unpack"):
        detect(zipped({"a.csv": zeros}), "a.zip", tmp_path)


def test_an_archive_within_an_archive_without_end_is_refused(tmp_path: Path) -> None:
    content = b"a,b\n"
    for _ in range(6):
        content = gzip.compress(content)
    path = tmp_path / "a.gz"
    path.write_bytes(content)

    with pytest.raises(Unreadable, match="packed more than"):
        detect(path, "a.gz", tmp_path)


@pytest.mark.parametrize("name", ["../out.csv", "/etc/out.csv", "a/../../out.csv", "..\\out.csv"])
def test_names_that_point_outside_the_archive_are_refused(tmp_path: Path, zipped: Zipped, name: str) -> None:
    with pytest.raises(Unreadable, match="outside"):
        detect(zipped({name: b"a,b\n"}), "a.zip", tmp_path)


def test_a_broken_archive_is_unreadable(tmp_path: Path, zipped: Zipped) -> None:
    whole = zipped({"a.csv": zlib.compress(bytes(range(256)) * 50)}).read_bytes()
    path = tmp_path / "cut.zip"
    for content in (whole[:100], whole[:-30], b"PK\3\4junk", whole[:60] + b"\0" * 20 + whole[80:]):
        path.write_bytes(content)
        with pytest.raises(Unreadable):
            detect(path, "cut.zip", tmp_path)
    path.write_bytes(gzip.compress(b"a,b\n" * 1000)[:-10])
    with pytest.raises(Unreadable, match="gzip"):
        detect(path, "cut.csv.gz", tmp_path)


def test_every_corrupt_file_is_read_or_gives_one_sentence(shared_data: Path, read: Any) -> None:
    files = [path for path in sorted((shared_data / "corrupt").rglob("*")) if path.is_file()]
    assert len(files) > 30
    for path in files:
        sentence, parsed = None, []
        try:
            parsed = read(path)
        except Unreadable as fault:
            sentence = str(fault)
        assert all(each.table.num_rows == len(each.lines) for each in parsed), path.name
        assert parsed or (sentence and len(sentence) > 15 and "\n" not in sentence), path.name
