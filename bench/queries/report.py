"""One table in Markdown, each line written as soon as it is known, and which targets were met."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from sqlite3 import DatabaseError

FAULTS = (OSError, ValueError, LookupError, HTTPException, DatabaseError, subprocess.SubprocessError)
"""What a server that fails looks like from here: the rest is measured all the same."""
HEAD = ("asked", "clients", "of", "rate", "p50 ms", "p99 ms", "CPU", "ours is", "targets")
TIMES = {"datasette": 5.0, "pygeoapi": 10.0, "pg_featureserv": 1.0}
"""How many times the requests a second of each peer ours are to be."""


@dataclass(frozen=True)
class Figures:
    """What was measured of one: `rate` is compared with others, and `shown` is how it is written.

    It is requests a second, or rows of an export, of which `megabytes` come a second.
    """

    rate: float
    shown: str
    p50: float | None = None
    p99: float | None = None
    megabytes: float | None = None
    cpu: str = ""


@dataclass(frozen=True)
class Target:
    """A bound of `what`, a field of Figures, at so many clients: of rates the least, else the most."""

    what: str
    bound: float
    clients: int = 8

    def judged(self, found: Figures) -> tuple[bool, str]:
        value: float = getattr(found, self.what) or 0.0
        if self.what in ("rate", "megabytes"):
            return value >= self.bound, f"{self.what} ≥ {self.bound:,.0f}"
        return value <= self.bound, f"{self.what} ≤ {self.bound:.4g} ms"


class Report:
    """Lines of a table on standard output, and an account of targets at its end."""

    def __init__(self) -> None:
        self._met: list[str] = []
        self._missed: list[str] = []
        for cells in (HEAD, ["---"] * len(HEAD)):
            self._write(cells)

    def ours(self, asked: str, clients: int, of: str, found: Figures, targets: Sequence[Target] = ()) -> None:
        """A line of Entrepot, with its targets."""
        judged = [each.judged(found) for each in targets if each.clients == clients]
        verdicts = [self._judge(met, text, _where(asked, clients)) for met, text in judged]
        self._line((asked, clients, of), found, "", "; ".join(verdicts))

    def peer(self, asked: str, clients: int, of: str, found: Figures, best: float, *, times: bool) -> None:
        """A line of a peer, and how many times its rate ours is; `times` where that has a target."""
        ratio = best / found.rate if found.rate else 0.0
        wanted = TIMES.get(of) if times else None
        verdict = ""
        if wanted and ratio:
            where = f"{_where(asked, clients)}, against {of}"
            verdict = self._judge(ratio >= wanted, f"≥ {wanted:g}x", where)
        self._line((asked, clients, of), found, f"{ratio:.1f}x" if ratio else "", verdict)

    def failed(self, asked: str, clients: int, of: str, why: object) -> None:
        """A line that says why there is no figure."""
        self._write([asked, str(clients or ""), of, f"none: {' '.join(str(why).split())[:160]}", *[""] * 5])

    def measured(self, asked: str, clients: int, of: str, measure: Callable[[], Figures]) -> Figures | None:
        """What is measured, or None and a line that says why not."""
        try:
            return measure()
        except FAULTS as fault:
            self.failed(asked, clients, of, fault)
            return None

    def tried(self, asked: str, step: Callable[[], None]) -> None:
        """Do what writes lines of its own, or a line that says why it ended."""
        try:
            step()
        except FAULTS as fault:
            self.failed(asked, 0, "entrepot", fault)

    def end(self) -> None:
        """How many targets were met, and which were not."""
        print(f"\n{len(self._met)} targets met, {len(self._missed)} missed")
        for each in self._missed:
            print(f"- missed: {each}", flush=True)

    def _judge(self, met: bool, text: str, where: str) -> str:
        (self._met if met else self._missed).append(f"{where}: {text}")
        return f"{text} {'met' if met else 'MISSED'}"

    def _line(self, of: tuple[str, int, str], found: Figures, ratio: str, verdict: str) -> None:
        p50, p99 = ("" if t is None else f"{t:.2f}" for t in (found.p50, found.p99))
        asked, clients, name = of
        self._write([asked, str(clients), name, found.shown, p50, p99, found.cpu, ratio, verdict])

    def _write(self, cells: Sequence[str]) -> None:
        print(f"| {' | '.join(each.replace('|', '/') for each in cells)} |", flush=True)


def _where(asked: str, clients: int) -> str:
    return f"{asked}, {clients} client{'s' if clients > 1 else ''}"
