"""A file in the storage is there whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalogue.storage import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "storage")


def write(storage: Storage, path: str, content: bytes = b"x") -> None:
    with storage.writer(path) as file:
        file.write_bytes(content)


def test_a_file_is_seen_only_when_it_is_whole(storage: Storage) -> None:
    with storage.writer("parts/a/0.parquet") as file:
        file.write_bytes(b"half")
        assert not storage.path("parts/a/0.parquet").exists()
        file.write_bytes(b"whole")
    assert storage.path("parts/a/0.parquet").read_bytes() == b"whole"


def test_a_writer_that_fails_leaves_the_former_file_and_nothing_else(storage: Storage) -> None:
    write(storage, "a/b", b"former")

    def stop_halfway() -> None:
        with storage.writer("a/b") as file:
            file.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stop_halfway()
    assert [path for path, _ in storage.files("a")] == ["a/b"]
    assert storage.path("a/b").read_bytes() == b"former"


@pytest.mark.parametrize("path", ["../a", "/etc/passwd", "a/../../b", "", "."])
def test_no_path_leads_out_of_the_folder(storage: Storage, path: str) -> None:
    with pytest.raises(ValueError, match="inside the storage folder"):
        storage.path(path)


def test_files_are_listed_with_the_instant_they_were_written(storage: Storage) -> None:
    write(storage, "parts/a/0.parquet")
    write(storage, "else/where")
    ((path, written),) = storage.files("parts")
    assert path == "parts/a/0.parquet"
    assert list(storage.files("nowhere")) == []
    assert abs(datetime.now(UTC) - written) < timedelta(minutes=1)


def test_removing_a_file_takes_the_folders_it_leaves_empty(storage: Storage) -> None:
    write(storage, "parts/a/1/0.parquet")
    write(storage, "parts/a/2/0.parquet")
    storage.remove("parts/a/1/0.parquet")
    assert not storage.path("parts/a/1").exists()
    assert storage.path("parts/a/2/0.parquet").exists()
    storage.remove("parts/a/1/0.parquet")
    storage.remove("parts/a/2/0.parquet")
    assert not storage.path("parts").exists()
    write(storage, "parts/b")
