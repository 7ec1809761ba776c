"""The installation's own secrets: made at the first run, kept in files only their owner can read."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_BYTES = 32
_FILE = re.compile(r"(pepper|session|webhook)-([1-9][0-9]{0,8})")


class UnusableSecret(PermissionError):
    """A secret's file is open to others or damaged; says which and how to mend it."""

    def __init__(self, path: Path, fault: str, mend: str) -> None:
        self.path = path
        super().__init__(f"{path} {fault}; {mend}")


@dataclass(frozen=True)
class Secrets:
    """Peppers by version, the newest of which signs; `session_key` signs cookies and form tokens,
    `webhook_key` makes the secrets of webhooks."""

    peppers: Mapping[int, bytes] = field(repr=False)
    session_key: bytes = field(repr=False)
    webhook_key: bytes = field(repr=False)

    @property
    def version(self) -> int:
        """The version of the pepper that new credentials are stored with."""
        return max(self.peppers)

    def mac(self, text: str, version: int) -> bytes:
        """HMAC-SHA-256 of `text` under one pepper, 32 bytes; raises KeyError for an unknown version."""
        return hmac.digest(self.peppers[version], text.encode(), hashlib.sha256)


def open_secrets(folder: Path) -> Secrets:
    """The secrets in `folder` (DATA/secrets), made where they are missing; raises UnusableSecret.

    Files are `pepper-N`, `session-N` and `webhook-N`; the highest N is in use. To change a secret, put a
    file with the next number beside it: credentials made with an older pepper stay good while its file
    stays.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("pepper", "session", "webhook"):
        if not _versions(folder, name):
            _make(folder / f"{name}-1")
    return Secrets(_versions(folder, "pepper"), _newest(folder, "session"), _newest(folder, "webhook"))


def _newest(folder: Path, name: str) -> bytes:
    versions = _versions(folder, name)
    return versions[max(versions)]


def _versions(folder: Path, name: str) -> dict[int, bytes]:
    matches = [(path, _FILE.fullmatch(path.name)) for path in folder.iterdir()]
    return {int(match[2]): _read(path) for path, match in matches if match and match[1] == name}


def _make(path: Path) -> None:
    """Write a new secret whole or not at all; of several processes that start at once one wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another process was first: its secret counts
    finally:
        draft.unlink()


def _read(path: Path) -> bytes:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise UnusableSecret(path, f"can be read by others (mode {mode:04o})", f"run: chmod 600 {path}")
    try:
        value = bytes.fromhex(path.read_text(encoding="ascii"))
    except ValueError:
        value = b""
    if len(value) < _BYTES:
        raise UnusableSecret(path, "is damaged", f"restore it from a backup: it holds {_BYTES} bytes in hex")
    return value
