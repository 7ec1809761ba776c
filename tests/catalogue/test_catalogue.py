"""The front door: what is landed is found and read, and a crash at any point leaves the former whole."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy.engine import Engine

from catalogue import (
    Catalogue,
    NoRows,
    Publication,
    RunLost,
    SearchUnavailable,
    SnapshotGone,
    UnknownDataset,
    UnknownSnapshot,
    open_catalogue,
    open_engine,
)
from catalogue.current import SECONDS
from catalogue.entries import Entries
from catalogue.search.embedded import Embedded
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.problem import BadInput
from schemas.query import RowQuery, SearchQuery
from schemas.run import REJECTS, Run
from schemas.snapshot import Snapshot

COLUMNS = (
    Column("park_id", "text", Text("번호"), key=True, role="key"),
    Column("name", "text", Text("공원명", "Name")),
)
PARKS = Dataset(
    "parks", Text("부산 도시공원", "City parks"), "부산광역시", "KOGL-1", "parks",
    description=Text("부산광역시의 도시공원 목록"),
)  # fmt: skip


def publication(*names: str, dataset: Dataset = PARKS, rejected: int = 0) -> Publication:
    keys = [f"P{number:03}" for number in range(len(names))]
    rows = pa.table([keys, keys, list(names)], schema=arrow_schema(COLUMNS))
    reject = {
        "line": 9,
        "scope": "row",
        "column": "x",
        "value": "?",
        "reason": "no_number",
        "detail": "no number",
    }
    rejects = pa.Table.from_pylist(
        [reject | {"line": number} for number in range(1, rejected + 1)], schema=REJECTS
    )
    return Publication(dataset, COLUMNS, rows, rejects)


def run(id: str = "r1", feed: str = "parks", **also: object) -> Run:
    return Run(id, feed, feed, "running", **also)


def names(catalogue: Catalogue, **asked: object) -> list[object]:
    return [values[2] for values in catalogue.rows("parks", RowQuery(**asked)).values]


def found(catalogue: Catalogue, q: str) -> list[str]:
    return [hit.dataset.id for hit in catalogue.find(SearchQuery(q=q)).hits]


def test_what_is_published_is_described_found_and_read(catalogue: Catalogue, clock) -> None:
    landed = catalogue.publish(publication("용두산", "태종대"), run(started=clock(), read=2, published=2))
    assert (landed.status, landed.finished, landed.published) == ("published", clock(), 2)
    assert catalogue.describe("parks").rows == 2
    assert catalogue.columns("parks") == COLUMNS
    assert catalogue.snapshot("parks").id == landed.snapshot
    assert names(catalogue) == ["용두산", "태종대"]
    (hit,) = catalogue.find(SearchQuery(q="도시공원")).hits
    assert hit.dataset == catalogue.describe("parks")
    assert hit.highlight == {
        "title": "부산 <em>도시공원</em>",
        "description": "부산광역시의 <em>도시공원</em> 목록",
    }
    assert [dataset.id for dataset in catalogue.autocomplete("부산")] == ["parks"]
    assert (catalogue.ids(), catalogue.datasets(limit=5)) == (["parks"], [catalogue.describe("parks")])
    assert catalogue.ready()


def test_a_run_that_publishes_nothing_leaves_what_stands(catalogue: Catalogue, clock) -> None:
    catalogue.publish(publication("용두산"), run())
    for id, status in (("r2", "failed"), ("r3", "held"), ("r4", "unchanged")):
        clock.move(minutes=1)
        catalogue.record(replace(run(id), status=status))
    assert names(catalogue) == ["용두산"]
    assert [past.status for past in catalogue.runs("parks")] == ["unchanged", "held", "failed", "published"]
    assert [past.run for past in catalogue.last_run("parks")] == ["r4"]
    assert [past.run for past in catalogue.last_published("parks")] == ["r1"]
    (health,) = catalogue.feed_health()
    assert (health.status, health.rows, health.datasets) == ("unchanged", 1, ("parks",))


def test_a_run_that_has_published_is_not_made_a_failure_afterwards(catalogue: Catalogue, clock) -> None:
    landed = catalogue.publish(publication("용두산"), run())
    clock.move(seconds=3)
    assert catalogue.record(replace(run(), status="failed", error="the worker was stopped")) == landed
    assert catalogue.last_published("parks") == catalogue.runs("parks") == [landed]


def test_a_reader_between_pages_stays_in_the_snapshot_where_it_began(catalogue: Catalogue, clock) -> None:
    catalogue.publish(publication("가", "나", "다"), run())
    first = catalogue.rows("parks", RowQuery(limit=2))
    clock.move(hours=1)
    catalogue.publish(publication("라"), run("r2"))
    assert names(catalogue) == ["라"]
    assert names(catalogue, limit=2, cursor=first.next) == ["다"]
    assert names(catalogue, as_of=clock() - timedelta(minutes=1)) == ["가", "나", "다"]
    assert names(catalogue, snapshot=first.snapshot) == ["가", "나", "다"]
    with pytest.raises(BadInput, match="second snapshot"):
        catalogue.snapshot("parks", first.snapshot, clock())
    with pytest.raises(BadInput, match="another snapshot"):
        names(catalogue, snapshot=catalogue.snapshot("parks").id, cursor=first.next)


def test_a_cursor_of_another_dataset_is_refused(catalogue: Catalogue) -> None:
    catalogue.publish(publication("가", "나"), run())
    trees = replace(PARKS, id="trees", feed="trees")
    catalogue.publish(publication("소", "솔", dataset=trees), run("r2", "trees"))
    of_trees = catalogue.rows("trees", RowQuery(limit=1)).next
    with pytest.raises(BadInput, match="another dataset"):
        names(catalogue, limit=1, cursor=of_trees)


def test_what_is_not_there_is_named_and_the_nearest_is_hinted_at(catalogue: Catalogue) -> None:
    catalogue.publish(publication("가"), run())
    for ask in (catalogue.describe, catalogue.snapshot, catalogue.rejects, catalogue.snapshots):
        with pytest.raises(UnknownDataset, match="did you mean 'parks'"):
            ask("park")
    with pytest.raises(UnknownSnapshot):
        catalogue.snapshot("parks", "nothing")


def test_a_whole_snapshot_is_handed_out_as_a_file_with_its_own_tag(catalogue: Catalogue, clock) -> None:
    catalogue.publish(publication("가", "나"), run())
    former = catalogue.snapshot("parks").id
    whole = catalogue.export("parks", "csv")
    assert (whole.filename, whole.media_type.split(";")[0]) == ("parks.csv", "text/csv")
    assert whole.path.read_text("utf-8-sig").splitlines()[1:] == ["P000,P000,가", "P001,P001,나"]
    clock.move(hours=1)
    catalogue.publish(publication("다"), run("r2"))
    assert pq.read_table(catalogue.export("parks", "parquet").path)["name"].to_pylist() == ["다"]
    assert catalogue.export("parks", "csv", former) == whole
    assert catalogue.export("parks", "csv").etag != whole.etag
    with pytest.raises(BadInput):
        catalogue.export("parks", "xls")


def test_a_withdrawn_dataset_is_neither_described_nor_found(catalogue: Catalogue) -> None:
    catalogue.publish(publication("가"), run())
    catalogue.withdraw("parks")
    assert found(catalogue, "도시공원") == []
    with pytest.raises(UnknownDataset):
        catalogue.rows("parks", RowQuery())


def test_a_list_of_entries_is_found_and_its_rows_are_elsewhere(catalogue: Catalogue, clock) -> None:
    entries = [
        Dataset(f"list-{number}", Text(f"주차장 목록 {number}"), "행정안전부", "KOGL-1", "list")
        for number in range(3)
    ]
    catalogue.publish_entries("list", entries, run("r1", "list", read=3, published=3), REJECTS.empty_table())
    assert sorted(found(catalogue, "주차장")) == ["list-0", "list-1", "list-2"]
    with pytest.raises(NoRows):
        catalogue.rows("list-1", RowQuery())
    clock.move(days=1)
    catalogue.publish_entries("list", entries[1:], run("r2", "list"), REJECTS.empty_table())
    assert sorted(found(catalogue, "주차장")) == ["list-1", "list-2"]
    (health,) = catalogue.feed_health()
    assert (health.entries, health.rows, health.datasets) == (2, 0, ())


def test_rejects_are_those_behind_the_current_rows_or_of_the_run_that_is_held(
    catalogue: Catalogue, clock
) -> None:
    catalogue.publish(publication("가", rejected=25_000), run())
    total, page = catalogue.rejects("parks", limit=3, offset=9_999)
    assert (total, [reject["line"] for reject in page]) == (25_000, [10_000, 10_001, 10_002])
    assert catalogue.rejects("parks", offset=25_000) == (25_000, [])
    clock.move(hours=1)
    catalogue.record(replace(run("r2"), status="held"), publication(rejected=2).rejects)
    assert catalogue.rejects("parks")[0] == 2
    clock.move(hours=1)
    catalogue.record(replace(run("r3"), status="unchanged"))
    assert catalogue.rejects("parks")[0] == 25_000
    clock.move(hours=1)
    catalogue.publish(publication("가"), run("r4"))
    assert catalogue.rejects("parks") == (0, [])


def test_rejects_in_pieces_are_paged_as_one_list(catalogue: Catalogue) -> None:
    whole = publication(rejected=25_000).rejects
    pieces = [whole.slice(start, 7_000) for start in range(0, 25_000, 7_000)]
    catalogue.publish(replace(publication("가"), rejects=iter(pieces)), run())
    total, page = catalogue.rejects("parks", limit=3, offset=19_999)
    assert (total, [reject["line"] for reject in page]) == (25_000, [20_000, 20_001, 20_002])


def test_a_feed_held_from_the_start_shows_its_rejects(catalogue: Catalogue) -> None:
    catalogue.record(replace(run(), status="held"), publication(rejected=2).rejects)
    assert catalogue.rejects("parks")[0] == 2


def test_a_worker_that_was_given_up_cannot_publish_over_its_successor(catalogue: Catalogue, clock) -> None:
    catalogue.request_run("parks", "schedule")
    slow = catalogue.claim_run("w1")
    clock.move(minutes=2)
    quick = catalogue.claim_run("w2")
    assert quick.run == slow.run
    catalogue.publish(publication("새"), quick)
    with pytest.raises(RunLost):
        catalogue.publish(publication("헌"), slow)
    assert names(catalogue) == ["새"]
    assert catalogue.queue() == []


def test_publishing_goes_on_without_a_search_engine_which_catches_up_later(
    database_url: str, tmp_path: Path, free_port: int
) -> None:
    folders = {"storage_folder": tmp_path / "storage", "index_folder": tmp_path / "derived"}
    away = open_catalogue(
        database_url, search=open_engine(f"http://127.0.0.1:{free_port}", tmp_path), **folders
    )
    assert away.publish(publication("가"), run()).status == "published"
    assert away.drain_search() == 0
    with pytest.raises(SearchUnavailable):
        away.find(SearchQuery())
    assert names(away) == ["가"]
    away.close()
    back = open_catalogue(database_url, search=Embedded(tmp_path / "search"), **folders)
    assert found(back, "도시공원") == []
    assert back.drain_search() == 1
    assert found(back, "도시공원") == ["parks"]
    assert back.drain_search() == 0
    back.close()


def test_an_old_version_told_late_does_not_stay_in_the_index(
    catalogue: Catalogue, database_url: str, tmp_path: Path
) -> None:
    class Slow(Embedded):
        """An engine to which another process tells something newer before it has told this."""

        overtaken = False

        def put(self, documents):
            documents = list(documents)
            if not self.overtaken:
                self.overtaken = True
                catalogue.publish(publication("가", dataset=replace(PARKS, title=Text("새 이름"))), run("r2"))
            super().put(documents)

    folders = {"storage_folder": tmp_path / "storage", "index_folder": tmp_path / "derived"}
    slow = open_catalogue(database_url, search=Slow(tmp_path / "search"), **folders)
    slow.publish(publication("가"), run("r1"))
    assert found(catalogue, "새 이름") == ["parks"]
    slow.close()


def test_what_is_published_while_two_processes_tell_of_another_dataset_is_found(
    catalogue: Catalogue, database_url: str, tmp_path: Path
) -> None:
    """SQLite gives the number of work that was struck off again: it must not be struck off as the old one."""
    trees = replace(PARKS, id="trees", feed="trees", title=Text("가로수"))

    class Away(Embedded):
        """The engine of a process that loses its machine as it publishes."""

        def put(self, documents):
            raise SearchUnavailable("the power is gone", "wait")

    class Slow(Embedded):
        """An engine to which others tell the same, and then have more to tell, before it has told this."""

        overtaken = False

        def put(self, documents):
            if not self.overtaken:
                self.overtaken = True
                catalogue.drain_search()
                dying.publish(publication("가", dataset=trees), replace(run("t1"), feed="trees"))
            super().put(documents)

    folders = {"storage_folder": tmp_path / "storage", "index_folder": tmp_path / "derived"}
    dying = open_catalogue(database_url, search=Away(tmp_path / "search"), **folders)
    slow = open_catalogue(database_url, search=Slow(tmp_path / "search"), **folders)
    slow.publish(publication("가"), run("r1"))
    assert found(catalogue, "가로수") == ["trees"]
    slow.close()
    dying.close()


def test_reindexing_drops_orphans_and_brings_back_what_was_lost(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.publish(publication("가"), run())
    engine = Embedded(tmp_path / "search")
    engine.clear()
    from catalogue.search import document

    engine.put([document(replace(PARKS, id="orphan", title=Text("고아")))])
    assert found(catalogue, "고아") == []
    assert catalogue.reindex() == 1
    assert found(catalogue, "도시공원") == ["parks"]
    assert engine.count() == 1


def test_garbage_is_collected_only_when_nobody_may_ask_for_it(
    catalogue: Catalogue, clock, tmp_path: Path
) -> None:
    clock.now = datetime.now(UTC)
    ids = []
    for number in range(12):
        ids.append(catalogue.publish(publication("가", rejected=1), run(f"r{number:02}")).snapshot)
        catalogue.build_index(catalogue.snapshot("parks"))
        clock.move(minutes=1)
    assert catalogue.collect_garbage({"parks": timedelta(minutes=1)}) == 0
    clock.move(hours=25)
    assert catalogue.collect_garbage({"parks": timedelta(minutes=1)}) == 1
    with pytest.raises(SnapshotGone):
        names(catalogue, snapshot=ids[0])
    assert names(catalogue, snapshot=ids[1]) == names(catalogue) == ["가"]
    kept = [file.parent.name for file in (tmp_path / "storage" / "parts").rglob("*.parquet")]
    assert sorted(kept) == ids[1:]
    assert not list((tmp_path / "derived").rglob(f"{ids[0]}*"))
    assert catalogue.rejects("parks")[0] == 1


def test_a_snapshot_that_is_collected_while_it_is_asked_for_is_gone(
    catalogue: Catalogue, database: Engine, clock
) -> None:
    class Overtaken(Entries):
        """Finds the snapshot just before the garbage is collected."""

        def snapshot(self, dataset: str, snapshot: str) -> Snapshot:
            found = super().snapshot(dataset, snapshot)
            catalogue.withdraw(dataset)
            clock.move(days=31)
            catalogue.collect_garbage({})
            return found

    clock.now = datetime.now(UTC)
    catalogue.publish(publication("헌"), run())
    former = catalogue.snapshot("parks").id
    catalogue.publish(publication("새"), run("r2"))
    catalogue._entries = Overtaken(database, clock)
    with pytest.raises(SnapshotGone):
        names(catalogue, snapshot=former)


def test_garbage_collection_leaves_alone_what_is_not_ours(
    catalogue: Catalogue, clock, tmp_path: Path
) -> None:
    stranger = tmp_path / "storage" / "accounts.db"
    stranger.write_bytes(b"x")
    clock.now = datetime.now(UTC) + timedelta(days=400)
    catalogue.collect_garbage({})
    assert stranger.exists()


def test_readers_never_see_half_a_publication(
    catalogue: Catalogue, database_url: str, tmp_path: Path
) -> None:
    """Every snapshot of n rows names them all n; another process publishes a dozen of them."""
    catalogue.publish(publication("1"), run())
    program = PUBLISH.format(tests=str(Path(__file__).parent), url=database_url, folder=str(tmp_path))
    publisher = subprocess.Popen([sys.executable, "-c", program])
    seen = set()
    while publisher.poll() is None:
        described, read = catalogue.describe("parks"), names(catalogue)
        assert set(read) == {str(len(read))}
        assert described.rows == catalogue.snapshot("parks", described.snapshot).rows
        seen.add(len(read))
    assert publisher.returncode == 0
    assert len(seen) > 1
    time.sleep(SECONDS)
    assert len(names(catalogue)) == 12


def test_a_publication_of_another_process_is_seen_within_a_fifth_of_a_second(
    catalogue: Catalogue, database_url: str, tmp_path: Path
) -> None:
    folders = {"storage_folder": tmp_path / "storage", "index_folder": tmp_path / "derived"}
    other = open_catalogue(database_url, search=Embedded(tmp_path / "search"), **folders)
    catalogue.publish(publication("헌"), run())
    assert names(other) == ["헌"]
    catalogue.publish(publication("새"), run("r2"))
    assert names(catalogue) == ["새"]
    time.sleep(0.2)
    assert names(other) == ["새"]
    other.close()


def test_a_database_without_tables_is_not_ready(tmp_path: Path) -> None:
    bare = open_catalogue(
        f"sqlite:///{tmp_path / 'bare.db'}", tmp_path / "storage", Embedded(tmp_path), index_folder=tmp_path
    )
    assert not bare.ready()
    bare.close()


PUBLISH = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_catalogue import publication, run
from catalogue import open_catalogue
from catalogue.search.embedded import Embedded

catalogue = open_catalogue({url!r}, Path({folder!r}) / "storage", Embedded(Path({folder!r}) / "search"),
    index_folder=Path({folder!r}) / "derived")
for number in range(2, 13):
    catalogue.publish(publication(*[str(number)] * number), run(f"n{{number}}"))
"""
CRASH = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_catalogue import publication, run
from catalogue import open_catalogue
from catalogue.entries import Entries
from catalogue.search.embedded import Embedded

class Killed(Entries):
    def commit(self, *args):
        os.kill(os.getpid(), signal.SIGKILL)

catalogue = open_catalogue({url!r}, Path({folder!r}) / "storage", Embedded(Path({folder!r}) / "search"),
    index_folder=Path({folder!r}) / "derived")
request = catalogue.request_run("parks", "schedule")
claimed = catalogue.claim_run("w1")
catalogue._publisher._entries = Killed(catalogue._parts.engine, catalogue._clock)
catalogue.publish(publication("새"), claimed)
"""


def test_a_kill_between_files_and_transaction_leaves_the_former_snapshot_and_garbage(
    catalogue: Catalogue, database_url: str, clock, tmp_path: Path
) -> None:
    clock.now = datetime.now(UTC)
    former = catalogue.publish(publication("헌"), run()).snapshot
    program = CRASH.format(tests=str(Path(__file__).parent), url=database_url, folder=str(tmp_path))
    killed = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=300
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    parts = tmp_path / "storage" / "parts" / "parks"
    assert len(list(parts.iterdir())) == 2
    assert catalogue.snapshot("parks").id == former
    assert names(catalogue) == ["헌"]
    clock.move(minutes=5)
    assert catalogue.claimable() == ["parks"]
    catalogue.collect_garbage({})
    assert len(list(parts.iterdir())) == 2
    clock.move(hours=25)
    catalogue.collect_garbage({})
    assert [left.name for left in parts.iterdir()] == [former]
    assert names(catalogue) == ["헌"]
