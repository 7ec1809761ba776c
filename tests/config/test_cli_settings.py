"""`entrepot settings`, and the list of commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.cli import COMMANDS, entrepot
from config.settings import describe_settings

PROMISED = {
    "ENTREPOT_ACCEL_PREFIX",
    "ENTREPOT_DATA",
    "ENTREPOT_DATABASE_URL",
    "ENTREPOT_STORAGE_URL",
    "ENTREPOT_SEARCH_URL",
    "ENTREPOT_REDIS_URL",
    "ENTREPOT_CLUSTER_URL",
    "ENTREPOT_FEEDS",
    "ENTREPOT_ALLOW_HOSTS",
    "ENTREPOT_EXTENT",
    "ENTREPOT_TIMEZONE",
    "ENTREPOT_PUBLIC_URL",
    "ENTREPOT_TRUSTED_PROXIES",
    "ENTREPOT_PLANS",
    "ENTREPOT_ANONYMOUS_PLAN",
    "ENTREPOT_SMTP_URL",
    "ENTREPOT_NOTIFY",
}


def test_all_promised_settings_are_listed_with_value_default_and_help(shell) -> None:
    said = shell("settings", "--json", ENTREPOT_TIMEZONE="Asia/Tokyo")
    listed = {item["variable"]: item for item in said.items}
    assert listed.keys() == PROMISED
    assert listed["ENTREPOT_TIMEZONE"]["value"] == "Asia/Tokyo"
    assert listed["ENTREPOT_TIMEZONE"]["default"] == "Asia/Seoul"
    assert all(item["help"] for item in listed.values())


def test_a_password_is_never_shown(shell) -> None:
    said = shell("settings", ENTREPOT_DATABASE_URL="postgresql://city:hunt:er2@db/entrepot")
    assert "city:***@db" in said.out
    assert "er2" not in said.out + said.err


@pytest.mark.parametrize("words", [("settings",), ("datasets", "list"), ("harvest", "--all"), ("check",)])
def test_a_wrong_value_stops_every_command_with_2(shell, words: tuple[str, ...]) -> None:
    said = shell(*words, ENTREPOT_EXTENT="everywhere")
    assert said.status == 2
    assert said.err.count("\n") == 1
    assert "ENTREPOT_EXTENT='everywhere'" in said.err
    assert "west,south,east,north" in said.err


def test_an_unknown_anonymous_plan_names_the_plans_there_are(shell) -> None:
    said = shell("people", "create", "a@city.example", ENTREPOT_ANONYMOUS_PLAN="anonymos")
    assert said.status == 2
    assert "ENTREPOT_ANONYMOUS_PLAN='anonymos'" in said.err
    assert "anonymous, free" in said.err


def test_the_list_of_commands_imports_none_of_them() -> None:
    heavy = {"pyarrow", "flask", "sqlalchemy", "duckdb"}
    probe = f"import sys, config.cli; print(*sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_help_comes_well_under_a_second(shell) -> None:
    quickest = min(_seconds(shell) for _ in range(3))
    assert quickest < 0.8


def _seconds(shell) -> float:
    """Of a processor: the machine may be busy with others."""
    process = shell.start("--help")
    _, process.returncode, used = os.wait4(process.pid, 0)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


def _leaves(name: str):
    command = entrepot.get_command(None, name)
    return [(name, *more) for more in _under(command)]


def _under(command):
    if not hasattr(command, "commands"):
        return [()]
    return [(name, *rest) for name, inner in command.commands.items() for rest in _under(inner)]


@pytest.mark.parametrize("words", [words for name in COMMANDS for words in _leaves(name)], ids=" ".join)
def test_the_help_of_each_command_shows_an_example(words: tuple[str, ...]) -> None:
    command = entrepot.get_command(None, words[0])
    for word in words[1:]:
        command = command.commands[word]
    assert command.epilog.startswith(f"Example: entrepot {' '.join(words)}")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_with_its_own_words(name: str) -> None:
    command = entrepot.get_command(None, name)
    assert command.help.startswith(COMMANDS[name][1].rstrip(".")), name


def test_help_touches_nothing(shell, tmp_path: Path) -> None:
    for words in (("datasets", "list"), ("harvest",), ("keys", "create"), ("serve",)):
        said = shell(*words, "--help")
        assert said.status == 0
        assert "Example: entrepot" in said.out
    assert not (tmp_path / "data").exists()


def test_a_command_that_is_not_there_names_the_nearest(shell) -> None:
    said = shell("harvst")
    assert (said.status, said.out) == (2, "")
    assert "did you mean 'harvest'?" in said.err


def test_settings_describe_what_the_command_lists(shell) -> None:
    assert [item["variable"] for item in shell("settings", "--json").items] == [
        each["variable"] for each in describe_settings({})
    ]
