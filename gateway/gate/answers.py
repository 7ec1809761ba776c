"""Hold an application's status and headers back until the gate has added its own and counted the request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

Header = tuple[str, str]
_LENGTH = "content-length"


@runtime_checkable
class Closing(Protocol):
    """A body that wants to know when it is done with."""

    def close(self) -> None: ...


class Answer:
    """What the application passed to start_response, which it does before it returns, as Flask does."""

    __slots__ = ("error", "headers", "status")

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[Header] = []
        self.error: OptExcInfo | None = None

    def start(
        self, status: str, headers: list[Header], exc_info: OptExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        """The application's start_response."""
        self.status, self.headers, self.error = status, headers, exc_info
        return _no_write

    @property
    def code(self) -> int:
        """The status as a number; 500 where the application ended without one."""
        return int(self.status[:3]) if self.status else 500

    @property
    def length(self) -> int | None:
        """Bytes of the body as announced, or None."""
        for name, value in self.headers:
            # Its length tells a name apart sooner than its letters do.
            if len(name) == len(_LENGTH) and name.lower() == _LENGTH and value.isdecimal():
                return int(value)
        return None


class Counted:
    """A body whose length nobody announced: tells `when_sent` how many bytes went out, once, at its end."""

    def __init__(self, body: Iterable[bytes], when_sent: Callable[[int], None]) -> None:
        self._body, self._when_sent, self._sent = body, when_sent, 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._body:
            self._sent += len(chunk)
            yield chunk

    def close(self) -> None:
        """Called by the server at the end, also where the client went away (PEP 3333)."""
        try:
            if isinstance(self._body, Closing):
                self._body.close()
        finally:
            sent, self._sent = self._sent, 0
            if sent:
                self._when_sent(sent)


def _no_write(data: bytes) -> Any:
    raise RuntimeError("write() is not served here; return the body as an iterable of bytes")
