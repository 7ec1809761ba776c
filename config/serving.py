"""Serve the gateway with granian, once it is known that its address can be had."""

from __future__ import annotations

import errno
import os
import socket
import time

HEADER_TIMEOUT_MS = 10_000


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

    claim(host, port)
    Server(
        "config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        # A gate and a view are mostly CPU: more threads only wait for each other.
        blocking_threads=4,
        backlog=1024,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=10,
    ).serve()


def claim(host: str, port: int, patience: float = 0.0) -> None:
    """Find out before any process is started whether the address can be had; raises AddressTaken.

    `patience`, in seconds, gives a server that was just killed the time to let go of it.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return _bind(host, port)
        except OSError as fault:
            if fault.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise AddressTaken(host, port, (fault.strerror or str(fault)).lower()) from fault
        time.sleep(0.1)


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
