"""Readers and small files that the tests of formats share."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harvesters.formats import Parsed, format_reader
from harvesters.reading.kinds.detect import detect
from schemas.feed import FormatSpec

Reader = Callable[..., list[Parsed]]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Reads every table of a file as a harvest does: detected, unpacked and parsed."""
    count = iter(range(10_000))

    def reader(path: Path, **options: Any) -> list[Parsed]:
        spec = FormatSpec(**options)
        folder = tmp_path / f"read-{next(count)}"
        folder.mkdir()
        return [
            replace(parsed, name=" ".join(filter(None, (found.table, parsed.name))))
            for found in detect(path, path.name, folder, spec)
            for parsed in format_reader(found.kind).read(found.path, found.spec)
        ]

    return reader


@pytest.fixture
def read_text(tmp_path: Path, read: Reader) -> Reader:
    """Reads text, or bytes, that stand in a file of this name."""

    def reader(content: str | bytes, name: str = "sample.csv", **options: Any) -> list[Parsed]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, **options)

    return reader


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[..., Path]:
    """Makes a ZIP of names and contents."""

    def maker(members: dict[str, bytes], name: str = "sample.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return path

    return maker
