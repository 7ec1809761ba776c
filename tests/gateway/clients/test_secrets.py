"""The installation's secrets are made once, kept from others and never shown."""

from __future__ import annotations

import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from gateway.clients.secrets import UnusableSecret, open_secrets


def _pepper(folder: Path) -> bytes:
    return open_secrets(folder).peppers[1]


def test_secrets_are_made_once_and_found_again(tmp_path: Path) -> None:
    assert open_secrets(tmp_path / "secrets") == open_secrets(tmp_path / "secrets")


def test_processes_that_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        assert len(set(pool.map(_pepper, [tmp_path / "secrets"] * 8))) == 1
    made = sorted(path.name for path in (tmp_path / "secrets").iterdir())
    assert made == ["pepper-1", "session-1", "webhook-1"]


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    open_secrets(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_secret_that_others_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    open_secrets(tmp_path)
    (tmp_path / "pepper-1").chmod(0o644)
    with pytest.raises(UnusableSecret, match=f"run: chmod 600 {tmp_path}/pepper-1"):
        open_secrets(tmp_path)


@pytest.mark.parametrize("content", ["", "zz", "00" * 31])
def test_a_damaged_secret_is_never_replaced(tmp_path: Path, content: str) -> None:
    open_secrets(tmp_path)
    (tmp_path / "session-1").write_text(content)
    with pytest.raises(UnusableSecret, match="session-1 is damaged"):
        open_secrets(tmp_path)
    assert (tmp_path / "session-1").read_text() == content


def test_secrets_do_not_show_in_what_is_printed_of_them(tmp_path: Path) -> None:
    secrets = open_secrets(tmp_path)
    assert repr(secrets) == "Secrets()"
    assert secrets.session_key != secrets.peppers[1]
