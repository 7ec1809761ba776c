"""What the views work with, handed to the application once by whoever wires it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import current_app

from catalogue import Catalogue
from gateway.clients import Clients
from gateway.clients.plans import Plan
from gateway.gate import Limiter
from gateway.streams import Streams

EXTENSION = "entrepot"


@dataclass(frozen=True)
class Handover:
    """Lets a proxy in front send files of `folder`, which it has under the path `prefix` for itself alone."""

    prefix: str
    folder: Path

    def address(self, file: Path) -> str:
        """What X-Accel-Redirect says of a file of the folder, percent-encoded as nginx reads it."""
        inside = file.resolve().relative_to(self.folder.resolve())
        return quote(f"{self.prefix}/{inside.as_posix()}")


@dataclass(frozen=True)
class Services:
    """`flush_usage` folds what this process has metered, so that usage asked for is complete.

    `limiter` is the gate's own, asked here only for what is left. `public_url` is the address of absolute
    links, None to take the request's.
    """

    catalogue: Catalogue
    clients: Clients
    plans: Mapping[str, Plan]
    limiter: Limiter
    zone: ZoneInfo
    flush_usage: Callable[[], None]
    public_url: str | None = None
    handover: Handover | None = None
    streams: Streams = field(default_factory=Streams)


def services() -> Services:
    """The services of the application that answers the current request."""
    found: Services = current_app.extensions[EXTENSION]
    return found
