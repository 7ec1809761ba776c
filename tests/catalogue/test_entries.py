"""Datasets, snapshots and entries in SQL, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from catalogue import stored
from catalogue.entries import Entries
from catalogue.errors import NoRows, SnapshotGone, Taken, UnknownDataset, UnknownSnapshot
from catalogue.garbage import collect
from catalogue.lists import replace_entries
from catalogue.tables import datasets
from schemas.dataset import Column, Dataset, DatasetSchema, Text
from schemas.feed import DeletionsSpec
from schemas.run import Run
from schemas.snapshot import Part, Snapshot, SnapshotSchema

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PARKS = Dataset("parks", Text("공원", "Parks"), "부산광역시", "KOGL-1", "parks", description=Text("설명"))
COLUMN = Column("kind", "text", Text("종류"), unit="1", codes={"1": Text("어린이", "Children")})


def snapshot(id: str, dataset: str = "parks", rows: int = 3) -> Snapshot:
    parts = (Part(f"parts/{dataset}/{id}/0.parquet", rows, 100),)
    period = (NOON - timedelta(days=1), None)
    return Snapshot(
        id, dataset, NOON, rows, 100, (COLUMN,), parts, bbox=(128.5, 34.9, 129.3, 35.4), period=period
    )


def entry(id: str, **also: object) -> Dataset:
    return Dataset(f"list-{id}", Text(f"목록 {id}"), "행정안전부", "KOGL-1", "list", identifier=id, **also)


@pytest.fixture
def entries(database: Engine, clock) -> Entries:
    return Entries(database, clock)


@pytest.fixture
def publish_list(database: Engine, clock):
    def publish(*these: Dataset, run: str = "r") -> Run:
        return replace_entries(database, these, Run(run, "list", "list", "running"), clock())

    return publish


def commit(entries: Entries, id: str, **run: object) -> Run:
    return entries.commit(PARKS, snapshot(id), Run(f"run-{id}", "parks", "parks", "running", **run))


def test_what_is_stored_is_what_the_schemas_dump() -> None:
    import json

    import orjson

    full = replace(
        PARKS, keywords=("녹지",), themes=("facility",), formats=("csv",), created=NOON, updated=NOON, rows=3,
        bbox=(1.0, 2.0, 3.0, 4.0), period=(NOON, None), snapshot="s",
    )  # fmt: skip
    assert orjson.loads(orjson.dumps(full)) == json.loads(json.dumps(DatasetSchema().dump(full)))
    assert orjson.loads(orjson.dumps(snapshot("s"))) == json.loads(
        json.dumps(SnapshotSchema().dump(snapshot("s")))
    )
    assert stored.dataset(orjson.loads(orjson.dumps(full))) == full
    assert stored.dataset(orjson.loads(orjson.dumps(PARKS))) == PARKS
    assert stored.snapshot(orjson.loads(orjson.dumps(snapshot("s"))), None) == snapshot("s")


def test_a_published_dataset_carries_what_its_snapshot_knows(entries: Entries, clock) -> None:
    run = commit(entries, "s1", started=NOON - timedelta(seconds=7), read=4, published=3, rejected=1)
    assert (run.status, run.snapshot, run.seconds, run.finished) == ("published", "s1", 7.0, NOON)
    described = entries.one("parks")
    assert described == replace(
        PARKS, rows=3, bbox=(128.5, 34.9, 129.3, 35.4), period=(NOON - timedelta(days=1), None),
        snapshot="s1", created=NOON, updated=NOON, formats=("arrow", "csv", "ndjson", "parquet", "xlsx"),
    )  # fmt: skip
    assert entries.snapshot("parks", "s1") == replace(snapshot("s1"), run="run-s1")


def test_a_new_snapshot_replaces_the_former_which_can_still_be_named(entries: Entries, clock) -> None:
    commit(entries, "s1")
    later = clock.move(hours=1)
    commit(entries, "s2")
    assert entries.current("parks") == "s2"
    assert entries.snapshot("parks", "s1").replaced == later
    assert [found.id for found in entries.snapshots("parks", 10)] == ["s2", "s1"]
    assert (entries.one("parks").created, entries.one("parks").updated) == (NOON, later)


def test_any_instant_since_the_first_names_one_snapshot(entries: Entries, clock) -> None:
    commit(entries, "s1")
    later = clock.move(hours=1)
    commit(entries, "s2")
    moments = {
        NOON: "s1",
        later - timedelta(microseconds=1): "s1",
        later: "s2",
        later + timedelta(days=9): "s2",
    }
    assert {moment: entries.snapshot_at("parks", moment).id for moment in moments} == moments
    with pytest.raises(UnknownSnapshot, match="at 2026-03-01T11:59"):
        entries.snapshot_at("parks", NOON - timedelta(minutes=1))


def test_snapshots_keep_their_order_when_the_clock_is_set_back(entries: Entries, clock) -> None:
    commit(entries, "s1")
    clock.move(hours=-1)
    commit(entries, "s2")
    assert [found.id for found in entries.snapshots("parks", 10)] == ["s2", "s1"]
    assert entries.snapshot("parks", "s1").replaced == entries.snapshot("parks", "s2").created > NOON


def test_a_failed_commit_changes_nothing(entries: Entries, clock) -> None:
    commit(entries, "s1")
    before = entries.one("parks")
    with pytest.raises(Taken, match=r"'parks'.*'other'"):
        entries.commit(replace(PARKS, feed="other"), snapshot("s2"), Run("r", "other", "parks", "running"))
    assert entries.one("parks") == before
    assert [found.id for found in entries.snapshots("parks", 10)] == ["s1"]


def test_a_withdrawn_dataset_is_gone_until_it_is_published_again(entries: Entries, clock) -> None:
    commit(entries, "s1")
    entries.withdraw("parks")
    assert (entries.ids(), entries.many(["parks"]), entries.page(10, 0)) == ([], [], [])
    for ask in (entries.one, entries.current, entries.withdraw):
        with pytest.raises(UnknownDataset):
            ask("parks")
    clock.move(hours=1)
    commit(entries, "s2")
    assert entries.current("parks") == "s2"
    with pytest.raises(UnknownSnapshot):
        entries.snapshot_at("parks", NOON + timedelta(minutes=30))


def test_an_unknown_dataset_is_answered_with_the_nearest(entries: Entries) -> None:
    commit(entries, "s1")
    with pytest.raises(UnknownDataset) as caught:
        entries.one("pakrs")
    assert caught.value.hint == "did you mean 'parks'?"
    with pytest.raises(UnknownDataset):
        entries.one("%_" * 10_000)


@pytest.mark.parametrize("id", ["a\0b", "\udcff", "", "부산" * 5_000])
def test_an_id_that_no_database_can_hold_is_unknown(entries: Entries, id: str) -> None:
    commit(entries, "s1")
    for ask in (entries.one, entries.current, entries.withdraw):
        with pytest.raises(UnknownDataset):
            ask(id)
    with pytest.raises(UnknownSnapshot):
        entries.snapshot("parks", id)


def test_a_list_of_thirty_thousand_is_landed_whole_and_then_only_its_changes(
    entries: Entries, database: Engine, publish_list, clock
) -> None:
    many = [entry(f"{number:05}", keywords=("공원", "녹지")) for number in range(30_820)]
    publish_list(*many)
    assert len(entries.ids()) == 30_820
    later = clock.move(days=1)
    publish_list(replace(many[0], keywords=()), *many[2:], run="r2")
    assert len(entries.ids()) == 30_819
    changed = sa.select(datasets.c.id, datasets.c.withdrawn).where(datasets.c.version > 1)
    with database.connect() as connection:
        found = connection.execute(changed.order_by(datasets.c.id)).all()
    assert [tuple(row) for row in found] == [("list-00000", None), ("list-00001", later)]


def test_datasets_come_by_the_ids_asked_and_by_page(entries: Entries, publish_list) -> None:
    publish_list(*(entry(str(number)) for number in range(5)))
    assert [found.id for found in entries.many(["list-3", "nothing", "list-1"])] == ["list-3", "list-1"]
    assert [found.id for found in entries.page(2, 3)] == ["list-3", "list-4"]
    assert entries.ids() == [f"list-{number}" for number in range(5)]


def test_a_list_replaces_itself_and_touches_only_what_changed(entries: Entries, publish_list, clock) -> None:
    publish_list(entry("1"), entry("2"), entry("3"))
    later = clock.move(days=1)
    run = publish_list(entry("1"), replace(entry("2"), keywords=("새",)), entry("4"), run="r2")
    assert (run.status, run.finished) == ("published", later)
    assert {found.id: (found.created, found.updated) for found in entries.page(10, 0)} == {
        "list-1": (NOON, NOON),
        "list-2": (NOON, later),
        "list-4": (later, later),
    }
    publish_list(entry("1"), entry("2"), entry("3"), entry("4"), run="r3")
    assert entries.ids() == ["list-1", "list-2", "list-3", "list-4"]


def test_the_dates_of_an_entrys_publisher_win(entries: Entries, publish_list) -> None:
    of_publisher = NOON - timedelta(days=900)
    publish_list(entry("1", created=of_publisher, updated=of_publisher))
    assert entries.one("list-1") == entry("1", created=of_publisher, updated=of_publisher)


def test_an_entry_has_no_rows_and_says_where_they_are(entries: Entries, publish_list) -> None:
    publish_list(entry("1", landing_page="https://data.example/1"))
    with pytest.raises(NoRows, match=r"https://data\.example/1"):
        entries.current("list-1")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ((entry("1"), entry("1")), "comes twice"),
        ((replace(entry("1"), feed="other"),), "no entry of feed"),
        ((replace(entry("1"), rows=1),), "no rows"),
    ],
)
def test_a_wrong_list_publishes_nothing(entries: Entries, publish_list, wrong, said: str) -> None:
    publish_list(entry("9"))
    with pytest.raises(ValueError, match=said):
        publish_list(entry("8"), *wrong)
    assert entries.ids() == ["list-9"]


def test_a_list_may_not_take_the_dataset_of_another_feed(entries: Entries, publish_list) -> None:
    commit(entries, "s1")
    with pytest.raises(Taken):
        publish_list(replace(entry("1"), id="parks"))
    assert entries.ids() == ["parks"]


def test_a_feed_that_turns_into_a_list_lets_its_rows_go(entries: Entries, database: Engine, clock) -> None:
    commit(entries, "s1")
    clock.move(hours=1)
    replace_entries(
        database,
        [replace(entry("1"), feed="parks")],
        Run("r", "parks", "parks", "running"),
        clock(),
        DeletionsSpec(),
    )
    assert entries.ids() == ["list-1"]
    assert entries.snapshot("parks", "s1").replaced == clock()


def test_old_snapshots_are_collected_but_the_last_ten_and_the_current_stay(
    entries: Entries, database: Engine, clock
) -> None:
    for number in range(13):
        commit(entries, f"s{number:02}")
        clock.move(hours=1)
    assert collect(database, {"parks": timedelta(hours=1)}, clock()) == []
    clock.move(hours=24)
    assert collect(database, {}, clock()) == []
    assert sorted(collect(database, {"parks": timedelta(hours=1)}, clock())) == ["s00", "s01"]
    with pytest.raises(SnapshotGone, match="no longer kept"):
        entries.snapshot("parks", "s00")
    with pytest.raises(SnapshotGone):
        entries.snapshot_at("parks", NOON)
    assert len(entries.snapshots("parks", 100)) == 11
    entries.withdraw("parks")
    clock.move(days=31)
    assert len(collect(database, {}, clock())) == 11
