"""Whoever keeps a copy and follows the changes by cursor has, whenever they look, a whole snapshot."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import Catalogue, ChangesGone, Publication, UnknownSnapshot, open_catalogue
from catalogue.history.following import Place
from catalogue.history.walks import Walks
from catalogue.search.embedded import Embedded
from config.migrations import upgrade
from schemas.arrow import ID, arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.problem import BadInput
from schemas.query import RowQuery
from schemas.run import REJECTS, Run

KINDS = ("keyed", "keyless", "appended", "appended-keyless")
numbers = itertools.count()


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    folder = tmp_path_factory.mktemp("followed")
    url = f"sqlite:///{folder / 'entrepot.db'}"
    upgrade(url)
    search = Embedded(folder / "search")
    opened = open_catalogue(url, folder / "parts", search, index_folder=folder / "derived")
    yield opened
    opened.close()


def publication(id: str, kind: str, rows: dict[str, int], extra: bool = False) -> Publication:
    columns = (Column("name", "text", key="keyless" not in kind), Column("height", "integer"))
    columns += (Column("kind", "text"),) if extra else ()
    names = list(rows)
    ids = [str(n) for n in range(len(rows))] if "keyless" in kind else names
    cells = [ids, names, list(rows.values())] + ([["x"] * len(rows)] if extra else [])
    table = pa.table(cells, schema=arrow_schema(columns))
    dataset = Dataset(id, Text("나무", "Trees"), "부산광역시", "KOGL-1", id)
    return Publication(dataset, columns, table, REJECTS.empty_table())


def land(catalogue: Catalogue, landed: Publication, kind: str) -> None:
    run = Run(f"r{next(numbers)}", landed.dataset.id, landed.dataset.id, "running")
    (catalogue.append if kind.startswith("appended") else catalogue.publish)(landed, run)


def held(catalogue: Catalogue, id: str, snapshot: str | None = None) -> dict[str, dict[str, Any]]:
    """The rows of a snapshot as a reader gets them."""
    page = catalogue.rows(id, RowQuery(limit=1_000, snapshot=snapshot))
    return {row[0]: dict(zip(page.names[1:], row[1:], strict=True)) for row in page.values}


class Mirror:
    """A copy that is made once and then kept by nothing but changes."""

    def __init__(self, catalogue: Catalogue, id: str) -> None:
        self.catalogue, self.id = catalogue, id
        self.since = catalogue.snapshot(id).id
        self.rows = held(catalogue, id)
        self.at: str | None = self.since

    def step(self, limit: int | None) -> None:
        with self.catalogue.follow(self.id, self.since, limit=limit) as found:
            names = [column.name for column in found.changes.until.columns]
            self.rows = {id: {n: row.get(n) for n in names} for id, row in self.rows.items()}
            for batch in found.changes.batches:
                for change in batch.to_pylist():
                    self._apply(change)
        self.since = found.cursor
        self.at = None if found.more else found.changes.until.id

    def _apply(self, change: dict[str, Any]) -> None:
        kind, _, id = (change.pop(name) for name in ("_change", "_changed", ID))
        if kind == "deleted":
            del self.rows[id]
            return
        assert (kind == "inserted") == (id not in self.rows), "a change came twice, or none came"
        self.rows[id] = change


rows = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3), min_size=1, max_size=8)
deeds = st.lists(st.tuples(rows, st.booleans()) | st.none() | st.integers(1, 4), min_size=1, max_size=12)


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(kind=st.sampled_from(KINDS), first=rows, deeds=deeds)
def test_changes_walked_in_steps_of_any_size_while_others_are_published_give_each_snapshot(
    kind: str, first: dict[str, int], deeds: list[Any], one: Catalogue
) -> None:
    id = f"trees-{next(numbers)}"
    land(one, publication(id, kind, first), kind)
    mirror = Mirror(one, id)
    for deed in deeds:
        if isinstance(deed, tuple):
            land(one, publication(id, kind, *deed), kind)
            continue
        mirror.step(deed)
        if mirror.at is not None:
            assert mirror.rows == held(one, id, mirror.at)
    for _ in range(200):
        mirror.step(3)
        if mirror.at == one.snapshot(id).id:
            break
    assert mirror.rows == held(one, id)


def test_a_cursor_whose_snapshots_are_gone_names_the_one_to_begin_with(catalogue: Catalogue, clock) -> None:
    land(catalogue, publication("t", "keyed", {"a": 1}), "keyed")
    with catalogue.follow("t", catalogue.snapshot("t").id) as found:
        cursor = found.cursor
    first = catalogue.snapshot("t").id
    for height in range(12):
        clock.move(days=3)
        land(catalogue, publication("t", "keyed", {"a": height + 2}), "keyed")
    catalogue.collect_garbage({"t": timedelta(days=1)})
    for since in (cursor, first):
        with pytest.raises(ChangesGone) as gone, catalogue.follow("t", since):
            pass
        assert gone.value.current == catalogue.snapshot("t").id
        assert gone.value.current in str(gone.value)


def test_a_growing_datasets_cursor_is_known_for_ours_after_even_its_snapshots_id_is_forgotten(
    catalogue: Catalogue, clock
) -> None:
    land(catalogue, publication("t", "appended", {"a": 1}), "appended")
    first = catalogue.snapshot("t").id
    with catalogue.follow("t", first) as found:
        cursor = found.cursor
    for name in "bcdefghijklm":
        clock.move(days=3)
        land(catalogue, publication("t", "appended", {name: 1}), "appended")
    catalogue.collect_garbage({"t": timedelta(days=1)})
    clock.move(days=40)
    catalogue.collect_garbage({"t": timedelta(days=1)})
    with pytest.raises(UnknownSnapshot), catalogue.follow("t", first):
        pass
    with pytest.raises(ChangesGone), catalogue.follow("t", cursor):
        pass


def test_a_cursor_of_another_dataset_or_a_torn_one_is_refused(catalogue: Catalogue) -> None:
    for id in ("t", "u"):
        land(catalogue, publication(id, "keyed", {"a": 1}), "keyed")
    with catalogue.follow("t", catalogue.snapshot("t").id) as found:
        cursor = found.cursor
    for wrong in (cursor[:-1], cursor + "A", "~", "~%", "~é"):
        with pytest.raises(BadInput, match="since"), catalogue.follow("t", wrong):
            pass
    with pytest.raises(BadInput, match="since"), catalogue.follow("u", cursor):
        pass


def test_in_the_middle_of_a_pair_the_cursor_stays_with_it_although_newer_snapshots_are_there(
    catalogue: Catalogue,
) -> None:
    land(catalogue, publication("t", "keyed", {"a": 1}), "keyed")
    first = catalogue.snapshot("t").id
    land(catalogue, publication("t", "keyed", {"a": 2, "b": 1, "c": 1}), "keyed")
    second = catalogue.snapshot("t").id
    with catalogue.follow("t", first, limit=1) as found:
        assert found.more
    land(catalogue, publication("t", "keyed", {"z": 9}), "keyed")
    with catalogue.follow("t", found.cursor) as rest:
        assert (rest.changes.until.id, rest.more) == (second, False)
        assert [row[ID] for batch in rest.changes.batches for row in batch.to_pylist()] == ["b", "c"]
    with pytest.raises(BadInput, match="until"), catalogue.follow("t", found.cursor, first):
        pass


def test_a_walk_compares_once_and_goes_on_although_its_file_is_deleted(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    land(catalogue, publication("t", "keyed", {f"T{n:05}": n for n in range(30_000)}), "keyed")
    first = catalogue.snapshot("t").id
    land(catalogue, publication("t", "keyed", {f"T{n:05}": n + 1 for n in range(10_000, 40_000)}), "keyed")
    seen: list[tuple[str, str]] = []
    since, more, pages = first, True, 0
    while more:
        with catalogue.follow("t", since, limit=7_001) as found:
            assert vars(found.changes.counts) == {"inserted": 10_000, "updated": 20_000, "deleted": 10_000}
            for batch in found.changes.batches:
                seen += zip(batch["_change"].to_pylist(), batch[ID].to_pylist(), strict=True)
        since, more, pages = found.cursor, found.more, pages + 1
        (file,) = (tmp_path / "derived" / "changes").iterdir()
        if pages == 3:
            file.unlink()
    with catalogue.follow("t", first) as found:
        once = [
            pair
            for batch in found.changes.batches
            for pair in zip(batch["_change"].to_pylist(), batch[ID].to_pylist(), strict=True)
        ]
    assert (seen, pages) == (once, 6)


def test_files_of_walks_do_not_outgrow_their_folder(catalogue: Catalogue, tmp_path: Path) -> None:
    walks = Walks(tmp_path / "few", catalogue._parts.comparer, catalogue._parts.storage, largest=1)
    land(catalogue, publication("t", "keyed", {"a": 1, "b": 1}), "keyed")
    snapshots = [catalogue.snapshot("t")]
    for height in (2, 3, 4):
        land(catalogue, publication("t", "keyed", {"a": height, "b": height}), "keyed")
        snapshots.append(catalogue.snapshot("t"))
    for since in snapshots[:3]:
        with walks.page(since, snapshots[-1], Place(since.id), 1) as found:
            assert [row[ID] for batch in found.changes.batches for row in batch.to_pylist()] == ["a"]
    assert len(list((tmp_path / "few").iterdir())) == 1
