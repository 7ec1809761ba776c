"""Trying a source says what would become of it, and publishes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.run import Harvester
from harvesters.tryout import Bench, try_manifest, try_source

PARKS = "번호,이름,위도,경도\n007,가,35.1,129.0\n012,나,25.1,129.1\n".encode("cp949")


@pytest.fixture
def bench(harvester: Harvester) -> Bench:
    return Bench(harvester.fetch, harvester.work, harvester.extent, harvester.zone)


def test_a_file_is_tried_with_all_that_a_steward_asks(bench: Bench, tmp_path: Path, catalogue):
    (tmp_path / "parks.csv").write_bytes(PARKS)
    (tried,) = try_source(str(tmp_path / "parks.csv"), bench)
    item = json.loads(json.dumps(tried.as_item(), ensure_ascii=False))
    assert (item["format"], item["encoding"], item["crs"]) == ("csv", "cp949", "OGC:CRS84")
    assert item["extent"] == [129.0, 35.1, 129.0, 35.1]
    assert item["columns"][:2] == [{"name": "번호", "type": "text"}, {"name": "이름", "type": "text"}]
    assert (item["read"], item["accepted"], item["rejected"]) == (2, 1, 1)
    assert item["reasons"] == {"outside_extent": 1}
    assert item["hold"]["reason"] == "too_many_rejects"
    assert tried.first[0]["geometry"] == {"type": "Point", "coordinates": [129.0, 35.1]}
    assert catalogue.ids() == []
    assert list(bench.work.iterdir()) == []


def test_an_address_is_tried_like_a_file(bench: Bench, site):
    (tried,) = try_source(site.body("/parks.csv", PARKS), bench)
    assert tried.read == 2


def test_what_cannot_be_read_is_refused_in_one_sentence(bench: Bench, tmp_path: Path):
    (tmp_path / "page.csv").write_text("<html><body>점검 중</body></html>", "utf-8")
    with pytest.raises(Unreadable, match="HTML"):
        try_source(str(tmp_path / "page.csv"), bench)


def test_a_list_of_files_is_tried_file_by_file(bench: Bench, tmp_path: Path):
    (tmp_path / "parks.csv").write_bytes(PARKS)
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "list.tsv").write_text("kind\tfile\nx\tparks.csv\nx\tempty.csv\nx\tmissing.csv\n", "utf-8")
    parks, empty, missing = try_manifest(tmp_path / "list.tsv", tmp_path, bench)
    assert (parks["file"], parks["read"]) == ("parks.csv", 2)
    assert empty.keys() == missing.keys() == {"file", "refused"}
    assert "no file" in missing["refused"]


def test_a_list_without_files_is_refused(bench: Bench, tmp_path: Path):
    (tmp_path / "list.tsv").write_text("name\nparks.csv\n", "utf-8")
    with pytest.raises(FeedMisconfigured, match="no column file"):
        list(try_manifest(tmp_path / "list.tsv", tmp_path, bench))


def test_every_file_of_the_samples_is_tried_or_refused(bench: Bench, shared_data: Path, tmp_path: Path):
    names = [f"corrupt/{path.name}" for path in (shared_data / "corrupt").iterdir() if path.is_file()]
    (tmp_path / "list.tsv").write_text("file\n" + "\n".join(names), "utf-8")
    items = list(try_manifest(tmp_path / "list.tsv", shared_data, bench))
    assert {item["file"] for item in items} == set(names)
    for item in items:
        if "refused" in item:
            assert "unexpected" not in item["refused"]
        else:
            assert item["read"] == item["accepted"] + item["rejected"]
            assert sum(item["reasons"].values()) == item["rejected"]
