"""Remember for at most a second whom a credential belongs to: a revoked one stops everywhere within two."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.gate.clock import SECOND

Found = TypeVar("Found")


class Lookups(Generic[Found]):
    """`find` with one memory for known and one for unknown credentials: guesses never push a known one out.

    They are remembered by their SHA-256 alone. A look-up counts as made when it began.
    """

    def __init__(
        self,
        find: Callable[[str], Found | None],
        steady: Callable[[], int],
        *,
        known: int = 20_000,
        unknown: int = 5_000,
    ) -> None:
        self._find, self._steady = find, steady
        self._sizes = {True: known, False: unknown}
        self._memory: dict[bool, dict[bytes, tuple[Found | None, int]]] = {True: {}, False: {}}
        self._lock = threading.Lock()

    def __call__(self, credential: str) -> Found | None:
        """Whose the credential is, as it stood at most a second ago; None for nobody's."""
        digest, now = hashlib.sha256(credential.encode()).digest(), self._steady()
        for memory in self._memory.values():
            if (entry := memory.get(digest)) and now < entry[1]:
                return entry[0]
        found = self._find(credential)
        self._remember(digest, found, now + SECOND)
        return found

    def _remember(self, digest: bytes, found: Found | None, until: int) -> None:
        known = found is not None
        with self._lock:
            self._memory[not known].pop(digest, None)
            memory = self._memory[known]
            memory.pop(digest, None)
            memory[digest] = (found, until)
            if len(memory) > self._sizes[known]:
                del memory[next(iter(memory))]
