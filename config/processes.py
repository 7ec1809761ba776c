"""Run parts of the platform as processes of their own that end together, whoever ends first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

STOP_SECONDS = 25
"""How long parts may take to end what is under way; a worker's own grace is shorter."""
_LOOK_SECONDS = 0.25
_GRACE_SECONDS = 5


class PartEnded(RuntimeError):
    """A part that should run for as long as the others has ended."""

    def __init__(self, part: str, status: int) -> None:
        self.part, self.status = part, status
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        super().__init__(f"the {part} ended {how}; its lines above say why")


@dataclass(frozen=True)
class Parts:
    """Running parts by name."""

    processes: Mapping[str, subprocess.Popen[bytes]]

    def check(self) -> None:
        """Raise PartEnded when one is gone."""
        for part, process in self.processes.items():
            if process.poll() is not None:
                raise PartEnded(part, process.returncode)

    def wait(self) -> None:
        """Return never: raises PartEnded, or what a signal's handler raises."""
        while True:
            self.check()
            time.sleep(_LOOK_SECONDS)


@contextmanager
def started(commands: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> Iterator[Parts]:
    """Parts by name, each from a command line of `entrepot`; all are gone when the block ends.

    A part whose parent is killed ends by itself: see `end_with`.
    """
    entrepot = (sys.executable, "-m", "config.cli")
    tie = ("--parent", str(os.getpid()))
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for part, words in commands.items():
            processes[part] = subprocess.Popen(  # noqa: S603  (ourselves)
                [*entrepot, *words, *tie], env=dict(environ), stdin=subprocess.DEVNULL
            )
        yield Parts(processes)
    finally:
        _end(list(processes.values()))


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def exit_on_signals() -> None:
    """Make SIGTERM, SIGINT and SIGHUP leave every open block and exit with 0; a second one is ignored."""
    asked = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def leave(number: int, frame: FrameType | None) -> None:
        for each in asked:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(0)

    for number in asked:
        signal.signal(number, leave)


def when_asked_to_end(deed: Callable[[], None]) -> None:
    """Do a deed as soon as SIGTERM or SIGINT comes, whoever handles them; to be called in the main thread."""
    heard, telling = os.pipe()
    os.set_blocking(telling, False)
    signal.set_wakeup_fd(telling, warn_on_full_buffer=False)

    def listen() -> None:
        while not {signal.SIGTERM, signal.SIGINT} & set(os.read(heard, 1)):
            pass
        deed()

    threading.Thread(target=listen, name="end-watch", daemon=True).start()


def end_with(parent: int) -> None:
    """End this process soon after its parent, the process `parent`, is gone, however that ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
