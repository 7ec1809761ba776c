"""Read Arrow's own files and streams (Feather too) into plain columns, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from harvesters.faults import Unreadable
from harvesters.formats import Parsed
from harvesters.reading.arrow_columns import parsed
from schemas.feed import FormatSpec

OPTIONS = frozenset({"crs", "member", "x", "y"})

_MAGIC = b"ARROW1"


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table; raises Unreadable where the file is broken or cut short."""
    try:
        with pa.memory_map(str(path)) as file:
            stream = file.read(len(_MAGIC)) != _MAGIC
            file.seek(0)
            batches = _stream(file) if stream else _file(file)
            schema = next(batches)
            assert isinstance(schema, pa.Schema)
            yield parsed(batches, schema, "arrow")
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise Unreadable(f"the Arrow file cannot be read ({reason})", "write it again") from error


def _stream(file: pa.NativeFile) -> Iterator[pa.Schema | pa.RecordBatch]:
    with pa.ipc.open_stream(file) as reader:
        yield reader.schema
        yield from reader


def _file(file: pa.NativeFile) -> Iterator[pa.Schema | pa.RecordBatch]:
    with pa.ipc.open_file(file) as reader:
        yield reader.schema
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)
