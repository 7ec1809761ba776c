"""The two clocks of the gate: the one on the wall for days and months, the steady one for windows."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECOND = 1_000_000_000
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def this_boot() -> int:
    """A number of 63 bits for this run of the machine's kernel; 1 where the system has no name for it."""
    try:
        name = _BOOT_ID.read_bytes()
    except OSError:
        return 1
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big") >> 1 or 1


@dataclass(frozen=True)
class Clock:
    """`wall` gives Unix seconds and may be set at any time; `steady` gives nanoseconds since `boot`, the
    same in all processes of the machine."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], int] = time.monotonic_ns
    boot: Callable[[], int] = this_boot
