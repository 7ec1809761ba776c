"""Keep people's passwords as argon2id, and take as long for somebody unknown as for a wrong password."""

from __future__ import annotations

import secrets
import unicodedata
from base64 import b64encode
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from gateway.clients.words import bad

SHORTEST, LONGEST = 10, 1000


class Passwords:
    """Hashes and compares; at most two at a time, since each takes 64 MiB and a core."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._turn = BoundedSemaphore(2)
        self._nobody = _matched_by_none(self._hasher)

    def hash(self, password: str) -> str:
        """The encoded argon2id hash; raises BadInput for a password that is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise bad("password", f"takes {SHORTEST} to {LONGEST} characters", "a few words make a good one")
        if not (encoded := _encoded(password)):
            raise bad("password", "is not text")
        with self._turn:
            return self._hasher.hash(encoded)

    def match(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one stored; None stands for nobody and is never matched."""
        encoded = _encoded(password) if len(password) <= LONGEST else None
        with self._turn:
            try:
                same = self._hasher.verify(stored or self._nobody, encoded or b"")
            except VerificationError:
                return False
        return same and stored is not None and encoded is not None


def _matched_by_none(hasher: PasswordHasher) -> str:
    """An encoded hash of the hasher's own cost that was made from no password."""
    salt, digest = (b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (16, hasher.hash_len))
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


def _encoded(password: str) -> bytes | None:
    """UTF-8 of the composed form, since keyboards differ in how they send Hangul; None for non-text."""
    try:
        return unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:
        return None
