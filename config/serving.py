"""Serve the gateway with granian, and keep child processes from outliving who started them."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

HEADER_TIMEOUT_MS = 10_000
_WATCH_SECONDS = 0.5


def serve(host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT; raises OSError when the address cannot be had."""
    _claim(host, port)
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


def _claim(host: str, port: int) -> None:
    """Find out before any process is started whether the address can be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def die_with_parent() -> None:
    """End this process soon after the one that started it is gone, however that ended."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
