"""The city in a box as a visitor starts it, under plans wide enough for machines that ask."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from services import unused_port
from serving import answers
from waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
SCOPES = '["catalogue:read", "rows:read", "usage:read"]'
PLANS = "".join(
    f'[{name}]\ntitle = {{ en = "{name}" }}\nscopes = {SCOPES}\n'
    for name in ("anonymous", "free", "partner", "internal", "pages")
)


@dataclass(frozen=True)
class Demo:
    """Where the demo is, and what it gave its visitor."""

    url: str
    api_key: str
    admin_email: str
    admin_password: str

    def session(self) -> str:
        """The token of the operator, signed in anew."""
        body = json.dumps({"email": self.admin_email, "password": self.admin_password}).encode()
        request = Request(f"{self.url}/api/v1/sessions", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=30) as answer:
            token: str = json.load(answer)["token"]
        return token


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`entrepot demo` in processes of its own, once all that it harvests is published."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "plans.toml").write_text(PLANS)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
    command = [sys.executable, "-m", "config.cli", "demo", "--port", str(unused_port())]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--data", str(folder / "data")],
            cwd=ROOT,
            env=ours | {"ENTREPOT_PLANS": str(folder / "plans.toml")},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield Demo(**_told(folder, process))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)


def _told(folder: Path, process: subprocess.Popen[bytes]) -> dict[str, str]:
    told = folder / "data" / "demo.json"
    wait_for(lambda: told.exists() or process.poll() is not None, 600)
    if process.poll() is not None:
        pytest.fail(f"the demo did not start:\n{(folder / 'log').read_text()[-2000:]}")
    gave: dict[str, str] = json.loads(told.read_text())
    wait_for(lambda: answers(f"{gave['url']}/livez"))
    return gave
