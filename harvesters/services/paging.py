"""Walk a long list of a service by offsets, and believe its count only when nothing lies beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harvesters.portals import Moved, Walk


def walked(walk: Walk) -> Iterator[Any]:
    """Every item once; raises Moved unless that many came as are counted, and none comes after them."""
    yield from walk.items()
    beyond, _ = walk.ask(len(walk.names))
    if beyond:
        raise Moved(f"it says that it holds {len(walk.names)} and gives {walk.name(beyond[0])} beyond them")
