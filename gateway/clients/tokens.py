"""What a credential looks like: `ek_live_<kid>_<secret>_<check>`, and `eat_…` and `es_…` alike.

The kid is public and names the credential; the check refuses typing errors without a look-up.
"""

from __future__ import annotations

import re
import secrets
import string
import zlib
from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal["key", "token", "session"]
PREFIXES: Mapping[Kind, str] = {"key": "ek_live_", "token": "eat_", "session": "es_"}

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_KID, _SECRET, _CHECK = 12, 32, 6  # 32 base62 characters are 190 bits
_SHAPE = re.compile(
    rf"(ek_live_|eat_|es_)([0-9A-Za-z]{{{_KID}}})_([0-9A-Za-z]{{{_SECRET}}})_([0-9A-Za-z]{{{_CHECK}}})"
)


class Token(NamedTuple):
    """A credential's kind and public id, and its whole text."""

    kind: Kind
    kid: str
    text: str


def mint(kind: Kind) -> Token:
    """A new credential from the system's random source."""
    kid = random_id(_KID)
    body = f"{PREFIXES[kind]}{kid}_{random_id(_SECRET)}"
    return Token(kind, kid, f"{body}_{_check(body)}")


def parse(text: str) -> Token | None:
    """The credential that `text` spells, or None when no credential can look like that."""
    match = _SHAPE.fullmatch(text)
    if not match or _check(text[: -_CHECK - 1]) != match[4]:
        return None
    kind = next(kind for kind, prefix in PREFIXES.items() if prefix == match[1])
    return Token(kind, match[2], text)


def random_id(length: int) -> str:
    """Letters and digits from the system's random source, 5.95 bits each."""
    return "".join(secrets.choice(_BASE62) for _ in range(length))


def _check(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits
