"""A clock that tests set, limiters on it, and a gate over real files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.gate import Clock, EmbeddedLimiter

SEOUL = ZoneInfo("Asia/Seoul")


@dataclass
class Hands:
    """A clock's hands: seconds on the wall and since boot, moved by the test."""

    wall: float = 1_800_000_000.0
    steady: float = 5_000.0
    boot: int = 7
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(lambda: self.wall, lambda: round(self.steady * 1e9), lambda: self.boot)

    def go(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def open_limiter(tmp_path: Path, hands: Hands) -> Iterator[Callable[..., EmbeddedLimiter]]:
    """Opens the limiter of one folder, as often as wanted; `buckets` of both tables."""
    opened = []

    def make(buckets: int = 4) -> EmbeddedLimiter:
        sizes = {"application": buckets, "address": buckets}
        opened.append(EmbeddedLimiter(tmp_path / "limits", SEOUL, hands.clock, sizes))
        return opened[-1]

    yield make
    for limiter in opened:
        limiter.close()


@pytest.fixture
def limiter(open_limiter: Callable[..., EmbeddedLimiter]) -> EmbeddedLimiter:
    return open_limiter()
