"""What a run publishes and leaves alone, told by what the catalogue holds afterwards."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from catalogue import Catalogue
from harvesters.feeds import read_feed
from harvesters.lease import harvest_now
from harvesters.run import Harvester, harvest
from schemas.dataset import Text
from schemas.feed import DeletionsSpec, Feed, SourceSpec

PARKS = "번호,이름,위도,경도\n1,가,35.1,129.0\n2,나,35.2,129.1\n3,다,,\n"
MANY = "번호,이름\n" + "".join(f"{n},공원\n" for n in range(100))


def test_a_first_run_publishes_every_row_with_its_place(desk):
    run = desk.harvest(PARKS)
    assert (run.status, run.read, run.published, run.rejected, run.error) == ("published", 3, 3, 0, None)
    assert [row["번호"] for row in sorted(desk.rows(), key=lambda row: row["번호"])] == [1, 2, 3]
    dataset = desk.harvester.catalogue.describe("parks")
    assert (dataset.rows, dataset.source_crs, dataset.bbox) == (3, "OGC:CRS84", (129.0, 35.1, 129.1, 35.2))


def test_the_same_source_is_not_published_again_until_the_feed_changes(desk):
    first = desk.harvest(PARKS)
    again = desk.harvest()
    assert (again.status, again.read, again.snapshot) == ("unchanged", 3, first.snapshot)
    assert desk.harvest(title=Text("새 이름")).status == "published"
    assert desk.harvest(PARKS + "4,라,35.0,129.0\n").published == 4


def test_a_withdrawn_dataset_is_published_again_from_the_same_source(desk):
    desk.harvest(PARKS)
    desk.harvester.catalogue.withdraw("parks")
    assert desk.harvest().status == "published"


@pytest.mark.parametrize(
    ("text", "status", "reason", "says"),
    [
        ("번호,이름\n1,가\n", "held", "schema_changed", "'위도' is gone"),
        ("번호,이름,위도,경도\n1,가,0,0\n", "held", "too_many_rejects", "1 of 1 rows"),
        ("번호,이름,위도,경도\n", "held", "empty", "no rows"),
        ("", "failed", "unreadable", "empty"),
        ("<html><body>점검 중</body></html>", "failed", "unreadable", "HTML"),
    ],
)
def test_a_bad_source_leaves_what_is_published(desk, text, status, reason, says):
    first = desk.harvest(PARKS)
    run = desk.harvest(text)
    assert (run.status, run.published, run.read) == (status, 0, run.rejected)
    assert reason in run.reasons
    assert sum(run.reasons.values()) == run.read
    assert says in run.error
    assert desk.harvester.catalogue.snapshot("parks").id == first.snapshot
    assert len(desk.rows()) == 3


def test_what_a_run_mended_is_counted_and_can_be_read(desk, catalogue: Catalogue):
    run = desk.harvest("번호,이름,위도,경도,수\n1,가,129.0,35.1,-\n2,나,129.1,35.2,3\n")
    assert run.status == "published"
    counts, examples = catalogue.repairs("parks")
    assert counts == {"axes_turned": 2, "missing_mark": 1}
    assert [(row["rule"], row["line"], row["before"], row["after"]) for row in examples] == [
        ("axes_turned", 2, "35.1, 129", "129, 35.1"),
        ("axes_turned", 3, "35.2, 129.1", "129.1, 35.2"),
        ("missing_mark", 2, "-", None),
    ]
    (file,) = (desk.folder / "parts" / "rejects" / "parks").glob("*.repairs.parquet")
    os.utime(file, (0, 0))
    catalogue.collect_garbage({})
    assert catalogue.repairs("parks")[1] == examples


def test_coordinates_in_doubt_hold_a_run_and_name_the_line_to_write(desk, catalogue: Catalogue):
    run = desk.harvest("번호,이름,X좌표,Y좌표\n1,가,198799.5,451147.8\n2,나,199770.8,451769.3\n")
    assert (run.status, run.reasons) == ("held", {"ambiguous_crs": 2})
    assert '[format] crs = "EPSG:' in run.error


def test_what_held_a_run_back_can_be_read(desk):
    desk.harvest(PARKS)
    desk.harvest("번호,이름,위도,경도\n1,가,0,0\n2,나,35,129\n")
    total, (reject,) = desk.harvester.catalogue.rejects("parks")
    assert (total, reject["line"], reject["value"], reject["reason"]) == (1, 2, "0, 0", "outside_extent")


def test_a_missing_file_fails_the_run_and_says_where_it_should_be(desk):
    run = desk.harvest()
    assert (run.status, run.reasons) == ("failed", {"source_unavailable": 0})
    assert "there is no file" in run.error


def test_more_than_half_the_rows_do_not_vanish_without_a_steward(desk):
    desk.harvest(MANY)
    fewer = "".join(MANY.splitlines(keepends=True)[:41])
    run = desk.harvest(fewer)
    assert (run.status, run.reasons) == ("held", {"mass_deletion": 40})
    assert len(desk.rows()) == 100
    assert desk.harvest(contract="evolve").published == 40


def test_a_steward_who_names_the_new_column_has_let_it_in(desk):
    desk.harvest(MANY)
    run = desk.harvest(MANY.replace("이름", "공원명"))
    assert run.status == "held"
    assert desk.harvest(columns={"이름": "공원명"}).status == "published"


def test_a_type_once_published_stays_and_what_does_not_fit_is_listed(desk):
    desk.harvest(MANY)
    run = desk.harvest(MANY + "미정,공원\n")
    assert (run.status, run.published, run.rejected_cells) == ("published", 101, 1)
    _, (reject,) = desk.harvester.catalogue.rejects("parks")
    assert (reject["scope"], reject["value"], reject["reason"]) == ("cell", "미정", "bad_integer")


def test_an_index_that_a_killed_worker_did_not_build_is_built_by_the_next_run(desk):
    desk.harvest(PARKS)
    folder = desk.folder / "derived" / "rows"
    built = {index.name for index in folder.iterdir()}
    assert built
    for index in folder.iterdir():
        index.unlink()
    assert desk.harvest().status == "unchanged"
    assert {index.name for index in folder.iterdir()} == built


def test_nothing_of_a_run_is_left_in_the_work_folder(desk):
    desk.harvest(PARKS)
    desk.harvest("")
    assert list(desk.harvester.work.iterdir()) == []


def test_a_source_with_several_tables_makes_a_dataset_of_each(harvester: Harvester, tmp_path: Path):
    for number, layer in enumerate(("roads", "하천"), start=1):
        pyogrio.raw.write(
            tmp_path / "city.gpkg", shapely.to_wkb(np.array([shapely.Point(129, 35)] * number)),
            [np.array(["이름"] * number, dtype=object)], ["name"], layer=layer, geometry_type="Point",
            crs="EPSG:4326", append=number > 1, driver="GPKG",
        )  # fmt: skip
    feed = Feed(
        "city", Text("도시"), "부산", "KOGL-1", SourceSpec("file", {"path": "city.gpkg"}), folder=tmp_path
    )
    runs = {run.dataset: run for run in harvest_now(feed, harvester)}
    assert len(runs) == 2
    assert runs["city-roads"].published == 1
    (other,) = runs.keys() - {"city-roads"}
    assert harvester.catalogue.describe(other).title.ko == "도시 (하천)"
    assert harvester.catalogue.queue() == []
    assert {run.status for run in harvest_now(feed, harvester)} == {"unchanged"}


def test_a_server_that_fails_is_no_change(desk, site):
    desk.feed = replace(desk.feed, source=SourceSpec("url", {"url": site.body("/parks.csv", PARKS.encode())}))
    assert desk.harvest().published == 3
    site.body("/parks.csv", b"busy", 503)
    run = desk.harvest()
    assert (run.status, run.published) == ("failed", 0)
    assert len(desk.rows()) == 3


def test_a_run_that_was_given_up_cannot_publish(desk, catalogue: Catalogue):
    desk.write(PARKS)
    catalogue.request_run("parks", "command")
    claimed = catalogue.claim_run("slow", "parks", timedelta(seconds=-1))
    assert catalogue.claim_run("quick", "parks").run == claimed.run
    (run,) = harvest(desk.feed, claimed, desk.harvester)
    assert (run.status, catalogue.ids()) == ("failed", [])


def test_two_commands_at_once_harvest_a_feed_one_after_the_other(desk):
    desk.write(MANY)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(desk.harvest().status)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found.count("published") >= 1
    assert set(found) <= {"published", "unchanged"}
    assert len(desk.harvester.catalogue.snapshots("parks")) == 1


def test_an_unknown_fault_ends_the_run_and_not_the_worker(desk, harvester: Harvester):
    class Broken:
        def __call__(self, *args: object, **options: object) -> None:
            raise ZeroDivisionError

    feed = replace(desk.feed, source=SourceSpec("url", {"url": "http://127.0.0.1/"}))
    (run,) = harvest_now(feed, replace(harvester, fetch=Broken()))
    assert run.status == "failed"
    assert run.error.startswith("unexpected fault: ZeroDivisionError")


LIST = """key,name,what,tags,when
15000001,부산 공원,설명,"공원,녹지",2020-01-02
B-7,Parks,,,
,이름 없음,,,
15000001,다시,,,
C,,,,
"""
ENTRY = {"identifier": "key", "title": "name", "description": "what", "keywords": "tags", "updated": "when"}


def test_a_list_of_another_catalogue_becomes_entries(desk, catalogue: Catalogue):
    run = desk.harvest(LIST, record="catalogue_entry", columns=ENTRY, reject_limit=1.0)
    assert (run.read, run.published) == (5, 2)
    assert run.reasons == {"missing_key": 1, "duplicate_key": 1, "missing_value": 1}
    entry = catalogue.describe("parks-15000001")
    assert (entry.identifier, entry.title.ko, entry.rows) == ("15000001", "부산 공원", None)
    assert (entry.keywords, entry.licence, entry.publisher) == (("공원", "녹지"), "KOGL-1", "부산광역시")
    assert entry.updated.isoformat() == "2020-01-01T15:00:00+00:00"
    english = next(each for each in catalogue.datasets(limit=9) if each.identifier == "B-7")
    assert (english.title.en, english.title.ko) == ("Parks", None)


def test_entries_that_vanish_stay_for_a_grace_and_are_then_withdrawn(desk, catalogue: Catalogue):
    desk.harvest(LIST, record="catalogue_entry", columns=ENTRY, reject_limit=1.0)
    fewer = LIST.replace("B-7,Parks,,,\n", "")
    held = desk.harvest(fewer)
    assert (held.status, held.reasons["mass_deletion"], len(catalogue.ids())) == ("held", 1, 2)
    desk.harvest(deletions=DeletionsSpec(share=0.5))
    (missing,) = catalogue.missing("parks")
    assert (missing.id in catalogue.ids(), missing.until - missing.missed) == (True, timedelta(days=7))
    desk.harvest(LIST)
    assert catalogue.missing("parks") == []
    desk.harvest(fewer, deletions=DeletionsSpec(share=0.5, grace=timedelta(0)))
    assert catalogue.ids() == ["parks-15000001"]


def _feeds() -> list[str]:
    return sorted(path.stem for path in (Path(__file__).parents[2] / "feeds").glob("*.toml"))


COUNTS = {
    "bus-stops": (76505, {"missing_value": 1}),
    "busan-bims-stops": (143, {}),
    "busan-bims-vehicles": (10, {}),
    "busan-dongs": (205, {}),
    # Eight latitudes and two longitudes are not in Korea.
    "city-parks": (17967, {"outside_extent": 10}),
    "data-go-kr-list": (30820, {}),
    "gangdong-petrol": (19, {}),
    "jeju-shelters": (40, {}),
    "king-county-vehicles": (627, {}),
    "seoul-air": (4953, {}),
    "seoul-car-parks": (17864, {"outside_extent": 4}),
    "seoul-gu": (25, {}),
    "seoul-gu-bessel": (25, {}),
}


@pytest.mark.parametrize("name", _feeds())
def test_a_real_feed_is_published_with_every_row_accounted_for(name, shared_data, harvester: Harvester):
    feed = read_feed(Path(__file__).parents[2] / "feeds" / f"{name}.toml")
    (run,) = harvest_now(feed, harvester)
    assert run.status == "published", run.error
    assert run.read == run.published + run.rejected
    read, reasons = COUNTS.get(name, (run.read, run.reasons))
    assert (run.read, run.reasons) == (read, reasons)


def test_gangdong_reads_as_it_is_written_and_lies_in_seoul(shared_data, desk):
    feed = read_feed(Path(__file__).parents[2] / "feeds" / "seoul-gu-bessel.toml")
    harvest_now(feed, desk.harvester)
    (gangdong,) = [row for row in desk.rows("seoul-gu-bessel") if row["name"] == "강동구"]
    centre = shapely.from_wkb(gangdong["geometry"]).centroid
    assert centre.distance(shapely.Point(127.147, 37.551)) < 0.002


def test_car_parks_without_coordinates_are_kept_and_their_codes_too(shared_data, desk):
    feed = read_feed(Path(__file__).parents[2] / "feeds" / "seoul-car-parks.toml")
    harvest_now(feed, desk.harvester)
    rows = desk.rows("seoul-car-parks")
    assert sum(row["geometry"] is None for row in rows) == 353
