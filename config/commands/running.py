"""`entrepot demo`, `up`, `serve`, `work`: the processes of a platform."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType

import click

from config import serving
from config.output import talk
from config.wiring import migrate, open_worker, settings

port_option = click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)


@click.command(epilog="Example: entrepot demo --port 8000 --data ./data")
@port_option
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), default=Path("data"), show_default=True
)
def demo(port: int, data: Path) -> None:
    """A synthetic city, harvested on its schedules and served."""
    from config import demo as box

    data.mkdir(parents=True, exist_ok=True)
    box.run(port, data.resolve())


@click.command(epilog="Example: entrepot up --port 8000")
@port_option
@click.option("--host", default="127.0.0.1", show_default=True)
def up(port: int, host: str) -> None:
    """Gateway and worker together: the one command for a single machine."""
    migrate(settings())
    command = [sys.executable, "-m", "config.cli", "work"]
    worker = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603  (ourselves)
    try:
        talk(f"serving http://{host}:{port}/ and harvesting {', '.join(map(str, settings().feeds))}")
        serving.serve(host, port, _cores())
    finally:
        worker.terminate()
        worker.wait(30)


@click.command(epilog="Example: entrepot serve --host 0.0.0.0 --port 8000 --workers 4")
@click.option("--host", default="127.0.0.1", show_default=True)
@port_option
@click.option("--workers", type=click.IntRange(1, 64), default=None, help="Processes; one a core by default.")
def serve(host: str, port: int, workers: int | None) -> None:
    """The gateway alone."""
    serving.die_with_parent()
    migrate(settings())
    talk(f"serving http://{host}:{port}/")
    serving.serve(host, port, workers or _cores())


@click.command(epilog="Example: entrepot work --once")
@click.option("--once", is_flag=True, help="Run what is due and end.")
def work(once: bool) -> None:
    """Schedule feeds and claim due runs."""
    migrate(settings())
    with open_worker(settings()) as worker:
        if once:
            worker.once()
            return
        serving.die_with_parent()
        stop = threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        worker.run(stop)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
