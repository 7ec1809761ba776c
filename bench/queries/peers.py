"""Entrepot and whichever of its peers start; one that does not is told and left out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.queries import files, servers, sql
from bench.queries.load import Server
from bench.queries.report import FAULTS, Report

DATASETS = ("readings", "shops", "facilities")
PLACED = {"facilities": ("longitude", "latitude"), "shops": ("경도", "위도")}
"""Where the coordinates of each are."""


@dataclass
class Peers:
    """The servers that stand, by name, as long as `stack`; `reached` is how psql comes to PostgreSQL."""

    stack: ExitStack
    folder: Path
    featureserv: Path | None
    found: dict[str, Server] = field(default_factory=dict)
    reached: str | None = None

    def start(self, report: Report, without: list[str]) -> None:
        """Ours, and all but those left out; raises where ours does not start."""
        ours = self.stack.enter_context(servers.entrepot(self.folder))
        self.found |= {ours.name: ours, "entrepot ogc": ours}
        starts: dict[str, Callable[[], None]] = {
            "postgresql": self._postgresql,
            "pg_featureserv": self._featureserv,
            "datasette": self._datasette,
            "pygeoapi": self._pygeoapi,
        }
        for name in [name for name in starts if name not in without]:
            try:
                starts[name]()
            except FAULTS as fault:
                report.failed("all", 0, name, fault)

    def _postgresql(self) -> None:
        reached, server = self.stack.enter_context(servers.postgres())
        sql.fill(reached, self.folder, placed=self.featureserv is not None)
        self.reached, self.found[server.name] = reached, server

    def _featureserv(self) -> None:
        if self.featureserv is None or self.reached is None:
            raise LookupError("needs --featureserv PROGRAM and PostgreSQL")
        served = self.stack.enter_context(servers.featureserv(self.featureserv, self.reached))
        database = self.found["postgresql"]
        # What its database does for it is its own.
        both = Server(served.name, served.url, lambda: [*served.processes(), *database.processes()], {})
        self.found[served.name] = both

    def _datasette(self) -> None:
        tables = servers.tables(self.found["entrepot"], self.folder / "data", DATASETS, self.folder)
        served = self.stack.enter_context(servers.datasette(tables))
        self.found[served.name] = served

    def _pygeoapi(self) -> None:
        ours = self.found["entrepot"]
        shown = {
            name: (files.places(ours, name, at, self.folder), servers.key(ours, name), *at)
            for name, at in PLACED.items()
        }
        served = self.stack.enter_context(servers.pygeoapi(shown, self.folder))
        self.found[served.name] = served
