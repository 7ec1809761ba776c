"""Places are found in bits as they are letter by letter, and text is taken as the UTF-8 that it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.reading.delimited import encoding
from harvesters.reading.delimited.bits import between, bits_of, next_to, places_of
from harvesters.reading.delimited.encoding import chunks, utf8_chunks
from harvesters.reading.delimited.lines import unix_lines

MASKS = st.lists(st.booleans(), max_size=300).map(lambda each: np.array(each, dtype=bool))


@given(MASKS)
def test_places_come_back_as_they_were_put(mask: np.ndarray) -> None:
    assert places_of(bits_of(mask), len(mask)).tolist() == np.flatnonzero(mask).tolist()


@given(MASKS)
def test_what_lies_between_quotes_is_what_an_odd_number_of_them_stands_before(mask: np.ndarray) -> None:
    expected = np.flatnonzero(np.cumsum(mask) % 2)
    assert places_of(between(bits_of(mask)), len(mask)).tolist() == expected.tolist()


@given(MASKS, st.booleans())
def test_next_to_a_place_is_the_one_behind_it(mask: np.ndarray, first: bool) -> None:
    expected = np.concatenate(([first], mask[:-1])) if len(mask) else mask
    found = places_of(next_to(bits_of(mask), first), len(mask))
    assert found.tolist() == np.flatnonzero(expected).tolist()


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
def test_a_letter_that_is_none_is_replaced_and_all_before_it_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: bytes
) -> None:
    monkeypatch.setattr(encoding, "CHUNK", 64)
    path = tmp_path / "some.csv"
    text = "이름,값\n공원,1\n" * 40
    path.write_bytes(mark + text.encode() + b"\xea\xb0,2\n" + text.encode()[:-2] + b"\xea")
    codec = "utf-8-sig" if mark else "utf-8"
    found = b"".join(utf8_chunks(path, codec))
    assert found == "".join(chunks(path, codec)).encode()
    assert found.startswith(text.encode() + "\ufffd,2\n".encode())
    assert found.endswith("\ufffd".encode())


@given(st.text("\r\na", max_size=40), st.integers(1, 5))
def test_line_ends_are_one_also_where_a_chunk_parts_them(text: str, size: int) -> None:
    parts = (text.encode()[at : at + size] for at in range(0, len(text), size))
    assert b"".join(unix_lines(parts)).decode() == text.replace("\r\n", "\n").replace("\r", "\n")
