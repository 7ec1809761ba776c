"""The suite `ogctests` against a server of ours, from a virtual environment of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from services import missing

ROOT = Path(__file__).resolve().parents[4]
SUITE = ROOT / ".venv-ogctests"
VERSION = "0.1.15"


@pytest.fixture(scope="session")
def suite(in_ci: bool) -> Path:
    """The suite's Python; it pins an old pyarrow and pytest, so that it cannot live with ours."""
    python, done = SUITE / "bin" / "python", SUITE / f"installed-{VERSION}"
    if done.exists():
        return python
    if not in_ci:
        missing("ogctests in .venv-ogctests", in_ci)
    subprocess.run([sys.executable, "-m", "venv", str(SUITE)], check=True)
    uv = Path(sys.executable).with_name("uv")
    install = [uv, "pip", "install", "--python", python] if uv.exists() else [python, "-m", "pip", "install"]
    subprocess.run([*install, "--quiet", f"ogctests=={VERSION}"], check=True)
    done.touch()
    return python


@pytest.mark.service("ogctests")
def test_the_suite_finds_no_fault_with_the_core(served, suite, tmp_path):
    command = [str(suite), "-m", "ogctests", "features/core", "-i", served.url.rstrip("/"), "-v", "true"]
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # Ours would make its warnings errors.
    environ = {**os.environ, "PYTEST_ADDOPTS": f"-c {tmp_path}/pytest.ini -p no:cacheprovider"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    assert re.search(r"=+ 29 passed", done.stdout), done.stdout[-4000:]
