"""Numbers and fields as a vector tile holds them: protocol buffers, all at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
_SEVEN = 7
_SHORT = 1 << _SEVEN


def zigzag(values: Any) -> npt.NDArray[np.uint64]:
    """Signed integers (n,) so that small ones of either sign stay small."""
    signed = np.asarray(values, np.int64)
    return ((signed << 1) ^ (signed >> 63)).view(np.uint64)


def sizes(numbers: Any) -> Integers:
    """How many bytes each integer (n,) takes, none of them negative."""
    found = np.ones(len(numbers), np.int64)
    rest = numbers.astype(np.uint64) >> np.uint64(_SEVEN)
    while rest.any():
        found += rest > 0
        rest = rest >> np.uint64(_SEVEN)
    return found


def varints(tokens: npt.NDArray[np.uint64]) -> bytes:
    """Integers (n,) one behind the other, seven bits in a byte, the last byte of each below 128."""
    lengths = sizes(tokens)
    starts = np.cumsum(lengths) - lengths
    written = np.empty(int(lengths.sum()), np.uint8)
    for place in range(int(lengths.max(initial=0))):
        there = lengths > place
        bits = (tokens[there] >> np.uint64(_SEVEN * place)).astype(np.uint8) & (_SHORT - 1)
        written[starts[there] + place] = bits | np.where(lengths[there] > place + 1, _SHORT, 0).astype(
            np.uint8
        )
    return written.tobytes()


def varint(number: int) -> bytes:
    """One integer."""
    written = bytearray()
    while number >= _SHORT:
        written.append(number & (_SHORT - 1) | _SHORT)
        number >>= _SEVEN
    written.append(number)
    return bytes(written)


def field(number: int, content: bytes) -> bytes:
    """A field of bytes: a text, or a message."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def summed(values: Integers, counts: Integers) -> Integers:
    """The sums of runs of values, as long as `counts` (n,) say; 0 where that is 0."""
    ends = np.cumsum(counts)
    total = np.concatenate([[0], np.cumsum(values)])
    sums: Integers = total[ends] - total[ends - counts]
    return sums
