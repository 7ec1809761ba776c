"""Hold an application's status and headers back until the gate has added its own and counted the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

Header = tuple[str, str]


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
    def length(self) -> int:
        """Bytes of the body as announced; 0 where they are not."""
        for name, value in self.headers:
            if name.lower() == "content-length" and value.isdecimal():
                return int(value)
        return 0


def _no_write(data: bytes) -> Any:
    raise RuntimeError("write() is not served here; return the body as an iterable of bytes")
