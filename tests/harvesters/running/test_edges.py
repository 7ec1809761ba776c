"""Texts that a look at their bytes leaves alone are those that trimming and composing would not change."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from harvesters.normalise.values.cells import clean, lost_letters
from harvesters.normalise.values.edges import look

BLANKS = "\u00a0\u0085\u1680\u2000\u2003\u2028\u202f\u205f\u3000 \t\n\x1f"
UNCOMPOSED = (
    "\u1112\u1161\u11ab\u0301\u0327\u212b\u3099か\u302a\u0958\U0002f800\u0387\u05b0\u05b7\u064b\u0651\u0e38"
)
TEXTS = st.lists(st.none() | st.text("aé가힣漢·–…😀\ufffdＡ" + BLANKS + UNCOMPOSED, max_size=4), max_size=8)


def mended(texts: list[str | None]) -> list[str | None]:
    trimmed = pc.utf8_trim_whitespace(pa.array(texts, pa.string())).to_pylist()
    return [unicodedata.normalize("NFC", each) if each else None for each in trimmed]


@given(TEXTS, st.integers(0, 8), st.integers(0, 8))
def test_texts_come_out_trimmed_and_composed_whatever_stretch_of_a_column_they_are(
    texts: list[str | None], start: int, end: int
) -> None:
    column = pa.chunked_array([pa.array(texts, pa.string())[start:end], pa.array(texts, pa.string())])
    assert clean(column).to_pylist() == mended(texts[start:end] + texts)


def test_texts_with_nothing_to_mend_are_the_very_same() -> None:
    column = pa.chunked_array(
        [pa.array(["부산광역시 금정구", "a b", None, "漢字"]), pa.array([], pa.string())]
    )
    assert clean(column) is column


def test_blanks_at_the_ends_alone_are_something_to_mend() -> None:
    assert not look(pa.array(["a b", "가 나", "x"])).blank
    for text in (" a", "a ", "a\n", "\x1fa", "", "a\u00a0", "\u3000가"):
        assert look(pa.array(["a", text])).blank, text
    assert not look(pa.array(["가나", "é"])).uncomposed


def test_a_lost_letter_is_seen_beside_others_that_begin_like_it() -> None:
    column = pa.chunked_array([pa.array(["Ａ１", "가\ufffd", None])])
    assert lost_letters(column).tolist() == [False, True, False]
