"""`entrepot demo`, `up`, `serve`, `work`: the processes of a platform."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import click

from config import processes, serving
from config.output import talk
from config.wiring import migrate, open_worker, plans_of, settings

port_option = click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
host_option = click.option("--host", default="127.0.0.1", show_default=True)
workers_option = click.option(
    "--workers", type=click.IntRange(1, 64), default=None, help="Processes; one a core by default."
)
# Whoever starts a process and must not be outlived by it says so; a shell that closes is no such parent.
parent_option = click.option("--parent", type=int, default=None, hidden=True)


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
@host_option
@port_option
@workers_option
def up(host: str, port: int, workers: int | None) -> None:
    """Gateway and worker together: the one command for a single machine."""
    processes.exit_on_signals()
    _prepare(host, port)
    gateway = ["serve", "--host", host, "--port", str(port), "--workers", str(workers or serving.cores())]
    with processes.started({"gateway": gateway, "worker": ["work"]}, os.environ) as parts:
        parts.wait()


@click.command(epilog="Example: entrepot serve --host 0.0.0.0 --port 8000 --workers 4")
@host_option
@port_option
@workers_option
@parent_option
def serve(host: str, port: int, workers: int | None, parent: int | None) -> None:
    """The gateway alone."""
    _be_part_of(parent)
    _prepare(host, port)
    talk(f"serving http://{host}:{port}/")
    serving.serve(host, port, workers or serving.cores())


@click.command(epilog="Example: entrepot work --once")
@click.option("--once", is_flag=True, help="Run what is due and end; exit 1 when a feed failed.")
@parent_option
def work(once: bool, parent: int | None) -> None:
    """Schedule feeds and claim due runs; one line a run on stderr."""
    _be_part_of(parent)
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    with open_worker(settings()) as worker:
        if once:
            sys.exit(any(run.status in ("failed", "held") for run in worker.once()))
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        talk(f"harvesting the feeds of {', '.join(map(str, settings().feeds))}")
        worker.run(stop)


def _be_part_of(parent: int | None) -> None:
    """Log outcomes, and end with the process that started this one where it asked for that."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("alembic", "apscheduler", "httpx", "elastic_transport"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if parent is not None:
        processes.end_with(parent)


def _prepare(host: str, port: int) -> None:
    """Meet here, once, the faults that every serving process would meet."""
    with serving.claimed(host, port):
        pass
    migrate(settings())
    plans_of(settings())
