"""Serve the gateway with granian, once it is known that its address can be had."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.streams import Streams

ANSWERING = 4
HEADER_TIMEOUT_MS = 10_000
_BUSY = {errno.EADDRINUSE: "the address is in use", errno.EWOULDBLOCK: "another gateway has it"}


class AddressTaken(OSError):
    """The address cannot be served at."""

    def __init__(self, host: str, port: int, why: str) -> None:
        self.host, self.port = host, port
        super().__init__(f"http://{host}:{port}/ cannot be served: {why}; choose another with --port")


def serve(host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT; raises AddressTaken."""
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    server = Server(
        "config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        # A gate and a view are mostly CPU: more threads only wait for each other, except those that hold
        # an answer open till its client has read it.
        blocking_threads=ANSWERING + Streams().at_once,
        backlog=1024,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=10,
    )
    # granian warns of more threads than cores; these wait for events, and hold up nobody.
    logging.getLogger("_granian").addFilter(lambda said: "Python threads" not in said.getMessage())
    with claimed(host, port):
        server.serve()


@contextmanager
def claimed(host: str, port: int, patience: float = 0.0) -> Iterator[None]:
    """Hold the address against all other gateways while the block lasts; raises AddressTaken.

    `patience`, in seconds, gives a server that was just killed the time to let go of it.
    """
    deadline = time.monotonic() + patience
    # granian's processes share a port, and would share it with another gateway's: hence a lock beside it.
    name = Path(tempfile.gettempdir()) / f"entrepot-{os.getuid()}-{port}.lock"
    lock = os.open(name, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        while (fault := _refusal(lock, host, port)) is not None:
            why = _BUSY.get(fault.errno or 0)
            if why is None or time.monotonic() > deadline:
                raise AddressTaken(host, port, why or str(fault.strerror or fault).lower())
            time.sleep(0.1)
        yield
    finally:
        os.close(lock)


def _refusal(lock: int, host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as fault:
        return fault
    return None


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
