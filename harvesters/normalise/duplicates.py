"""Find the rows of a table in pieces whose key came in an earlier piece, without holding all keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

AT_ONCE = 4_000_000
"""Keys that are compared at once, about; 40 bytes each and those of the keys themselves."""

_ROWS = 1 << 16
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_FIRST, _SECOND = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)


class Keys:
    """The keys seen so far, as eight bytes each in a file that vanishes with this; `close` it."""

    def __init__(self, folder: Path | None, at_once: int = AT_ONCE) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115  It lives as long as this does.
        self._at_once = at_once
        self._count = 0

    def note(self, ids: pa.Array) -> None:
        """Remember the keys of one piece, none of which comes twice in it."""
        self._file.write(hashes(ids).tobytes())
        self._count += len(ids)

    def repeated(self, pieces: Callable[[], Iterable[pa.ChunkedArray]]) -> Mapping[int, Numbers]:
        """{number of a piece: its rows whose key an earlier piece has}; `pieces` gives all keys again."""
        found: dict[int, list[Numbers]] = defaultdict(list)
        for suspects in self._suspects():
            for piece, rows in _later(suspects, pieces()):
                found[piece].append(rows)
        return {piece: np.sort(np.concatenate(rows)) for piece, rows in found.items()}

    def close(self) -> None:
        """Forget all keys."""
        self._file.close()

    def _suspects(self) -> Iterator[Hashes]:
        """Hashes that came twice, those of some keys after those of others."""
        rounds = max(1, -(-self._count // self._at_once))
        for number in range(rounds):
            some = np.sort(
                np.concatenate([each[each % np.uint64(rounds) == number] for each in self._read()])
            )
            twice = some[1:][some[1:] == some[:-1]]
            if len(twice):
                yield np.unique(twice)

    def _read(self) -> Iterator[Hashes]:
        self._file.seek(0)
        yield np.empty(0, np.uint64)
        while data := self._file.read(8 * self._at_once):
            yield np.frombuffer(data, np.uint64)


def _later(suspects: Hashes, pieces: Iterable[pa.ChunkedArray]) -> Iterator[tuple[int, Numbers]]:
    """Piece and rows of the suspected keys that an earlier piece has: two keys may share a hash."""
    keys: list[pa.Array] = []
    places: list[Numbers] = []
    for number, ids in enumerate(pieces):
        flat = ids.combine_chunks()
        rows = np.flatnonzero(_among(hashes(flat), suspects))
        keys.append(flat.take(pa.array(rows)))
        places.append(np.stack([np.full(len(rows), number), rows], axis=1))
    coded = pa.concat_arrays(keys).dictionary_encode().indices.to_numpy()
    later = np.ones(len(coded), dtype=bool)
    later[np.unique(coded, return_index=True)[1]] = False
    again = np.concatenate(places)[later]
    for number in np.unique(again[:, 0]).tolist():
        yield number, again[again[:, 0] == number, 1]


def _among(some: Hashes, ordered: Hashes) -> npt.NDArray[np.bool_]:
    at = np.minimum(np.searchsorted(ordered, some), len(ordered) - 1)
    found: npt.NDArray[np.bool_] = ordered[at] == some
    return found


def hashes(texts: pa.Array) -> Hashes:
    """Eight bytes for each text, equal for equal texts: a polynomial of its bytes modulo 2^64, mixed."""
    parts = [_hashed(texts.slice(start, _ROWS)) for start in range(0, len(texts), _ROWS)]
    return np.concatenate([np.empty(0, np.uint64), *parts])


def _hashed(texts: pa.Array) -> Hashes:
    _, ends, data = texts.buffers()
    at = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    signs = np.frombuffer(data or b"", np.uint8)[at[0] : at[-1]].astype(np.uint64) + np.uint64(1)
    at = at - at[0]
    # Each text is a stretch of one long sum; its own begins at another power, which the inverse takes back.
    sums = np.concatenate(([np.uint64(0)], np.cumsum(signs * _powers(_BASE, len(signs)))))
    own = (sums[at[1:]] - sums[at[:-1]]) * _powers(_INVERSE, len(signs) + 1)[at[:-1]]
    return _mixed(own)


def _powers(base: int, count: int) -> Hashes:
    powers = np.full(count, base, np.uint64)
    powers[:1] = 1
    return np.multiply.accumulate(powers)


def _mixed(numbers: Hashes) -> Hashes:
    """The bits of each number spread over all of it (the finaliser of MurmurHash3)."""
    for factor in (_FIRST, _SECOND):
        numbers = (numbers ^ (numbers >> np.uint64(33))) * factor
    return numbers ^ (numbers >> np.uint64(33))
