"""What a table becomes does not depend on the pieces it comes in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvesters.faults import HarvestFault
from harvesters.formats import Parsed, Piece
from harvesters.normalise import Normalised, normalise
from harvesters.normalise.duplicates import Keys, hashes
from harvesters.normalise.spread import spread_rows
from harvesters.normalise.values.cast import Reading, cast
from harvesters.reading import shelf
from schemas.dataset import Column, ColumnType, Text
from schemas.feed import Feed, SourceSpec

KOREA = (124.5, 33.0, 132.0, 38.95)
SEOUL = ZoneInfo("Asia/Seoul")
FEED = Feed("parks", Text("공원"), "부산", "KOGL-1", SourceSpec("file"), reject_limit=1.0)

NUMBERS = ["1", "-2", "007", "3.5", "1,234", "1e5", "12E4", "2005.10", "2006.01", "9007199254740993", "0x1F"]
DAYS = ["2018-01-03", "2018.1.3", "20180103", "9999-12-31", "18.1.3", "45.1.3", "201801"]
TIMES = ["2018-01-03 05:00", "2018-01-03T05:00:00.25+09:00", "2018-1-3 24:00", "2018-01-03 01", "1514937600"]
OTHERS = ["가", " 나 ", "-", "N/A", "", "true", "FALSE", "\ufffd", "a~b", "\u1112\u1161\u11ab", None]
FAMILIES = (
    NUMBERS, DAYS, TIMES, OTHERS, DAYS + TIMES, NUMBERS[:2] + OTHERS[2:5], DAYS[:1], ["1", "2", "3", "-"],
    NUMBERS[7:9], NUMBERS[:5] + TIMES[-1:], OTHERS[5:7],
)  # fmt: skip
NAMES = ("수", "기준일자", "timestamp", "이름", "key")


def parsed_in(table: pa.Table, cuts: Sequence[int]) -> Parsed:
    """The table, cut before the rows `cuts`."""
    lines = pa.array(range(2, len(table) + 2), pa.int64())
    edges = [0, *sorted(cuts), len(table)]
    first, *rest = (
        Piece(table.slice(start, end - start), lines.slice(start, end - start))
        for start, end in pairwise(edges)
    )
    return Parsed(first.table, first.lines, "csv", crs="EPSG:4326", rest=rest or ())


def told(parsed: Parsed, feed: Feed, previous: Sequence[Column] | None, folder: Path | None) -> object:
    """All that is made of a table, or why nothing is."""
    before = tuple(previous) if previous else None
    try:
        found = normalise(parsed, feed, extent=KOREA, zone=SEOUL, previous=before, folder=folder)
    except HarvestFault as fault:
        return str(fault)
    rejects = sorted(map(repr, found.rejects.to_pylist()))
    return found.columns, found.rows.to_pylist(), rejects, found.read, found.hold, found.repairs


def column(rows: int) -> st.SearchStrategy[list[str | None]]:
    """A column of cells that are written alike."""
    return st.sampled_from(FAMILIES).flatmap(
        lambda words: st.lists(st.sampled_from(words), min_size=rows, max_size=rows)
    )


def columns(rows: int) -> st.SearchStrategy[pa.Table]:
    return st.fixed_dictionaries(dict.fromkeys(NAMES, column(rows))).map(
        lambda found: pa.table({name: pa.array(values, pa.string()) for name, values in found.items()})
    )


@st.composite
def tables_and_cuts(draw: st.DrawFn) -> tuple[pa.Table, list[int]]:
    rows = draw(st.integers(1, 12))
    return draw(columns(rows)), draw(st.lists(st.integers(0, rows), min_size=1, max_size=4))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    case=tables_and_cuts(),
    key=st.sampled_from([(), ("key",), ("key", "이름")]),
    time=st.sampled_from([None, "기준일자"]),
    before=st.sampled_from([None, "integer", "number", "date", "text"]),
    contract=st.sampled_from(["discard_row", "evolve", "freeze"]),
    room=st.sampled_from([None, 0, 600, shelf.ROOM]),
)
def test_rows_types_and_rejects_are_the_same_whatever_the_pieces(
    case: tuple[pa.Table, list[int]],
    key: tuple[str, ...],
    time: str | None,
    before: str | None,
    contract: str,
    room: int | None,
    tmp_path: Path,
) -> None:
    table, cuts = case
    feed = Feed(**vars(FEED) | {"key": key, "time": time, "contract": contract})
    previous = [Column(name, before) for name in NAMES] if before else None  # type: ignore[arg-type]
    once = told(parsed_in(table, []), feed, previous, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelf, "ROOM", room or 0)
        folder = None if room is None else tmp_path / "landing"
        assert told(parsed_in(table, cuts), feed, previous, folder) == once


def test_tables_that_no_longer_fit_into_memory_are_put_on_the_disk_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "ROOM", 2_000)
    tables = [pa.table({"n": range(start, start + 50)}) for start in range(0, 500, 50)]
    held = shelf.Shelf(tmp_path / "shelf")
    for number, table in enumerate(tables):
        held.append(table)
        assert len(list(tmp_path.rglob("*.arrow"))) == (0 if number < 5 else number + 1)
    held[3] = tables[3].slice(0, 10)

    assert held.rows == 460
    assert [each.to_pydict() for each in held] == [
        each.to_pydict() for each in (*tables[:3], tables[3].slice(0, 10), *tables[4:])
    ]
    assert [len(each) for each in held.column(0)] == [50, 50, 50, 10, *[50] * 6]


DAY = ["2018-01-03", "2018-1-3", "2018-02-30", "0000-01-01", "0001-01-01", "9999-12-31", "20180103"]
CLOCK = [
    "",
    "T05",
    " 05",
    " 05:00",
    "T05:00:00",
    " 05:00:00.1",
    " 05:00:00.1234567",
    " 24:00",
    "T0500",
    " 5:00",
]
ZONE = ["", "Z", "+09", "+09:00", "-0300", " +09:00"]
FIGURES = [*NUMBERS, "+1", "-0", "1.", "-.5", "1E+05", "1e400", "nan", "inf", "-9223372036854775808", "1_000"]


@settings(deadline=None)
@given(
    st.tuples(*map(st.sampled_from, (DAY, CLOCK, ZONE))).map("".join) | st.sampled_from(FIGURES),
    st.sampled_from(["date", "time", "integer", "number"]),
)
def test_a_text_is_read_alike_alone_and_beside_one_that_does_not_fit(text: str, kind: ColumnType) -> None:
    reading = Reading(SEOUL)
    alone, beside = (cast(pa.chunked_array([texts]), kind, reading) for texts in ([text], [text, "가"]))
    assert alone[0] == beside[0]
    if kind in ("date", "time"):
        alone.to_pylist()  # Python's years end where ours do.


def normalised(table: pa.Table, cuts: Sequence[int], folder: Path, **lines: object) -> Normalised:
    feed = Feed(**vars(FEED) | lines)
    return normalise(parsed_in(table, cuts), feed, extent=KOREA, zone=SEOUL, folder=folder)


def test_a_key_of_an_earlier_piece_leaves_its_row_out_with_the_rejects_of_its_cells(tmp_path: Path) -> None:
    table = pa.table(
        {"번호": ["1", "2", "1", "3", "2", "1"], "이름": ["가", "나", "\ufffd", "다", "라", "마"]}
    )
    found = normalised(table, [2, 4], tmp_path, key=("번호",))
    assert [row["_id"] for row in found.rows.to_pylist()] == ["1", "2", "3"]
    rejects = [(each["line"], each["scope"], each["reason"]) for each in found.rejects.to_pylist()]
    assert rejects == [(4, "row", "duplicate_key"), (6, "row", "duplicate_key"), (7, "row", "duplicate_key")]
    assert (found.read, found.accepted, found.tally.cells) == (6, 3, 0)


def test_cells_keep_their_rejects_when_rows_before_them_are_left_out(tmp_path: Path) -> None:
    table = pa.table({"번호": ["1", "1", "2", "3"], "이름": ["가", "나", "다", "\ufffd"]})
    found = normalised(table, [1], tmp_path, key=("번호",))
    assert sorted((each["line"], each["scope"]) for each in found.rejects.to_pylist()) == [
        (3, "row"),
        (5, "cell"),
    ]
    assert found.rows["이름"].to_pylist() == ["가", "다", None]


def test_rows_are_numbered_through_all_pieces_where_places_repeat(tmp_path: Path) -> None:
    table = pa.table({"이름": ["가", "나", "다"]})
    parsed = parsed_in(table, [2])
    twice = Parsed(parsed.table, pa.array([1, 2]), "json", rest=[Piece(table.slice(2), pa.array([1]))])
    found = normalise(twice, FEED, extent=KOREA, zone=SEOUL, folder=tmp_path)
    assert found.rows["_id"].to_pylist() == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("parts", "kind", "values"),
    [
        ([[1, 2], [0.5]], "number", [1.0, 2.0, 0.5]),
        ([[1, 2], ["셋"]], "text", ["1", "2", "셋"]),
        ([[None], [3]], "integer", [None, 3]),
        ([[True], [1]], "text", ["true", "1"]),
    ],
)
def test_files_of_one_table_may_each_have_their_own_types(
    parts: list[list[object]], kind: str, values: list[object], tmp_path: Path
) -> None:
    first, *rest = (
        Piece(
            pa.table({"v": pa.array(each, None if each != [None] else pa.string())}),
            pa.array(range(len(each))),
        )
        for each in parts
    )
    found = normalise(
        Parsed(first.table, first.lines, "json", rest=rest), FEED, extent=KOREA, zone=SEOUL, folder=tmp_path
    )
    assert (found.columns[0].type, found.rows["v"].to_pylist()) == (kind, values)
    assert not found.rejects


def test_places_are_found_from_all_pieces(tmp_path: Path) -> None:
    wkb = shapely.to_wkb([shapely.Point(129 + i / 100, 35) for i in range(6)])
    found = normalised(pa.table({"geometry": pa.array(wkb, pa.binary())}), [1, 4], tmp_path)
    assert [shapely.from_wkb(each).x for each in found.rows["geometry"].to_pylist()] == [
        129 + i / 100 for i in range(6)
    ]


@pytest.mark.parametrize("cuts", [[], [1], [500, 501, 3_000], list(range(100, 5_000, 100))])
def test_the_rows_that_stand_for_a_table_are_the_same_whatever_the_pieces(cuts: list[int]) -> None:
    table = pa.table({"x": [None if i % 3 == 0 else str(i) for i in range(5_000)]})
    pieces = [piece.table for piece in parsed_in(table, cuts).pieces()]
    some = spread_rows(pieces, ["x"])["x"].to_pylist()
    assert some == spread_rows([table], ["x"])["x"].to_pylist()
    assert len(some) == 2_000
    assert np.diff([int(each) for each in some]).max() < 10


@settings(deadline=None)
@given(st.lists(st.text(max_size=8), max_size=60), st.integers(1, 7))
def test_equal_texts_have_equal_hashes_wherever_they_stand(texts: list[str], start: int) -> None:
    whole = hashes(pa.array(texts, pa.string()))
    assert whole[start:].tolist() == hashes(pa.array(texts, pa.string()).slice(start)).tolist()
    assert len(set(whole.tolist())) == len(set(texts))


def test_keys_are_compared_some_at_a_time_and_none_is_missed() -> None:
    pieces = [pa.chunked_array([[f"k{i}" for i in range(start, start + 100)]]) for start in (0, 50, 100, 300)]
    keys = Keys(None, at_once=60)
    for piece in pieces:
        keys.note(piece.combine_chunks())
    repeated = {piece: rows.tolist() for piece, rows in keys.repeated(lambda: pieces).items()}
    keys.close()
    assert repeated == {1: list(range(50)), 2: list(range(50))}
