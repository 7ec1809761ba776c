"""Read Arrow's own files and streams (Feather too) into plain columns, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from harvesters.faults import Unreadable
from harvesters.formats import Parsed
from harvesters.reading.arrow_columns import parsed
from harvesters.reading.arrow_growth import refuse_growth
from schemas.feed import FormatSpec

OPTIONS = frozenset({"crs", "member", "x", "y"})

_MAGIC, _HEAD = b"ARROW1", 8


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table; raises Unreadable where the file is broken or cut short."""
    with _reader(path) as reader:
        schema = reader.schema
    yield parsed(_batches(path), schema, "arrow")


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with _reader(path) as reader:
        if isinstance(reader, pa.RecordBatchFileReader):
            yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            yield from reader


@contextmanager
def _reader(path: Path) -> Iterator[pa.RecordBatchFileReader | pa.RecordBatchStreamReader]:
    """The file open, and what goes wrong with it in one sentence."""
    try:
        with pa.memory_map(str(path)) as file:
            is_file = file.read(len(_MAGIC)) == _MAGIC
            # A file is a stream between a head of eight bytes and a list of where its batches are.
            file.seek(_HEAD if is_file else 0)
            refuse_growth(iter(pa.ipc.MessageReader.open_stream(file)))
            file.seek(0)
            with pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(file) as reader:
                yield reader
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise Unreadable(f"the Arrow file cannot be read ({reason})", "write it again") from error
