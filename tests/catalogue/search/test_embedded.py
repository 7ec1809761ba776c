"""The embedded index among processes: shared, killed, damaged, busy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue.search import SearchDocument, SearchUnavailable
from catalogue.search.embedded import Embedded
from catalogue.search.lock import alone
from schemas.query import SearchQuery

ROOT = Path(__file__).resolve().parents[3]
PUT = """
import sys
from pathlib import Path
from catalogue.search import SearchDocument, open_engine

def documents():
    for id in sys.argv[2:]:
        if id == "stop":
            print("stopped", flush=True)
            sys.stdin.read()
        yield SearchDocument(id, title_ko="공원")

open_engine(None, Path(sys.argv[1])).put(documents())
"""


def writer(folder: Path, *ids: str) -> subprocess.Popen[str]:
    """Another process that puts documents; it waits at the id `stop`, and says so."""
    command = [sys.executable, "-c", PUT, str(folder), *ids]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process in the middle of a put."""
    with writer(tmp_path, "half", "stop") as process:
        assert process.stdout
        assert process.stdout.readline() == "stopped\n"
        yield process
        process.kill()


def found(engine: Embedded) -> list[str]:
    return [id for id, _ in engine.search(SearchQuery(q="공원")).hits]


def test_a_reader_sees_what_another_process_puts(tmp_path: Path) -> None:
    reader = Embedded(tmp_path)
    assert found(reader) == []
    for id, expected in (("a", ["a"]), ("b", ["a", "b"])):
        with writer(tmp_path, id) as process:
            assert process.wait(120) == 0
        assert found(reader) == expected


def test_a_reader_sees_no_half_of_a_put(tmp_path: Path, stopped: subprocess.Popen[str]) -> None:
    assert found(Embedded(tmp_path)) == []


def test_a_killed_writer_does_not_stop_the_next(tmp_path: Path, stopped: subprocess.Popen[str]) -> None:
    os.kill(stopped.pid, signal.SIGKILL)
    stopped.wait(60)
    engine = Embedded(tmp_path, patience=2)
    engine.put([SearchDocument("next", title_ko="공원")])
    assert found(engine) == ["next"]


def test_a_busy_index_is_reported_after_a_while(tmp_path: Path, stopped: subprocess.Popen[str]) -> None:
    with pytest.raises(SearchUnavailable, match=r"writing the search index .* for 0\.2 s; wait"):
        Embedded(tmp_path, patience=0.2).put([SearchDocument("late")])


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    engine = Embedded(tmp_path)
    threads = [
        threading.Thread(target=engine.put, args=([SearchDocument(id, title_ko="공원")],)) for id in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found(engine) == ["a", "b", "c", "d"]


def test_a_put_that_fails_leaves_what_was(tmp_path: Path) -> None:
    engine = Embedded(tmp_path)
    engine.put([SearchDocument("a", title_ko="공원")])

    def broken() -> Iterator[SearchDocument]:
        yield SearchDocument("b", title_ko="공원")
        raise KeyError("the catalogue went away")

    with pytest.raises(KeyError):
        engine.put(broken())
    assert found(engine) == ["a"]
    engine.put([SearchDocument("c", title_ko="공원")])
    assert found(engine) == ["a", "c"]


@pytest.mark.parametrize("kind", ["meta.json", "*.term", "*.store", "*.fast"])
@pytest.mark.parametrize(
    "damage", [lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"\xff" * 999)]
)
def test_a_damaged_index_says_how_to_mend_it_and_clear_does(
    tmp_path: Path, kind: str, damage: object
) -> None:
    Embedded(tmp_path).put([SearchDocument("a", title_ko="공원")])
    for path in tmp_path.glob(kind):
        damage(path)  # type: ignore[operator]
    engine = Embedded(tmp_path)
    for use in (lambda: found(engine), engine.count, lambda: engine.autocomplete("공원", 5)):
        with pytest.raises(SearchUnavailable, match="entrepot reindex"):
            use()
    engine.clear()
    engine.put([SearchDocument("b", title_ko="공원")])
    assert found(engine) == ["b"]


def test_an_index_of_another_version_says_how_to_mend_it(tmp_path: Path) -> None:
    import tantivy

    other = tantivy.SchemaBuilder()
    other.add_text_field("id", stored=True)
    tantivy.Index(other.build(), path=str(tmp_path))
    engine = Embedded(tmp_path)
    for use in (engine.count, lambda: engine.put([SearchDocument("a")])):
        with pytest.raises(SearchUnavailable, match="entrepot reindex"):
            use()
    engine.clear()
    assert engine.count() == 0


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SearchUnavailable, match="make the folder writable"):
        Embedded(tmp_path / "file" / "search").put([])


def test_a_lock_is_free_again_after_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        with alone(tmp_path, patience=0):
            pass
