"""At the shell a steward compares versions, lets in, goes back, withdraws, archives and restores."""

from __future__ import annotations

import csv

HEAD = "관리번호,이름,구,경도,위도\n"
BEFORE = f"{HEAD}001,시청도서관,시청구,128.95,35.30\n002,강변도서관,강변구,128.97,35.31\n"
AFTER = BEFORE.replace("시청도서관", "시립도서관") + "003,언덕도서관,강변구,128.98,35.32\n"


def test_two_versions_are_compared_and_the_former_is_put_back(shell):
    shell.feed("libraries", BEFORE)
    former = shell("harvest", "libraries", "--json").item["snapshot"]
    assert "one snapshot only" in shell("feeds", "diff", "libraries").err
    shell.feed("libraries", AFTER)
    shell("harvest", "libraries")
    head, *rows = shell("feeds", "diff", "libraries", "--json").items
    assert (head["from"], head["inserted"], head["deleted"]) == (former, 1, 0)
    assert {row["_change"] for row in rows} == {"inserted", "updated"}
    back = shell("datasets", "revert", "libraries", former, "--json").item
    assert back["rows"] == 2
    (deed,) = shell("datasets", "deeds", "libraries", "--json").items
    assert (deed["by"], deed["deed"]) == ("command line", "revert")


def test_what_is_held_is_let_in(shell):
    path = shell.feed("libraries", BEFORE)
    shell("harvest", "libraries")
    nothing = shell("feeds", "approve", "libraries")
    assert (nothing.status, "nothing of feed 'libraries' is held" in nothing.err) == (1, True)
    path.write_text("review = true\n" + path.read_text("utf-8"), "utf-8")
    (path.parent / "libraries.csv").write_text(AFTER, "utf-8")
    assert shell("harvest", "libraries", "--json").item["status"] == "held"
    assert shell("feeds", "approve", "libraries").status == 0
    assert shell("harvest", "libraries", "--json").item["status"] == "published"


def test_a_dataset_is_withdrawn_archived_and_restored(shell):
    shell.feed("libraries", BEFORE)
    shell("harvest", "libraries")
    assert shell("datasets", "withdraw", "libraries", "--json").item["state"] == "withdrawn"
    assert shell("datasets", "show", "libraries").status == 2
    assert shell("datasets", "restore", "libraries").status == 0
    assert shell("datasets", "archive", "libraries").status == 0
    closed = shell("harvest", "libraries", "--json").item
    assert (closed["status"], "archived by a steward" in closed["error"]) == ("failed", True)
    assert shell("datasets", "withdraw", "nothing").status == 2


def test_rejects_are_written_to_a_file_and_counted_by_rule(shell):
    rows = "".join(f"{n:03},도서관,시청구,128.9,35.3\n" for n in range(60))
    shell.feed("libraries", f"{HEAD}{rows}000,둘째,시청구,128.9,35.3\n")
    shell("harvest", "libraries")
    said = shell("datasets", "rejects", "libraries", "--format", "csv", "-o", "rejects.csv")
    assert said.status == 0
    with (shell.folder / "rejects.csv").open(encoding="utf-8-sig") as file:
        written = list(csv.DictReader(file))
    faults = shell("datasets", "faults", "libraries", "--json").items
    assert sum(fault["count"] for fault in faults) == len(written) > 0


def test_a_feed_is_uploaded_with_its_file_and_harvested(shell):
    rows = shell.folder / "rows.csv"
    rows.write_text(BEFORE, "cp949")
    feed = shell.folder / "uploaded.toml"
    head = 'title = { ko = "도서관" }\npublisher = "가온시"\nlicence = "CC0-1.0"\nkey = ["관리번호"]\n'
    feed.write_text(f'{head}[source]\nkind = "upload"\n', "utf-8")
    found = shell("feeds", "upload", rows, "--feed", feed, "--json").item
    assert (found["published"], found["tables"][0]["accepted"]) == (True, 2)
    assert shell("harvest", "uploaded", "--json").item["published"] == 2
    assert "uploaded" in [item["id"] for item in shell("feeds", "list", "--json").items]
    rows.write_text(AFTER, "utf-8")
    tried = shell("feeds", "try", rows, "--feed", feed, "--json").item
    assert [tried["difference"][kind] for kind in ("inserted", "updated", "deleted")] == [1, 1, 0]
    assert "1 inserted, 1 updated, 0 deleted" in shell("feeds", "try", rows, "--feed", feed).out
    feed.write_text(f'{head}[source]\nkind = "file"\npath = "/etc/passwd"\n', "utf-8")
    refused = shell("feeds", "upload", rows, "--feed", feed)
    assert (refused.status, "uploaded.toml, line 6" in refused.err) == (2, True)
    assert shell("feeds", "remove", "uploaded", "--json").item["state"] == "removed"
    assert shell("harvest", "uploaded").status == 2
    assert shell("datasets", "show", "uploaded").status == 0
    assert shell("feeds", "remove", "uploaded").status in (1, 2)
