"""`entrepot harvest` and `feeds`, at the shell."""

from __future__ import annotations

import json
import resource
from pathlib import Path

KEYS = {
    "feed",
    "dataset",
    "run",
    "status",
    "read",
    "published",
    "rejected",
    "rejected_cells",
    "bytes",
    "seconds",
    "rows_per_second",
    "reasons",
}


def test_a_harvest_prints_one_line_a_dataset_with_every_promised_key(shell) -> None:
    path = shell.feed("libraries")
    said = shell("harvest", "libraries", "--json")
    assert said.status == 0, said.err
    item = said.item
    assert item.keys() >= KEYS
    assert (item["feed"], item["dataset"], item["status"]) == ("libraries", "libraries", "published")
    assert (item["read"], item["published"], item["rejected"], item["rejected_cells"]) == (2, 2, 0, 0)
    assert item["bytes"] == path.with_suffix(".csv").stat().st_size
    assert item["seconds"] > 0
    assert item["rows_per_second"] > 0
    assert item["reasons"] == {}


def test_what_is_unchanged_is_said_to_be(shell) -> None:
    shell.feed("libraries")
    first, second = shell("harvest", "--all", "--json"), shell("harvest", "--all", "--json")
    assert (first.status, second.status) == (0, 0)
    assert second.item["status"] == "unchanged"
    assert second.item.keys() >= KEYS
    assert second.item["run"] != first.item["run"]


def test_without_json_a_line_is_for_people(shell) -> None:
    shell.feed("libraries")
    said = shell("harvest", "libraries")
    assert said.status == 0
    assert said.out.startswith("libraries: published: 2 read, 2 published, 0 rejected; ")
    assert said.out.count("\n") == 1


def test_a_failed_feed_exits_1_counts_its_reasons_and_lets_the_others_run(shell) -> None:
    shell.feed("gone").with_suffix(".csv").unlink()
    shell.feed("libraries")
    said = shell("harvest", "--all", "--json")
    assert said.status == 1
    by_feed = {item["feed"]: item for item in said.items}
    assert by_feed["libraries"]["status"] == "published"
    assert by_feed["gone"]["status"] == "failed"
    assert by_feed["gone"].keys() >= KEYS
    assert by_feed["gone"]["reasons"]
    assert by_feed["gone"]["error"]


def test_a_held_feed_exits_1_and_all_its_rows_count_as_rejected(shell) -> None:
    outside = "관리번호,이름,경도,위도\n" + "".join(f"{n:03d},곳,2.35,48.85\n" for n in range(20))
    shell.feed("far", rows=outside)
    said = shell("harvest", "far", "--json")
    assert said.status == 1
    item = said.item
    assert (item["status"], item["read"], item["published"], item["rejected"]) == ("held", 20, 0, 20)
    assert sum(item["reasons"].values()) == 20
    assert shell("datasets", "show", "far").status == 2


def test_a_broken_feed_file_is_reported_and_the_others_run(shell) -> None:
    shell.feed("libraries")
    broken = shell.feed("broken")
    broken.write_text(broken.read_text(encoding="utf-8") + "\n[shedule]\nevery = '5m'\n", encoding="utf-8")
    said = shell("harvest", "--all", "--json")
    assert said.status == 1
    assert said.item["dataset"] == "libraries"
    assert "broken.toml" in said.err
    assert "shedule" in said.err
    assert shell("harvest", "libraries").status == 0
    named = shell("harvest", "broken")
    assert named.status == 2
    assert "did you mean 'schedule'?" in named.err


def test_an_unknown_feed_is_misuse_and_names_the_nearest(shell) -> None:
    shell.feed("libraries")
    said = shell("harvest", "librarys", "--json")
    assert (said.status, said.out) == (2, "")
    assert "did you mean 'libraries'?" in said.err
    assert not (shell.folder / "data" / "entrepot.db").exists()


def test_harvest_takes_feeds_or_all_and_not_both_or_none(shell) -> None:
    shell.feed("libraries")
    assert shell("harvest").status == 2
    assert shell("harvest", "libraries", "--all").status == 2
    assert shell("harvest", "--all", "--feeds", shell.folder / "nowhere").status == 2


def test_no_feeds_at_all_is_said(shell) -> None:
    said = shell("harvest", "--all")
    assert (said.status, said.out) == (0, "")
    assert "no feeds in" in said.err


def test_feeds_are_listed_shown_and_checked(shell) -> None:
    path = shell.feed("libraries")
    assert [item["id"] for item in shell("feeds", "list", "--json").items] == ["libraries"]
    shown = shell("feeds", "show", "libraries", "--json").item
    assert (shown["key"], shown["themes"], shown["source"]) == (["관리번호"], ["facility"], "file")
    assert shell("feeds", "check", "libraries").status == 0
    assert shell("feeds", "check", path).status == 0
    path.write_text(path.read_text(encoding="utf-8").replace("publisher", "pubisher"), encoding="utf-8")
    checked = shell("feeds", "check", "libraries")
    assert checked.status == 2
    assert "libraries.toml, line" in checked.err
    assert "did you mean 'publisher'?" in checked.err
    assert shell("feeds", "list").status == 1


def test_a_trial_publishes_nothing_and_tells_what_would_be(shell) -> None:
    path = shell.feed("libraries")
    item = shell("feeds", "try", path.with_suffix(".csv"), "--feed", path, "--json").item
    assert item.keys() >= {"format", "encoding", "crs", "extent", "columns", "first", "read", "accepted"}
    assert item.keys() >= {"rejected", "reasons"}
    assert (item["format"], item["encoding"], item["read"], item["accepted"]) == ("csv", "utf-8", 2, 2)
    assert {"name": "관리번호", "type": "text"} in item["columns"]
    assert item["first"][0]["관리번호"] == "001"
    people = shell("feeds", "try", path.with_suffix(".csv"), "--feed", path)
    assert people.status == 0
    assert "encoding   utf-8" in people.out
    assert not (shell.folder / "data").exists()


def test_a_trial_that_is_refused_says_why_and_exits_1(shell) -> None:
    empty = shell.folder / "empty.csv"
    empty.touch()
    said = shell("feeds", "try", empty, "--json")
    assert said.status == 1
    assert "empty" in said.item["refused"]
    assert shell("feeds", "try", shell.folder / "nowhere.csv").status == 1
    assert shell("feeds", "try").status == 2


def test_a_list_is_tried_file_by_file(shell) -> None:
    shell.feed("libraries")
    (shell.folder / "feeds" / "empty.csv").touch()
    listed = shell.folder / "list.tsv"
    listed.write_text(
        "file\tnote\nlibraries.csv\tgood\nempty.csv\tbad\nnone.csv\tmissing\n", encoding="utf-8"
    )
    said = shell("feeds", "try", "--manifest", listed, shell.folder / "feeds", "--json")
    assert said.status == 0
    good, empty, missing = said.items
    assert good["file"] == "libraries.csv"
    assert good["accepted"] == 2
    assert empty.keys() == missing.keys() == {"file", "refused"}
    assert shell("feeds", "try", "--manifest", listed, shell.folder / "nowhere").status == 2


def test_every_sample_file_is_tried_with_a_minute_and_a_half_of_processor(shell, shared_data: Path) -> None:
    start = _used()
    trying = shell.start("feeds", "try", "--manifest", shared_data / "MANIFEST.tsv", shared_data, "--json")
    assert trying.wait(600) == 0
    seconds = _used() - start
    wanted = [
        line.split("\t")[0] for line in (shared_data / "MANIFEST.tsv").read_text("utf-8").splitlines()[1:]
    ]
    said = (shell.folder / "out").read_text(encoding="utf-8")
    items = [json.loads(line) for line in said.splitlines()]
    assert list(dict.fromkeys(item["file"] for item in items)) == wanted
    for item in items:
        if "refused" in item:
            assert item.keys() == {"file", "refused"}
            assert "unexpected" not in item["refused"], item
        else:
            promised = {"file", "format", "encoding", "crs", "extent", "columns"}
            assert item.keys() >= promised | {"read", "accepted", "rejected", "reasons"}
            assert item["read"] == item["accepted"] + item["rejected"]
            assert sum(item["reasons"].values()) == item["rejected"]
    # Of processor, and not of the clock: other tests run beside this one.
    assert 10 < seconds < 90, f"{seconds:.0f} s"


def _used() -> float:
    """Seconds of processor that the processes started here, and ended, have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_work_once_runs_what_is_due_and_ends(shell) -> None:
    path = shell.feed("libraries")
    path.write_text(path.read_text(encoding="utf-8") + "[schedule]\nevery = '1h'\n", encoding="utf-8")
    said = shell("work", "--once")
    assert (said.status, said.out) == (0, "")
    assert "feed=libraries dataset=libraries status=published" in said.err
    assert [json.loads(line)["rows"] for line in shell("datasets", "list", "--json").out.splitlines()] == [2]
    path.with_suffix(".csv").unlink()
    again = shell("work", "--once")
    assert (again.status, "status=" in again.err) == (0, False), "it is not due yet"
