"""A source server that tells the truth until it is told to lie, byte by byte if need be.

To have another kind of source face every lie, write one file in tests/harvesters/lying/kinds.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

Row = dict[str, str]
"""What every kind serves: `id`, `name`, `size`."""


@dataclass(frozen=True)
class Asked:
    """A request, decoded; `number` counts from 1 since the server last changed its mind."""

    target: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    number: int


@dataclass(frozen=True)
class Reply:
    """An answer; what `wire` writes by itself goes out instead of it."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = "OK"
    wire: Callable[[socket.socket], None] | None = None


Truth = Callable[[Asked, list[Row]], Reply]
Tell = Callable[[Reply, Asked], Reply]


@dataclass(frozen=True)
class Kind:
    """A kind of source: its lines under [source] for a server's address, and how that server answers."""

    name: str
    options: Callable[[str], Mapping[str, object]]
    truth: Truth
    lies: tuple[Lie, ...] = ()
    feed: Mapping[str, object] = field(default_factory=lambda: {"key": ("id",)})
    blind_to: frozenset[str] = frozenset()
    """Names of lies told to every kind that nobody could tell from the truth here."""


@dataclass(frozen=True)
class Lie:
    """What is told instead of the truth, and the evidence that the run's error has to give of it.

    No evidence: the truth can be told all the same, and is published.
    """

    name: str
    tell: Tell
    evidence: str | None


@dataclass
class Liar:
    """A server on this machine; `lie` bends what `truth` says of `rows`."""

    port: int
    truth: Truth | None = None
    rows: list[Row] = field(default_factory=list)
    lie: Tell | None = None
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://data.example:{self.port}"

    def answer(self, asked: Asked) -> Reply:
        assert self.truth is not None
        self.asked.append(asked)
        told = self.truth(asked, self.rows)
        return self.lie(told, asked) if self.lie else told

    def turn(self, rows: list[Row], lie: Tell | None) -> None:
        """From now on these are the rows, and this the lie."""
        self.rows, self.lie = rows, lie
        self.asked.clear()


@contextmanager
def lying_server() -> Iterator[Liar]:
    """A liar that listens until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        liar, ended = Liar(door.getsockname()[1]), threading.Event()
        door.settimeout(0.1)
        talks: list[threading.Thread] = []

        def listen() -> None:
            while not ended.is_set():
                with suppress(TimeoutError):
                    talk = threading.Thread(target=_talk, args=(door.accept()[0], liar))
                    talk.start()
                    talks.append(talk)

        listening = threading.Thread(target=listen)
        listening.start()
        yield liar
        ended.set()
        listening.join()
        for talk in talks:
            talk.join()


def _talk(line: socket.socket, liar: Liar) -> None:
    with line, suppress(OSError):
        line.settimeout(10)
        head = b""
        while b"\r\n\r\n" not in head:
            data = line.recv(65536)
            if not data:
                return
            head += data
        reply = liar.answer(_asked(head, len(liar.asked) + 1))
        if reply.wire is not None:
            reply.wire(line)
        else:
            line.sendall(written(reply))


def written(reply: Reply) -> bytes:
    """An answer as it goes over the wire, its length said where the headers do not."""
    headers = {"Content-Length": str(len(reply.body)), "Connection": "close", **reply.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reply.status} {reply.reason}\r\n{lines}\r\n".encode() + reply.body


def _asked(head: bytes, number: int) -> Asked:
    first, *lines = head.decode("latin-1").split("\r\n")
    target = urlsplit(first.split(" ")[1])
    query = {name: values[0] for name, values in parse_qs(target.query, keep_blank_values=True).items()}
    pairs = (line.partition(":") for line in lines if ":" in line)
    named = {name.lower(): value.strip() for name, _, value in pairs}
    return Asked(first.split(" ")[1], unquote(target.path), query, named, number)


def kinds(folder: Path) -> list[Kind]:
    """The KIND of every file in a folder."""
    found = []
    for path in sorted(folder.glob("*.py")):
        spec = spec_from_file_location(f"lying_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        found.append(module.KIND)
    return found
