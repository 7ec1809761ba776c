"""`entrepot feeds check` says in a steward's words what is wrong with a feed, and what to do."""

from __future__ import annotations

import hashlib
import hmac

ROWS = "관리번호,이름,구,경도,위도\n001,시청도서관,시청구,128.95,35.30\n002,강변도서관,강변구,128.97,35.31\n"


def test_a_feed_that_never_ran_says_how_to_run_it_and_makes_nothing(shell) -> None:
    shell.feed("libraries")
    said = shell("feeds", "check", "libraries")
    assert said.status == 0
    assert "libraries: new" in said.out
    assert "entrepot harvest libraries" in said.out
    assert shell("feeds", "list", "--json").item["state"] is None
    assert not (shell.folder / "data").exists()


def test_a_feed_that_is_well_is_fresh_once_a_worker_has_looked(shell) -> None:
    path = shell.feed("libraries")
    schedule = '\n[schedule]\nevery = "1h"\nslowest = "6h"\n'
    path.write_text(path.read_text(encoding="utf-8") + schedule, encoding="utf-8")
    assert shell("work", "--once").status == 0
    checked = shell("feeds", "check", "libraries", "--json").item
    assert (checked["file"], checked["state"], checked["wrong"], checked["todo"]) == ("ok", "fresh", None, [])
    assert (checked["rows"], checked["interval"]) == (2, 3600.0)
    assert checked["expected"] > checked["next_run"] > checked["last_success"]
    assert [run["status"] for run in checked["runs"]] == ["published"]
    assert shell("harvest", "libraries", "--json").item["status"] == "unchanged"
    listed = shell("feeds", "list", "--json").item
    assert (listed["state"], listed["interval"]) == ("fresh", 7200.0)


def test_a_held_feed_says_what_was_held_and_how_to_let_it_in(shell) -> None:
    path = shell.feed("libraries", ROWS)
    shell("harvest", "libraries")
    path.with_suffix(".csv").write_text(ROWS.replace(",구,", ",동,"), encoding="utf-8")
    assert shell("harvest", "libraries").status == 1
    said = shell("feeds", "check", "libraries")
    assert said.status == 1
    assert "libraries: failing" in said.out
    assert "is gone" in said.out
    assert "entrepot feeds approve libraries" in said.out
    assert "entrepot datasets rejects libraries" in said.out
    checked = shell("feeds", "check", "libraries", "--json")
    assert checked.status == 1
    assert checked.item["runs"][0]["status"] == "held"


def test_a_failing_feed_says_where_to_look_and_when_it_is_tried_again(shell) -> None:
    path = shell.feed("libraries")
    schedule = '\n[schedule]\nevery = "1h"\n'
    path.write_text(path.read_text(encoding="utf-8") + schedule, encoding="utf-8")
    path.with_suffix(".csv").unlink()
    assert shell("work", "--once").status == 1
    checked = shell("feeds", "check", "libraries", "--json").item
    assert checked["state"] == "failing"
    assert "there is no file" in checked["wrong"]
    assert any("mend the address under [source]" in sentence for sentence in checked["todo"])
    assert any(sentence.startswith("it is tried again at") for sentence in checked["todo"])


def test_the_secret_of_a_webhook_is_shown_and_stays(shell) -> None:
    first = shell("feeds", "secret", "https://city.example/hook")
    assert first.status == 0
    assert first.out.startswith("whsec_")
    assert shell("feeds", "secret", "https://city.example/hook").out == first.out
    assert shell("feeds", "secret", "https://other.example/hook").out != first.out
    key = bytes.fromhex((shell.folder / "data" / "secrets" / "webhook-1").read_text())
    made = hmac.new(key, b"webhook https://city.example/hook", hashlib.sha256).hexdigest()
    assert first.out.strip() == f"whsec_{made}"


def test_a_webhook_that_is_no_address_is_named_with_its_line(shell) -> None:
    path = shell.feed("libraries")
    text = path.read_text(encoding="utf-8") + '\n[notify]\nwebhook = ["ftp://city"]\n'
    path.write_text(text, encoding="utf-8")
    said = shell("feeds", "check", path)
    assert said.status == 2
    assert "libraries.toml, line" in said.err
    assert "'ftp://city' is no address" in said.err
