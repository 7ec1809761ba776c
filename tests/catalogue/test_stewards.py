"""What stewards do and are told is kept: deeds, faults, trials and uploads, on both databases."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from catalogue import Barred, Catalogue, Publication, SnapshotGone, UnknownDataset
from catalogue.entries import Entries
from catalogue.errors import UnknownFeed, UnknownTrial
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.query import RowQuery
from schemas.run import REJECTS, Run
from schemas.snapshot import Snapshot

COLUMNS = (Column("name", "text"),)
PARKS = Dataset("parks", Text("공원", "Parks"), "부산광역시", "KOGL-1", "parks")


def publication(*names: str, rejects: tuple[tuple[str, str | None, str], ...] = ()) -> Publication:
    rows = pa.table([[str(n) for n in range(len(names))], list(names)], schema=arrow_schema(COLUMNS))
    found = [
        {"line": n, "scope": scope, "column": column, "value": "?", "reason": reason, "detail": None}
        for n, (reason, column, scope) in enumerate(rejects, 1)
    ]
    return Publication(PARKS, COLUMNS, rows, pa.Table.from_pylist(found, schema=REJECTS))


def run(id: str) -> Run:
    return Run(id, "parks", "parks", "running")


def names(catalogue: Catalogue, **asked: object) -> list[object]:
    return [values[1] for values in catalogue.rows("parks", RowQuery(**asked)).values]


def test_a_snapshot_put_back_is_a_new_one_of_the_same_rows(
    catalogue: Catalogue, clock, tmp_path: Path
) -> None:
    good = catalogue.publish(publication("가", "나"), run("r1"))
    clock.move(hours=1)
    catalogue.build_index(catalogue.snapshot("parks"))
    wrong = catalogue.publish(publication("다"), run("r2"))
    clock.move(hours=1)
    back = catalogue.revert("parks", good.snapshot, "kim")
    assert (names(catalogue), catalogue.describe("parks").rows) == (["가", "나"], 2)
    assert (back.created, back.run) == (clock(), None)
    assert list((tmp_path / "derived" / "rows").glob(f"{back.id}.*"))
    assert names(catalogue, as_of=clock() - timedelta(minutes=1)) == ["다"]
    assert len(list((tmp_path / "storage" / "parts").rglob("*.parquet"))) == 2
    (deed,) = catalogue.deeds("parks")
    assert (deed.by, deed.deed, deed.detail["from"], deed.detail["to"]) == (
        "kim",
        "revert",
        wrong.snapshot,
        good.snapshot,
    )


def test_the_parts_of_a_snapshot_put_back_outlive_the_snapshot_they_were_written_for(
    catalogue: Catalogue, clock
) -> None:
    clock.now = datetime.now(UTC)
    good = catalogue.publish(publication("가"), run("r1"))
    for number in range(12):
        clock.move(minutes=1)
        catalogue.publish(publication("다"), run(f"s{number:02}"))
    catalogue.revert("parks", good.snapshot, "kim")
    clock.move(days=40)
    assert catalogue.collect_garbage({}) == 3
    with pytest.raises(SnapshotGone):
        catalogue.revert("parks", good.snapshot, "kim")
    assert names(catalogue) == ["가"]


def test_a_withdrawn_dataset_comes_back_as_it_was(catalogue: Catalogue, clock) -> None:
    landed = catalogue.publish(publication("가"), run("r1"))
    catalogue.withdraw("parks", "kim")
    for ask in (catalogue.describe, catalogue.snapshot):
        with pytest.raises(UnknownDataset):
            ask("parks")
    with pytest.raises(Barred, match="withdrawn by a steward"):
        catalogue.publish(publication("나"), run("r2"))
    clock.move(hours=1)
    catalogue.restore("parks", "lee")
    assert (names(catalogue), catalogue.snapshot("parks").id) == (["가"], landed.snapshot)
    assert catalogue.publish(publication("나"), run("r3")).status == "published"
    catalogue.restore("parks", "park")  # There is nothing to undo any more.
    assert [deed.by for deed in catalogue.deeds("parks")] == ["lee", "kim"]


def test_a_dataset_withdrawn_too_long_ago_cannot_come_back(catalogue: Catalogue, clock) -> None:
    clock.now = datetime.now(UTC)
    catalogue.publish(publication("가"), run("r1"))
    catalogue.withdraw("parks", "kim")
    clock.move(days=31)
    catalogue.collect_garbage({})
    with pytest.raises(SnapshotGone):
        catalogue.restore("parks", "lee")


def test_an_archived_dataset_is_read_marked_and_never_collected(catalogue: Catalogue, clock) -> None:
    clock.now = datetime.now(UTC)
    catalogue.publish(publication("가"), run("r1"))
    at = clock()
    catalogue.archive("parks", "kim")
    for change in (
        lambda: catalogue.publish(publication("나"), run("r2")),
        lambda: catalogue.check_open("parks"),
    ):
        with pytest.raises(Barred, match="archived"):
            change()
    clock.move(days=400)
    catalogue.collect_garbage({})
    assert (names(catalogue), catalogue.describe("parks").archived) == (["가"], at)
    catalogue.restore("parks", "kim")
    assert catalogue.describe("parks").archived is None


def test_an_entry_that_a_steward_took_away_is_not_brought_back_by_its_list(catalogue: Catalogue) -> None:
    entries = [Dataset(f"list-{n}", Text(f"목록 {n}"), "부산", "KOGL-1", "list") for n in range(3)]
    of_list = replace(run("r1"), feed="list", dataset="list")
    catalogue.publish_entries("list", entries, of_list, REJECTS.empty_table())
    catalogue.withdraw("list-1", "kim")
    catalogue.archive("list-2", "kim")
    renamed = [replace(entry, title=Text("새 이름")) for entry in entries]
    catalogue.publish_entries("list", renamed, replace(of_list, run="r2"), REJECTS.empty_table())
    assert {each.id: str(each.title) for each in catalogue.datasets(limit=9)} == {
        "list-0": "새 이름",
        "list-2": "목록 2",
    }
    catalogue.publish_entries("list", renamed[:1], replace(of_list, run="r3"), REJECTS.empty_table())
    assert catalogue.ids() == ["list-0", "list-2"]


def test_faults_are_summed_up_by_rule_with_their_first_and_last_time(catalogue: Catalogue, clock) -> None:
    twice = (("bad_time", "at", "cell"), ("bad_time", "at", "cell"), ("missing_key", None, "row"))
    first = clock()
    catalogue.publish(publication("가", rejects=twice), run("r1"))
    assert [(f.reason, f.column, f.scope, f.count) for f in catalogue.faults("parks")] == [
        ("bad_time", "at", "cell", 2),
        ("missing_key", None, "row", 1),
    ]
    later = clock.move(hours=1)
    held = publication(rejects=twice[2:] * 3)
    catalogue.record(replace(run("r2"), status="held"), held.rejects)
    missing, bad = catalogue.faults("parks")
    assert (missing.count, missing.first_seen, missing.last_seen, missing.last_run) == (3, first, later, "r2")
    assert (bad.count, bad.last_seen, bad.last_run) == (0, first, "r1")
    catalogue.record(replace(run("r3"), status="unchanged"))
    assert catalogue.faults("parks")[0].count == 3
    assert sum(batch.num_rows for batch in catalogue.reject_batches("parks")) == 2 + 1
    with pytest.raises(UnknownDataset):
        catalogue.reject_batches("park")


def test_all_rejects_come_in_batches_of_bounded_size(catalogue: Catalogue) -> None:
    catalogue.publish(publication("가", rejects=(("bad_time", "at", "cell"),) * 25_000), run("r1"))
    sizes = [batch.num_rows for batch in catalogue.reject_batches("parks")]
    assert (sum(sizes), max(sizes)) == (25_000, 10_000)
    assert next(iter(catalogue.reject_batches("parks"))).schema == REJECTS


def test_a_trial_is_tried_once_and_taken_up_again_where_its_worker_died(
    catalogue: Catalogue, clock, tmp_path: Path
) -> None:
    asked = {"feed": "parks", "text": "title = …"}
    id = catalogue.trials.request("kim", asked, io.BytesIO(b"a,b\n1,2\n"))
    taken = catalogue.trials.claim("w1")
    assert (taken.trial, taken.asked, taken.by) == (id, asked, "kim")
    assert (tmp_path / "storage" / taken.file).read_bytes() == b"a,b\n1,2\n"
    assert catalogue.trials.claim("w2") is None
    catalogue.trials.release("w1")
    assert catalogue.trials.claim("w1").claims == 1
    clock.move(minutes=16)
    assert catalogue.trials.claim("w2").trial == id
    assert not catalogue.trials.finish(id, "w1", {"late": True})
    assert catalogue.trials.finish(id, "w2", {"read": 1})
    done = catalogue.trials.read(id)
    assert (done.found, done.finished, done.file) == ({"read": 1}, clock(), None)
    assert done.asked == {"text": "title = …"}
    assert not (tmp_path / "storage" / taken.file).exists()
    assert catalogue.trials.claim("w3") is None
    clock.move(hours=25)
    catalogue.collect_garbage({})
    with pytest.raises(UnknownTrial):
        catalogue.trials.read(id)


def test_an_uploaded_feed_keeps_its_last_file_and_is_forgotten_with_it(
    catalogue: Catalogue, clock, tmp_path: Path
) -> None:
    clock.now = datetime.now(UTC)
    feeds = catalogue.uploaded_feeds
    first = feeds.put("parks", "one", "kim", ("공원.csv", io.BytesIO(b"1")))
    assert feeds.put("parks", "two", "lee").file == first.file
    last = feeds.put("parks", "two", "lee", ("parks.csv", io.BytesIO(b"22")))
    assert (last.name, last.text, last.by, feeds.list()) == ("parks.csv", "two", "lee", [last])
    clock.move(days=2)
    catalogue.collect_garbage({})
    (file,) = [each for each in (tmp_path / "storage" / "uploads").rglob("*") if each.is_file()]
    assert (file.read_bytes(), file) == (b"22", tmp_path / "storage" / last.file)
    feeds.remove("parks", "lee")
    assert not file.exists()
    with pytest.raises(UnknownFeed):
        feeds.get("parks")
    assert [deed.deed for deed in catalogue.deeds("parks")] == ["remove", "upload", "upload", "upload"]


def test_a_steward_who_goes_back_while_a_run_is_compared_is_not_overlooked(catalogue: Catalogue) -> None:
    """The run is compared anew with what the steward put back, and says what it changes of that."""

    class Overtaken(Entries):
        """Looks at what stands just before a steward changes it."""

        done = False

        def standing(self, dataset: str) -> Snapshot | None:
            found = super().standing(dataset)
            if not self.done:
                self.done = True
                catalogue.revert(dataset, first.snapshot, "kim")
            return found

    keyed = (Column("name", "text", key=True),)

    def named(*names: str) -> Publication:
        rows = pa.table([list(names), list(names)], schema=arrow_schema(keyed))
        return Publication(PARKS, keyed, rows, REJECTS.empty_table())

    first = catalogue.publish(named("가"), run("r1"))
    catalogue.publish(named("가", "나", "다"), run("r2"))
    catalogue._publisher._entries = Overtaken(catalogue._engine, catalogue._clock)
    landed = catalogue.publish(named("가", "나"), run("r3"))
    assert (landed.inserted, landed.updated, landed.deleted) == (1, 0, 0)
    assert [each.rows for each in catalogue.snapshots("parks")] == [2, 1, 3, 1]
