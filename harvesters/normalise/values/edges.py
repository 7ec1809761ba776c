"""Tell from the bytes of a column of texts whether there may be anything to mend in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

_BLANK = 0x20
"""The last of the blanks and control characters of ASCII."""

# First bytes of sequences of UTF-8 and how they go on. Hangul and Hanja begin with none of these bytes, so
# that most columns are done by a look for each, which is ten times quicker than to trim or compose them.
# Blanks: the next line and no-break space, the Ogham one, those of typography, the ideographic one.
_BLANKS = {b"\xc2": (b"\x85", b"\xa0"), b"\xe1": (b"\x9a",), b"\xe2": (b"\x80", b"\x81"), b"\xe3": (b"\x80",)}
# What NFC may change: combining marks, the dot of Greek, the scripts from Hebrew to N'Ko and of South Asia,
# conjoining jamo, compatibility ideographs, quads, the ohm, kelvin and angstrom signs, kana and tone marks.
_UNCOMPOSED = {
    **dict.fromkeys((b"\xcc", b"\xcd", b"\xe0", b"\xe1", b"\xef", b"\xf0"), (b"",)),
    **dict.fromkeys((b"\xd6", b"\xd7", b"\xd8", b"\xd9", b"\xdb", b"\xdc", b"\xdd", b"\xdf"), (b"",)),
    b"\xce": (b"\x87",),
    b"\xd2": (b"\x83", b"\x84", b"\x85", b"\x86", b"\x87"),
    b"\xe2": (b"\x80\x80", b"\x80\x81", b"\x83", b"\x84", b"\x8c", b"\xab", b"\xb3", b"\xb5", b"\xb7"),
    b"\xe3": (*(b"\x80" + bytes([last]) for last in range(0xAA, 0xB0)), b"\x82"),
}


@dataclass(frozen=True)
class Look:
    """Whether any text may be empty or have a blank at one of its ends, and any be changed by NFC."""

    blank: bool
    uncomposed: bool


def look(texts: pa.Array) -> Look:
    """What a look at all bytes of a column (string) tells; where in doubt, that there is something."""
    _, ends, data = texts.buffers()
    if data is None:
        return Look(blank=len(texts) > texts.null_count, uncomposed=False)
    places = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    first, last = int(places[0]), int(places[-1])
    written = data.slice(first, last - first).to_pybytes()
    plain = written.isascii()
    blank = _ends_blank(texts, places - first, written) or (not plain and _holds(written, _BLANKS))
    return Look(blank, not plain and _holds(written, _UNCOMPOSED))


def _ends_blank(
    texts: pa.Array, places: np.ndarray[tuple[int, ...], np.dtype[np.int32]], data: bytes
) -> bool:
    starts, ends = places[:-1], places[1:]
    if texts.null_count:
        given = texts.is_valid().to_numpy(zero_copy_only=False)
        starts, ends = starts[given], ends[given]
    if not len(starts):
        return False
    letters = np.frombuffer(data, np.uint8)
    # An empty text has no first letter, and the last place none at all.
    return bool((starts == ends).any() or min(letters[starts].min(), letters[ends - 1].min()) <= _BLANK)


def holds(texts: pa.Array, letter: bytes) -> bool:
    """Whether a letter (its UTF-8) stands anywhere in the bytes of a column; in a slice, of all of it."""
    data = texts.buffers()[2]
    return data is not None and _holds(data.to_pybytes(), {letter[:1]: (letter[1:],)})


def _holds(written: bytes, sequences: Mapping[bytes, tuple[bytes, ...]]) -> bool:
    return any(
        first in written and any(first + then in written for then in others)
        for first, others in sequences.items()
    )
