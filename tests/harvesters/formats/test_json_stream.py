"""A JSON document that is read item by item gives what the document gives as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.faults import Unreadable
from harvesters.formats import Parsed, format_reader
from harvesters.reading.items.json_stream import items_at, items_of, longest_list
from harvesters.reading.items.rows import find_items
from harvesters.reading.shelf import keep, whole
from schemas.feed import FormatSpec

WHOLE = FormatSpec()
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
)
KEYS = st.sampled_from(["items", "records", "fields", "id", "name", "a"]) | st.text(max_size=3)
ITEMS = st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, max_size=2), max_size=3)
DOCUMENTS = st.recursive(
    SCALARS | st.lists(ITEMS | SCALARS, max_size=4),
    lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=12,
)


def chunked(text: str, size: int) -> Iterator[str]:
    return (text[start : start + size] for start in range(0, len(text), size))


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS, st.integers(1, 9), st.sampled_from([None, 1]))
def test_the_longest_list_is_found_wherever_the_text_is_cut(
    document: Any, size: int, indent: int | None
) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    found = longest_list(chunked(text, size))
    if found is None:
        with suppress(
            Unreadable
        ):  # One item may stand without a list, which a large document has no use for.
            assert len(find_items(document).held) <= 1
        return
    meant = find_items(document)
    assert list(items_of(chunked(text, size), found)) == meant.held
    assert found.names == meant.names


@settings(deadline=None)
@given(st.lists(ITEMS | st.none(), max_size=5), st.integers(1, 9))
def test_items_at_a_path_are_those_of_the_whole(items: list[Any], size: int) -> None:
    document = {"head": [{"items": [1]}], "body": [{"items": items}, {"items": {"name": "x"}}, {"items": ""}]}
    text = json.dumps(document)
    assert list(items_at(chunked(text, size), "body/items")) == find_items(document, "body/items").held


@pytest.fixture
def read_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Reads a text whole and streamed in small pieces, asserts that both are the same, and returns it."""

    def read(text: str, spec: FormatSpec = WHOLE) -> Parsed:
        path = tmp_path / "source.json"
        path.write_text(text, encoding="utf-8")
        found = []
        for large, size in ((1 << 30, 1 << 20), (0, 8)):
            monkeypatch.setattr("harvesters.formats.json.LARGE", large)
            monkeypatch.setattr("harvesters.reading.gathering.PIECE", size)
            monkeypatch.setattr("harvesters.reading.gathering._TOGETHER", 2)
            monkeypatch.setattr("harvesters.reading.delimited.encoding.CHUNK", size)
            (parsed,) = keep(format_reader("json").read(path, spec), tmp_path / str(large))
            found.append(parsed)
        one, other = (whole(each) for each in found)
        assert one.table.schema == other.table.schema
        assert one.table.to_pylist() == other.table.to_pylist()
        assert one.lines.to_pylist() == other.lines.to_pylist()
        assert one.rejects.to_pylist() == other.rejects.to_pylist()
        assert sum(1 for _ in found[1].pieces()) > 1
        return found[1]

    return read


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3, 4, 5], [1, 2.5, None, 3, 4], [1, 2, "셋", 4, 5], [True, False, None, True, True],
        [1, 2, 3, 2**60, 0.5], [2**70, 1, 2, 3, 4], [None] * 5, [{"x": 1}, {"y": 2}, 3, {}, {"x": "a"}],
        [[1], [], [{"a": 1}], None, "b"], [True, 1, 2, 3, 4],
    ],
)  # fmt: skip
def test_types_are_those_of_all_pieces(values: list[Any], read_streamed: Any) -> None:
    read_streamed(json.dumps({"data": [{"n": i, "v": value} for i, value in enumerate(values)]}))


def test_lines_are_streamed_and_broken_ones_set_aside(read_streamed: Any) -> None:
    lines = [json.dumps({"번호": i, "이름": f"공원 {i}"}, ensure_ascii=False) for i in range(20)]
    lines[7] = '{"번호": 7, "이름'
    lines[9] = "[1, 2]"
    parsed = read_streamed("\n".join(lines) + "\n\n")
    assert parsed.read == 20


def test_records_that_hold_a_member_are_chosen_by_piece(read_streamed: Any) -> None:
    items = [{"id": i, "kind": "park" if i % 3 else None} for i in range(30)]
    parsed = read_streamed(json.dumps({"a": {"b": items}}), FormatSpec(records="a/b", where="kind"))
    assert parsed.read == 20


def broken(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("harvesters.formats.json.LARGE", 0)
    monkeypatch.setattr("harvesters.reading.delimited.encoding.CHUNK", 64)
    path = tmp_path / "source.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable) as fault:
        list(keep(format_reader("json").read(path, FormatSpec()), tmp_path / "kept"))
    return str(fault.value)


def test_a_broken_document_names_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [f'{{"id": {i}}}' for i in range(50)]
    cut = "[\n" + ",\n".join(items)
    assert "ends where , or ] is due at line 51" in broken(cut, tmp_path, monkeypatch)
    items[30] = '{"id" 30}'
    assert "at line 32" in broken("[\n" + ",\n".join(items) + "\n]", tmp_path, monkeypatch)
    assert "'x' stands" in broken('[{"a": 1}] x', tmp_path, monkeypatch)
    assert "no list of items" in broken('{"a": 1, "b": [1, 2]}', tmp_path, monkeypatch)


@pytest.mark.parametrize("head", [{}, {"columns": [{"name": "번호"}, {"name": "이름"}]}])
def test_rows_of_cells_are_streamed_under_their_names(head: dict[str, Any], read_streamed: Any) -> None:
    cells: list[list[Any]] = [[i, f"공원 {i}"] for i in range(20)]
    cells[5] = [5]

    parsed = whole(read_streamed(json.dumps({**head, "data": cells if head else [["번호", "이름"], *cells]})))

    assert parsed.table.column_names == ["번호", "이름"]
    assert (parsed.table.num_rows, parsed.rejects["reason"].to_pylist()) == (19, ["column_count"])


def test_records_under_their_names_are_streamed(read_streamed: Any) -> None:
    records = {f"P{i}": {"이름": f"공원 {i}", "시설": [{"n": i}], "key": i} for i in range(20)}

    parsed = whole(read_streamed(json.dumps({"meta": {"시설": [1, 2]}, "parks": records})))

    assert parsed.table["key"].to_pylist() == list(records)
    assert parsed.table["key_2"].to_pylist() == list(range(20))
