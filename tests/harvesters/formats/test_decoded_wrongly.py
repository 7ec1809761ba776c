"""Text that was decoded wrongly before it came here is found wherever it stands, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.faults import Unreadable
from harvesters.reading.delimited.encoding import refuse_mojibake

around = st.text("한글 abcé·ê–Âÿ\ud800", max_size=12)
hangul = st.text("가각힣부산광역시금정구", min_size=2, max_size=6)


@given(before=around, meant=hangul, behind=around, wrong=st.sampled_from(["latin-1", "cp1252"]))
def test_hangul_read_as_latin_is_refused(before: str, meant: str, behind: str, wrong: str) -> None:
    try:
        read = meant.encode().decode(wrong)
    except UnicodeDecodeError:
        return  # Windows-1252 has no letter for some bytes.
    text = f"{before},{read},{behind}"

    with pytest.raises(Unreadable, match="decoded wrongly"):
        refuse_mojibake(text.encode("utf-8", "surrogatepass"))


@given(st.text("한글 abcé·\u00a0\ud800", max_size=40))
def test_accents_and_dots_among_hangul_are_let_be(text: str) -> None:
    refuse_mojibake(text.encode("utf-8", "surrogatepass"))
