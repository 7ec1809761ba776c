"""What leads from one snapshot to another: every change once, none too many, columns included."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import Catalogue, MassDeletion, Publication
from catalogue.history.changes import Changes, between
from catalogue.rows.compare import Comparer
from catalogue.snapshots import write
from catalogue.storage import Storage
from schemas.arrow import ID, arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.feed import DeletionsSpec
from schemas.run import REJECTS, Run
from schemas.snapshot import Snapshot

TREES = Dataset("trees", Text("나무", "Trees"), "부산광역시", "KOGL-1", "trees")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
Row = tuple[Any, ...]

values = {
    "text": st.none() | st.sampled_from(["", "a", "'", "가나", "a~b"]),
    "integer": st.none() | st.integers(-(2**63), 2**63 - 1),
    "number": st.none() | st.floats(allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0),
    "boolean": st.none() | st.booleans(),
    "time": st.none()
    | st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(lambda t: t.replace(tzinfo=UTC)),
    "geometry": st.none()
    | st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(lambda p: shapely.to_wkb(shapely.Point(p))),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[Column, ...], dict[str, Row]]:
    """Some columns, each of a name of three and any type, and rows by id."""
    names = draw(st.lists(st.sampled_from(["x", "X", "it's"]), unique=True, max_size=3))
    kinds = [draw(st.sampled_from(list(values))) for _ in names]
    rows = draw(
        st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(*(values[kind] for kind in kinds)), max_size=8)
    )
    return tuple(Column(name, kind) for name, kind in zip(names, kinds, strict=True)), rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("changes")


@pytest.fixture(scope="module")
def storage(folder: Path) -> Storage:
    return Storage(folder)


@pytest.fixture(scope="module")
def comparer(storage: Storage, folder: Path):
    opened = Comparer(storage, folder / "spill")
    yield opened
    opened.close()


def publication(columns: tuple[Column, ...], rows: dict[str, Row]) -> Publication:
    schema = arrow_schema(columns)
    table = pa.Table.from_pylist(
        [dict(zip(schema.names, (id, *row), strict=True)) for id, row in rows.items()], schema
    )
    return Publication(TREES, columns, table, REJECTS.empty_table())


def applied(columns: tuple[Column, ...], rows: dict[str, Row], found: Changes) -> dict[str, Row]:
    """The rows of the former snapshot after the changes, in the columns of the later."""
    places = {column.name: place for place, column in enumerate(columns)}
    fresh = {*found.columns.added, *found.columns.retyped}
    now = {
        id: tuple(None if c.name in fresh else row[places[c.name]] for c in found.until.columns)
        for id, row in rows.items()
    }
    for batch in found.batches:
        for change in batch.to_pylist():
            kind, changed, id, *cells = change.values()
            if kind == "deleted":
                del now[id]
                continue
            assert (kind == "inserted") == (id not in now)
            if kind == "updated":
                was = dict(zip([c.name for c in found.until.columns], now[id], strict=True))
                assert set(changed) == {
                    name for name, value in change.items() if name in was and was[name] != value
                }
                assert changed
            now[id] = tuple(cells)
    return now


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=tables(), after=tables(), same_columns=st.booleans(), data=st.data())
def test_the_changes_applied_to_the_former_rows_give_the_later_ones(
    before, after, same_columns, data, storage: Storage, comparer: Comparer
) -> None:
    columns, rows = before
    later_columns, later = after
    if same_columns:
        later_columns = columns
        kept = {id: row for id, row in rows.items() if data.draw(st.booleans())}
        fresh = st.dictionaries(
            st.sampled_from("abcdxyz"), st.tuples(*(values[c.type] for c in columns)), max_size=4
        )
        later = kept | data.draw(fresh)
    since, until = (
        write(publication(*each), storage, secrets.token_hex(8), NOW)
        for each in ((columns, rows), (later_columns, later))
    )
    with between(since, until, comparer, storage) as found:
        assert applied(columns, rows, found) == later
        assert found.counts.inserted == len(later.keys() - rows.keys())
        assert found.counts.deleted == len(rows.keys() - later.keys())


KEYED = (Column("id", "text", key=True), Column("height", "integer"))


def trees(count: int, height: int = 5, first: int = 0) -> Publication:
    rows = {f"T{n:03}": (f"T{n:03}", height) for n in range(first, count)}
    return publication(KEYED, rows)


def run(id: str) -> Run:
    return Run(id, "trees", "trees", "running")


def test_a_publication_says_what_it_changed(catalogue: Catalogue) -> None:
    first = catalogue.publish(trees(10), run("r1"))
    second = catalogue.publish(trees(12, first=1), run("r2"))
    third = catalogue.publish(trees(12, height=6, first=1), run("r3"))
    counts = [(each.inserted, each.updated, each.deleted) for each in (first, second, third)]
    assert counts == [(10, 0, 0), (2, 0, 1), (0, 11, 0)]
    shown = catalogue.difference("trees", first.snapshot, limit=3)
    assert (shown.counts.inserted, shown.counts.updated, shown.counts.deleted) == (2, 9, 1)
    assert shown.some[0] == {
        "_change": "updated",
        "_changed": ["height"],
        ID: "T001",
        "id": "T001",
        "height": 6,
    }
    back = catalogue.difference("trees", third.snapshot, second.snapshot)
    assert (back.counts.updated, len(back.some)) == (11, 11)


def test_columns_that_came_went_or_changed_their_type_are_named(catalogue: Catalogue) -> None:
    first = catalogue.publish(trees(2), run("r1"))
    columns = (KEYED[0], Column("height", "text"), Column("name", "text"))
    catalogue.publish(publication(columns, {"T000": ("T000", "5", "소나무")}), run("r2"))
    columns = catalogue.difference("trees", first.snapshot).columns
    assert (columns.added, columns.gone, columns.retyped) == (("name",), (), ("height",))


def test_a_mass_deletion_leaves_what_stands_and_no_files(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.publish(trees(100), run("r1"))
    with pytest.raises(MassDeletion) as refused:
        catalogue.publish(trees(60), run("r2"), DeletionsSpec())
    assert (refused.value.count, refused.value.before, refused.value.some[0]) == (40, 100, "T060")
    assert catalogue.describe("trees").rows == 100
    assert len(list((tmp_path / "storage" / "parts").rglob("*.parquet"))) == 1


def test_missing_rows_stay_for_their_grace_and_then_go_although_the_source_says_nothing_new(
    catalogue: Catalogue, clock
) -> None:
    allowed = DeletionsSpec(grace=timedelta(days=3))
    full = catalogue.publish(trees(100), run("r1"), allowed)
    kept = catalogue.publish(trees(95), run("r2"), allowed)
    assert (kept.deleted, catalogue.describe("trees").rows) == (0, 100)
    clock.move(days=2)
    catalogue.publish(trees(90), run("r3"), allowed)
    assert [(m.id, m.until - clock()) for m in catalogue.missing("trees")][4:6] == [
        ("T099", timedelta(days=1)),
        ("T090", timedelta(days=3)),
    ]
    assert not catalogue.overdue("trees")
    clock.move(days=1)
    assert catalogue.overdue("trees")
    gone = catalogue.publish(trees(90), run("r4"), allowed)
    assert (gone.deleted, catalogue.describe("trees").rows) == (5, 95)
    deleted = [each[ID] for each in catalogue.difference("trees", full.snapshot).some]
    assert deleted == ["T095", "T096", "T097", "T098", "T099"]
    assert not catalogue.overdue("trees")


def test_a_preview_tells_what_would_change_and_changes_nothing(catalogue: Catalogue, tmp_path: Path) -> None:
    assert catalogue.preview(trees(3)) is None
    landed = catalogue.publish(trees(3), run("r1"))
    shown = catalogue.preview(trees(4, height=7))
    assert shown is not None
    assert (shown.counts.inserted, shown.counts.updated, shown.counts.deleted) == (1, 3, 0)
    assert catalogue.snapshot("trees").id == landed.snapshot
    assert len(list((tmp_path / "storage" / "parts").rglob("*.parquet"))) == 1


def test_of_what_grew_by_appends_the_changes_are_the_rows_behind(catalogue: Catalogue) -> None:
    first = catalogue.append(trees(5), run("r1"))
    second = catalogue.append(trees(9, first=5), run("r2"))
    with catalogue.follow("trees", first.snapshot, second.snapshot) as found:
        rows = [row for batch in found.changes.batches for row in batch.to_pylist()]
    assert [(row["_change"], row[ID]) for row in rows] == [("inserted", f"T{n:03}") for n in range(5, 9)]
    snapshots: list[Snapshot] = catalogue.snapshots("trees")
    assert [each.rows for each in snapshots] == [9, 5]


def test_a_comparison_larger_than_its_memory_goes_to_the_disk_and_cleans_up(
    storage: Storage, tmp_path: Path
) -> None:
    columns, count = (Column("n", "integer"),), 400_000
    former, now = (
        write(
            Publication(TREES, columns, _many(count, first, columns), REJECTS.empty_table()),
            storage,
            secrets.token_hex(8),
            NOW,
        )
        for first in (0, 10)
    )
    small = Comparer(storage, tmp_path / "spill", megabytes=48)
    with small.between(former, now) as found:
        counts = found.counts()
        (used,) = (tmp_path / "spill").iterdir()
    small.close()
    assert (counts.inserted, counts.updated, counts.deleted) == (10, 0, 10)
    assert not used.exists()


def _many(count: int, first: int, columns: tuple[Column, ...]) -> pa.Table:
    numbers = range(first, first + count)
    return pa.table([[f"{n:040}" for n in numbers], numbers], schema=arrow_schema(columns))
