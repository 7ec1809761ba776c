"""Pack a file of text for the way: gzip, which all know, or zstd, which is quicker and smaller."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import zstandard

_GZIP_LEVEL, _ZSTD_LEVEL = 5, 6


def pack(plain: Path, packing: str, packed: Path) -> None:
    """Write `packed` as `gz` or `zst`; the same file gives the same bytes."""
    with plain.open("rb") as source, packed.open("wb") as target:
        if packing == "zst":
            zstandard.ZstdCompressor(_ZSTD_LEVEL).copy_stream(source, target, plain.stat().st_size)
            return
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, target, mtime=0) as file:
            shutil.copyfileobj(source, file, 1 << 20)
