"""Know how large the buffers of an Arrow file become before any of them is unpacked."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pyarrow as pa

from harvesters.faults import Unreadable

MOST_BYTES = 1 << 30
"""What one batch may unpack to."""

_RECORDS, _DICTIONARY = 3, 2
"""What a message is, by the numbers of Arrow's Message.fbs."""


def refuse_growth(messages: Iterator[pa.ipc.Message]) -> None:
    """Raise Unreadable where a batch would unpack to more than MOST_BYTES (Arrow's RecordBatch.fbs)."""
    for message in messages:
        if message.body is not None:
            try:
                total = sum(_sizes(message.metadata.to_pybytes(), memoryview(message.body)))
            except (struct.error, IndexError) as error:
                raise Unreadable("the Arrow file is broken", "write it again") from error
            if total > MOST_BYTES:
                raise Unreadable(
                    f"a batch of the Arrow file would unpack to {total:,} bytes", "write smaller ones"
                )


def _sizes(metadata: bytes, body: memoryview) -> Iterator[int]:
    """The size of each packed buffer, as it says itself in its first eight bytes."""
    message = _Table(metadata, struct.unpack_from("<I", metadata)[0])
    kind = metadata[message.field(1)] if message.field(1) else 0
    if kind not in (_RECORDS, _DICTIONARY):
        return
    batch = message.table(2)
    batch = batch.table(1) if kind == _DICTIONARY else batch
    if not batch.field(3) or not batch.field(2):
        return  # not packed
    start = batch.target(2)
    for number in range(struct.unpack_from("<I", metadata, start)[0]):
        offset, length = struct.unpack_from("<qq", metadata, start + 4 + number * 16)
        if length >= 8:
            yield max(0, struct.unpack_from("<q", body, offset)[0])


class _Table:
    """A table of a flatbuffer: where its fields are, 0 for those that are left out."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content, self._at = content, at
        self._fields = at - struct.unpack_from("<i", content, at)[0]
        self._size: int = struct.unpack_from("<H", content, self._fields)[0]

    def field(self, number: int) -> int:
        place = 4 + number * 2
        if place >= self._size:
            return 0
        offset: int = struct.unpack_from("<H", self._content, self._fields + place)[0]
        return self._at + offset if offset else 0

    def target(self, number: int) -> int:
        place = self.field(number)
        offset: int = struct.unpack_from("<I", self._content, place)[0]
        return place + offset

    def table(self, number: int) -> _Table:
        return _Table(self._content, self.target(number))
