"""Take an answer: judge its status, weigh it, write its body to a file, and say what came."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpcore

from harvesters.faults import HarvestFault, SourceIncomplete, SourceUnavailable, TooLarge
from harvesters.fetch.body import filename, wider, write_body
from harvesters.fetch.request import Request
from harvesters.fetch.statuses import Passing, judge


@dataclass(frozen=True)
class Fetched:
    """An answer, its body in a file; `url` is where the last redirect led, its secrets masked.

    An `unmodified` one (304) has no body: it comes only where `headers` asked on a condition.
    """

    path: Path
    url: str
    bytes: int
    sha256: str
    media_type: str | None
    filename: str | None
    headers: Mapping[str, str]
    unmodified: bool = False


@dataclass(frozen=True)
class Room:
    """Where a body goes, and how much of it."""

    path: Path
    most: int

    def admit(self, length: str) -> None:
        """Raise TooLarge for a length that is too large for the feed, SourceUnavailable for the disk."""
        size = int(length[:19]) if length.isascii() and length.isdigit() else 0
        if size > self.most:
            raise TooLarge(
                f"it is {size:,} bytes long, and {self.most:,} are taken at most", hint=wider(size)
            )
        free = shutil.disk_usage(self.path.parent).free
        if size > free:
            raise SourceUnavailable(
                f"it is {size:,} bytes long, and the harvester has room for {free:,}",
                hint="the operator can make room in the folder of work",
            )


def take(asked: Request, answer: httpcore.Response, body: Iterator[bytes], room: Room) -> Fetched:
    """What an answer brought, its body written to its room; raises Passing for what may be better next time,
    else the fault."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
    if answer.status == 304 and asked.is_conditional:
        return Fetched(room.path, str(asked), 0, "", None, None, headers, unmodified=True)
    judge(asked, answer.status, headers)
    try:
        room.admit(headers.get("content-length", ""))
        size, digest = write_body(body, headers.get("content-encoding", ""), room.path, room.most)
    except SourceIncomplete as fault:
        raise Passing(SourceIncomplete(f"{asked}: {fault}")) from fault
    except HarvestFault as fault:
        raise type(fault)(f"{asked}: {fault}") from fault
    except OSError as fault:
        raise SourceUnavailable(f"{asked}: it cannot be kept here ({fault.strerror})") from fault
    return Fetched(
        path=room.path,
        url=str(asked),
        bytes=size,
        sha256=digest,
        media_type=headers.get("content-type", "").partition(";")[0].strip().lower() or None,
        filename=filename(headers.get("content-disposition", "").encode("latin-1")),
        headers=headers,
    )
