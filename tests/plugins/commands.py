"""The `entrepot` command in processes of their own that need not import it anew: forked from one that has."""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 1 << 18
"""Bytes of a command's words and environment."""
NEEDED = (
    "alembic.command",
    "pyogrio.raw",
    "tantivy",
    "catalogue.search.elasticsearch",
    "harvesters.run",
    "harvesters.worker",
)
"""Modules that commands import where they first need them."""


@dataclass(frozen=True)
class Commands:
    """Where the process listens that runs commands."""

    address: str

    def __call__(
        self, words: list[str], env: Mapping[str, str], cwd: Path, timeout: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `entrepot` with words as subprocess.run would; raises TimeoutExpired, and kills it."""
        asked = json.dumps({"words": words, "env": dict(env), "cwd": str(cwd)}).encode()
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line,
            Path(os.devnull).open() as nothing,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            line.settimeout(timeout)
            line.connect(self.address)
            socket.send_fds(line, [asked], [nothing.fileno(), out.fileno(), err.fileno()])
            process = int(line.recv(32))
            try:
                status = int(line.recv(32))
            except TimeoutError:
                os.kill(process, signal.SIGKILL)
                raise subprocess.TimeoutExpired(words, timeout) from None
            said = [file.seek(0) or file.read() for file in (out, err)]
        return subprocess.CompletedProcess(words, status, *said)


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """What runs commands for this test session; nothing of Entrepot's is in their environment."""
    with tempfile.TemporaryDirectory(prefix="entrepot-commands-") as folder, _listening(folder) as commands:
        yield commands


@contextmanager
def _listening(folder: str) -> Iterator[Commands]:
    address = f"{folder}/socket"
    process = subprocess.Popen(
        [sys.executable, __file__, address],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    with process.stdin, process.stdout:
        assert process.stdout.readline() == b"listening\n"
        yield Commands(address)
    process.wait(10)


def serve(address: str) -> None:
    """Run commands until stdin ends: with whoever started this."""
    import forked  # noqa: F401  (before all that imports DuckDB)

    from config.cli import COMMANDS

    for module in (*(f"config.commands.{file}" for file, _ in COMMANDS.values()), *NEEDED):
        import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(16)
        os.write(1, b"listening\n")
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            line, _ = listener.accept()
            with line:
                if not os.fork():
                    listener.close()
                    _attend(line)


def _attend(line: socket.socket) -> NoReturn:
    """Run one command, and tell its process and, once it has ended, its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked, files, _, _ = socket.recv_fds(line, LONGEST, 3)
    process = os.fork()
    if not process:
        line.close()
        _become(json.loads(asked), files)
    try:
        line.send(b"%d" % process)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        line.send(b"%d" % status)
    finally:
        os._exit(0)


def _become(asked: dict[str, Any], files: list[int]) -> NoReturn:
    from config.cli import main

    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = ["entrepot", *asked["words"]]
    try:
        main()
    except SystemExit as ended:
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        # As children of multiprocessing do: what libraries in C made before the fork is not theirs to end.
        os._exit(ended.code if isinstance(ended.code, int) else bool(ended.code))
    raise AssertionError("main always exits")


if __name__ == "__main__":
    serve(sys.argv[1])
