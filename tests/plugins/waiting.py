"""Wait for what must come, however slow the machine is: a test that waits for seconds fails now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

Found = TypeVar("Found")
LONGEST = 120.0
"""Seconds after which nothing is waited for any more."""


def wait_for(truth: Callable[[], Found], seconds: float = LONGEST) -> Found:
    """What `truth` gives, as soon as that is true; fails where it is not in time."""
    end = time.monotonic() + seconds
    while not (found := truth()):
        if time.monotonic() > end:
            pytest.fail(f"after {seconds:g} seconds still {found!r}")
        time.sleep(0.02)
    return found
