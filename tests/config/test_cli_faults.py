"""Whatever is misused or missing, a command says it in a sentence."""

from __future__ import annotations

import pytest


def _sentence(said) -> str:
    last = said.err.splitlines()[-1]
    assert said.out == ""
    assert last.startswith("entrepot: "), said.err
    assert "unexpected fault" not in last
    return last


def test_a_data_folder_that_is_a_file_is_misuse(shell) -> None:
    (shell.folder / "data").touch()
    said = shell("datasets", "list")
    assert said.status == 2
    assert "ENTREPOT_DATA=" in _sentence(said)


def test_a_database_that_is_none_is_said(shell) -> None:
    (shell.folder / "data").mkdir()
    (shell.folder / "data" / "entrepot.db").write_bytes(b"this is no database, whatever its name says" * 50)
    said = shell("datasets", "list")
    assert said.status == 1
    assert "cannot be used: file is not a database" in _sentence(said)


def test_a_database_that_is_away_is_said(shell, free_port: int) -> None:
    url = f"postgresql://city:hunter2@127.0.0.1:{free_port}/entrepot"
    said = shell("datasets", "list", ENTREPOT_DATABASE_URL=url)
    assert said.status == 1
    assert "ENTREPOT_DATABASE_URL" in _sentence(said)
    assert "hunter2" not in said.err


def test_a_search_engine_that_is_away_is_said(shell, free_port: int) -> None:
    for words in (("search", "버스"), ("reindex",)):
        said = shell(*words, ENTREPOT_SEARCH_URL=f"http://127.0.0.1:{free_port}")
        assert said.status == 1, words
        assert f"127.0.0.1:{free_port}" in _sentence(said)


def test_a_harvest_publishes_while_the_search_engine_is_away(shell, free_port: int) -> None:
    shell.feed("libraries")
    said = shell("harvest", "libraries", "--json", ENTREPOT_SEARCH_URL=f"http://127.0.0.1:{free_port}")
    assert (said.status, said.item["status"]) == (0, "published")


def test_a_folder_of_feeds_that_is_not_there_is_said(shell) -> None:
    said = shell("harvest", "--all", ENTREPOT_FEEDS="/no/such/folder")
    assert said.status == 1
    assert "/no/such/folder" in said.err


def test_a_plans_file_that_is_none_is_misuse(shell) -> None:
    plans = shell.folder / "plans.toml"
    plans.write_text("[anonymous\n", encoding="utf-8")
    said = shell("people", "create", "a@city.example", ENTREPOT_PLANS=str(plans))
    assert said.status == 2
    assert "plans.toml" in _sentence(said)


@pytest.mark.parametrize("command", ["serve", "up", "demo"])
def test_a_port_that_is_taken_is_one_sentence(shell, taken_port: int, command: str) -> None:
    said = shell(command, "--port", taken_port)
    assert said.status == 1
    assert f"127.0.0.1:{taken_port}" in _sentence(said)
    assert "--port" in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_a_port_that_is_none_is_misuse(shell, port: str) -> None:
    assert shell("serve", "--port", port).status == 2


def test_check_tries_every_part_and_fails_when_one_does(shell, free_port: int) -> None:
    shell.feed("libraries")
    good = shell("check", "--json")
    assert good.status == 0, good.out
    parts = [item["part"] for item in good.items]
    assert parts == ["database", "catalogue", "search", "plans", "secrets", "feeds"]
    assert all(item["state"] == "ok" for item in good.items)
    shell.feed("broken").write_text("title =", encoding="utf-8")
    bad = shell("check", "--json", ENTREPOT_SEARCH_URL=f"http://127.0.0.1:{free_port}")
    assert bad.status == 1
    assert {item["part"] for item in bad.items if item["state"] == "failed"} == {"search", "feeds"}
    assert [item["part"] for item in bad.items] == parts


def test_the_database_is_brought_up_to_date_again_and_again(shell) -> None:
    for _ in range(2):
        said = shell("db", "upgrade")
        assert (said.status, said.out) == (0, "")
        assert "up to date" in said.err
