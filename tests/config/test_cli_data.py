"""`entrepot datasets` and `search`, at the shell."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

import pyarrow.parquet as pq


def test_datasets_are_listed_one_object_a_line(city) -> None:
    said = city("datasets", "list", "--json")
    assert said.status == 0
    assert {item["id"] for item in said.items} == {"libraries", "bus-stops"}
    assert all(item["rows"] == 2 for item in said.items)
    assert len(city("datasets", "list", "--json", "--limit", 1).items) == 1


def test_in_a_pipe_a_table_is_plain_lines(city) -> None:
    said = city("datasets", "list")
    head, *rows = said.out.splitlines()
    assert head.split("\t") == ["id", "title", "publisher", "rows", "updated"]
    assert sorted(row.split("\t")[0] for row in rows) == ["bus-stops", "libraries"]
    assert "\x1b" not in said.out


def test_on_a_terminal_a_table_is_aligned(city) -> None:
    ours, theirs = pty.openpty()
    run = subprocess.run(
        [sys.executable, "-m", "config.cli", "datasets", "list"],
        env=city.environ | {"TERM": "xterm", "COLUMNS": "120"},
        cwd=city.folder,
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert run.stderr == b""
    assert "\t" not in shown
    assert "\x1b[1m" in shown, "its head is bold"
    assert "libraries" in shown


def test_a_dataset_is_shown_with_its_columns_and_snapshots(city) -> None:
    item = city("datasets", "show", "libraries", "--json").item
    assert [column["name"] for column in item["columns"]][:2] == ["관리번호", "이름"]
    assert len(item["snapshots"]) == 1
    people = city("datasets", "show", "libraries")
    assert people.status == 0
    assert "관리번호\ttext" in people.out


def test_an_unknown_dataset_is_misuse_and_says_what_to_look_at(city) -> None:
    for words in (("show",), ("rejects",), ("export", "--format", "csv")):
        said = city("datasets", words[0], "librarys", *words[1:])
        assert (said.status, said.out) == (2, ""), words
        assert said.err.startswith("entrepot: there is no dataset 'librarys'")
        assert said.err.count("\n") == 1


def test_a_dataset_is_exported_to_a_file_or_to_the_pipe(city, tmp_path) -> None:
    file = tmp_path / "out.parquet"
    said = city("datasets", "export", "libraries", "--format", "parquet", "-o", file)
    assert (said.status, said.out) == (0, "")
    assert pq.read_table(io.BytesIO(file.read_bytes())).num_rows == 2
    csv = city("datasets", "export", "libraries", "--format", "csv")
    assert csv.status == 0
    assert csv.out.count("\n") == 3
    assert "시청도서관" in csv.out
    assert city("datasets", "export", "libraries", "--format", "xls").status == 2
    nowhere = city("datasets", "export", "libraries", "--format", "csv", "-o", tmp_path / "no" / "file.csv")
    assert nowhere.status == 1
    assert "no such file or directory" in nowhere.err


def test_rejects_are_listed_with_line_and_reason(shell) -> None:
    rows = "관리번호,이름,경도,위도\n" + "".join(f"{n:03d},곳,128.9,35.3\n" for n in range(40))
    shell.feed("places", rows=rows + "040,먼 곳,2.35,48.85\n")
    assert shell("harvest", "places").status == 0
    item = shell("datasets", "rejects", "places", "--json").item
    assert (item["line"], item["scope"], item["reason"]) == (42, "row", "outside_extent")
    assert shell("datasets", "rejects", "places").out.splitlines()[0].startswith("line\tscope")


def test_a_search_takes_several_words_and_a_theme(city) -> None:
    found = city("search", "부산", "버스", "--json")
    assert found.status == 0
    assert [item["id"] for item in found.items] == ["bus-stops"]
    assert "1 found" in found.err
    assert [i["id"] for i in city("search", "도서관", "--theme", "facility", "--json").items] == ["libraries"]
    assert city("search", "도서관", "--theme", "transit", "--json").items == []
    assert city("search").status == 2
    assert city("search", "x", "--limit", 0).status == 2


def test_reindex_builds_the_search_anew(city) -> None:
    said = city("reindex")
    assert said.status == 0
    assert "2 datasets are in the index" in said.err
    assert len(city("search", "가온시", "--json").items) == 2


def test_a_reader_that_leaves_early_is_no_fault(city) -> None:
    command = f"{sys.executable} -m config.cli datasets export libraries --format csv | head -c 1 >/dev/null"
    run = subprocess.run(
        command, check=False, shell=True, env=city.environ, cwd=city.folder, capture_output=True, text=True
    )
    assert run.returncode == 0
    assert "Traceback" not in run.stderr
