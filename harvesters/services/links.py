"""Walk a list whose pages each name the next one, on the service's own host and never in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harvesters.faults import SourceIncomplete
from harvesters.services import Service

MOST_PAGES = 100_000
"""A list of more pages than that has no end."""

Answer = dict[str, Any]


def linked_pages(
    service: Service, url: str, params: Mapping[str, str], following: Callable[[Answer], Any], **headers: str
) -> Iterator[Answer]:
    """Each page in turn; `following` finds the address of the next one in it, None in the last.

    Raises SourceIncomplete where the links lead in a circle, SourceRefused where they lead to another host.
    """
    seen, asked = set[str](), dict(params)
    while len(seen) < MOST_PAGES:
        page = service.object_at(url, asked, **headers)
        yield page
        href = following(page)
        if href is None:
            return
        url, asked = service.linked(href, url), {}
        if url in seen:
            raise SourceIncomplete(f"{service.name}: the links to the next page lead in a circle")
        seen.add(url)
    raise SourceIncomplete(f"{service.name}: there is no end to its pages, {MOST_PAGES:,} were read")
