"""Words that are searched again are found without reading texts again, and the same as before."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from catalogue import snapshots
from catalogue.publication import Publication
from catalogue.rows import Rows
from catalogue.rows.figures.groups import grouped
from catalogue.rows.scan import lexicon
from catalogue.rows.scan.scanner import Scanner
from catalogue.storage import Storage
from schemas.arrow import arrow_schema
from schemas.conditions import All, Filter, Not, Some, Words
from schemas.dataset import Column, Dataset, Text
from schemas.query import GroupQuery, Measure, Order, RowQuery
from schemas.run import REJECTS

NOW = datetime(2026, 11, 25, tzinfo=UTC)
HALVES = 15_000
KINDS = ["카페", "Bakery", "", None, "카페 겸 서점"]
COLUMNS = (
    Column("name", "text"),
    Column("kind", "text"),
    Column("road", "text"),
    Column("speed", "number"),
    Column("at", "time", role="time"),
)


def pieces():
    for first in (0, HALVES):
        places = range(first, first + HALVES)
        yield pa.table(
            [
                [str(i) for i in places],
                [
                    None if i % 13 == 0 else f"해운대 {i * 7919 % 30_011} {'CAFE' if i % 3 else '제과점'}"
                    for i in places
                ],
                [KINDS[i * 31 % 5] for i in places],
                [f"{'중앙대로' if i % 50 else 'Straße 새길'} {i % 900}번길" for i in places],
                [None if i % 11 == 3 else 0.1 if i // 4_000 % 2 else (i % 1_000) ** 5 / 7 for i in places],
                [NOW + timedelta(minutes=i % 777) for i in places],
            ],
            schema=arrow_schema(COLUMNS),
        )


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    return Storage(tmp_path_factory.mktemp("words"))


@pytest.fixture(scope="module")
def snapshot(storage):
    return written(storage, "s-words")


def written(storage, name):
    dataset = Dataset("words", Text("가게"), "부산", "KOGL-1", "words")
    return snapshots.write(
        Publication(dataset, COLUMNS, list(pieces()), REJECTS.empty_table()), storage, name, NOW
    )


@pytest.fixture
def rows(storage, tmp_path):
    opened = Rows(storage, tmp_path / "index")
    yield opened
    opened.close()


SEARCHES = {
    "a word": (Words("새길"),),
    "two words": (Words("899번길 CAFE"),),
    "a word inside a word": (Words("운대"),),
    "a word in any case": (Words("straße"),),
    "many words": (Words("해운대 새길 CAFE 번길 Straße 1 2 3"), Words("4 5 6 7 8 9 0 길 새 대 e C A F")),
    "no such word": (Words("없는말"),),
    "a part": (Filter("name", "contains", "9999"),),
    "a part with a space": (Filter("name", "contains", "대 1"),),
    "a pattern": (Filter("road", "like", "%새길 8_9%"),),
    "a pattern in any case": (Filter("name", "ilike", "%77_ cafe"),),
    "a beginning": (Filter("name", "startswith", "해운대 123"),),
    "a kind": (Filter("kind", "contains", "서점"), Words("새길")),
    "a kind by its value": (Filter("kind", "in", ("카페", "Bakery")), Filter("road", "contains", "Straße")),
    "one or the other": (Some((Words("새길"), Filter("name", "contains", "1234"))),),
    "what is not asked of words": (Words("새길"), Filter("speed", "gt", 5.0)),
    "either of words or not": (Some((Words("새길"), Filter("speed", "lt", 5.0))),),
    "none of the words": (Not(Words("중앙대로")), Filter("name", "contains", "CAFE")),
    "missing and not": (All((Filter("name", "isnull", True), Filter("road", "contains", "새길"))),),
    "missing and asked for": (Filter("kind", "isnull", True), Filter("kind", "contains", "카페")),
}
LOOKS = {
    "in place": RowQuery(limit=7, count=True),
    "in order": RowQuery(order=(Order("speed", True), Order("road")), limit=7, count=True),
}


@pytest.mark.parametrize(("look", "indexed"), [("in place", True), ("in place", False), ("in order", False)])
def test_rows_are_the_same_when_words_are_kept(rows, snapshot, look, indexed):
    if indexed:
        rows.build(snapshot)
    queries = {name: replace(LOOKS[look], filters=asked) for name, asked in SEARCHES.items()}
    before = {name: walk(rows, snapshot, query) for name, query in queries.items()}
    for query in queries.values():
        search_again(rows, snapshot, query)

    for name, query in queries.items():
        assert walk(rows, snapshot, query) == before[name], name


@pytest.mark.parametrize(
    "name", ["a word", "two words", "a word in any case", "no such word", "a part", "a kind"]
)
def test_words_that_are_kept_are_found_without_the_parts(tmp_path, name):
    storage = Storage(tmp_path / "storage")
    snapshot, rows = written(storage, "s-gone"), Rows(storage, tmp_path / "index")
    rows.build(snapshot)
    query = RowQuery(SEARCHES[name], count=True)
    wanted = rows.read(snapshot, query)
    search_again(rows, snapshot, RowQuery((Words("없는말"),), count=True))
    search_again(rows, snapshot, query)
    shutil.rmtree(storage.path("parts"))

    assert rows.read(snapshot, query) == wanted
    rows.close()


def test_figures_of_rows_with_a_word_are_the_same_to_the_last_digit(storage, snapshot):
    scanner = Scanner(storage)
    figures = tuple(Measure(f, f, "speed") for f in ("sum", "avg", "median"))
    questions = [
        GroupQuery(figures, groups, limit=999, rows=RowQuery(asked))
        for groups in ((), ("road",))
        for asked in SEARCHES.values()
    ]
    before = [repr(grouped(scanner, snapshot, query, UTC).values) for query in questions]
    for _ in range(2):
        for query in questions:
            grouped(scanner, snapshot, query, UTC)
            scanner.settle()

    assert [repr(grouped(scanner, snapshot, query, UTC).values) for query in questions] == before
    scanner.close()


def test_words_of_too_many_bytes_are_read_from_the_parts(storage, snapshot, tmp_path):
    rows = Rows(storage, tmp_path, scanner=Scanner(storage, words_megabytes=1))
    query = RowQuery(SEARCHES["two words"], count=True)
    wanted = rows.read(snapshot, query)
    search_again(rows, snapshot, query)

    assert rows.read(snapshot, query) == wanted
    rows.close()


def test_words_of_a_former_snapshot_make_room_for_those_of_the_next(storage, rows):
    query = RowQuery(SEARCHES["a part"], count=True)
    first, second = written(storage, "s-first"), written(storage, "s-second")
    wanted = rows.read(first, query)
    for snapshot in (first, second, first, second):
        search_again(rows, snapshot, query)

        assert replace(rows.read(snapshot, query), snapshot=first.id) == wanted


def test_more_words_than_one_statement_takes_are_read_from_the_parts(storage, rows, snapshot):
    words = " ".join(str(number) for number in range(20))
    query = RowQuery(tuple(Words(words, "name") for _ in range(2)) * 8, count=True)
    many = RowQuery((Some(tuple(Words(f"{i} CAFE {i + 1}", "name") for i in range(150))),), count=True)
    for asked in (query, many):
        wanted = rows.read(snapshot, asked)
        search_again(rows, snapshot, asked)
        assert rows.read(snapshot, asked) == wanted


def test_few_rows_are_read_as_they_are(storage, rows, snapshot, monkeypatch):
    monkeypatch.setattr(lexicon, "LEAST_ROWS", snapshot.rows + 1)
    query = RowQuery(SEARCHES["a part"], count=True)
    wanted = rows.read(snapshot, query)
    search_again(rows, snapshot, query)

    assert rows.read(snapshot, query) == wanted


def search_again(rows, snapshot, query):
    """So often that what is worth keeping is kept when this is over."""
    for _ in range(2):
        rows.read(snapshot, query)
        rows.scanner.settle()


def walk(rows, snapshot, query):
    """The first pages of a walk, and the count of each."""
    pages = [rows.read(snapshot, query)]
    if pages[0].next:
        pages.append(rows.read(snapshot, replace(query, cursor=pages[-1].next)))
    return [(page.values, page.count) for page in pages]
