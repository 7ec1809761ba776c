"""Reckon with the places of a sign in a text as bits, eight letters to a byte: an eighth of the work."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint64]
"""A bit for each place of a text, from the lowest of the first number on."""

_SHIFTS = (1, 2, 4, 8, 16, 32)
_TOP = np.uint64(63)
_ONE = np.uint64(1)


def bits_of(mask: npt.NDArray[np.bool_]) -> Bits:
    """The places (n,) at which something holds."""
    packed = np.packbits(mask, bitorder="little")
    words = np.zeros(-(-len(packed) // 8), np.uint64)
    words.view(np.uint8)[: len(packed)] = packed
    return words


def places_of(bits: Bits, size: int) -> npt.NDArray[np.int64]:
    """The places, in order, in a text of so many letters."""
    return np.flatnonzero(np.unpackbits(bits.view(np.uint8), count=size, bitorder="little").view(np.bool_))


def between(quotes: Bits) -> Bits:
    """The places from each opening quote up to, and without, the one that closes it."""
    odd = quotes.copy()
    for shift in _SHIFTS:
        odd ^= odd << np.uint64(shift)
    # A number whose quotes are odd turns all that come behind it.
    before = np.bitwise_xor.accumulate(odd >> _TOP)
    odd[1:] ^= np.where(before[:-1].astype(bool), ~np.uint64(0), np.uint64(0))
    return odd


def next_to(bits: Bits, first: bool = False) -> Bits:
    """The place behind each; and with `first` the first of all, which is behind none."""
    moved = bits << _ONE
    moved[1:] |= bits[:-1] >> _TOP
    if first and len(moved):
        moved[0] |= _ONE
    return moved
