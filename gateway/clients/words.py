"""Check the short texts that people and applications are named with."""

from __future__ import annotations

import re
import unicodedata

from schemas.problem import BadInput, InputError

_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:localhost|(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63})")
# Cc: would break logs and PostgreSQL (NUL); Cs: lone surrogates, which have no UTF-8; Cf would hide text.
_REFUSED = {"Cc", "Cs", "Cf", "Zl", "Zp"}


def bad(where: str, what: str, hint: str | None = None) -> BadInput:
    """A BadInput of one fault."""
    return BadInput([InputError(where, what, hint)])


def findable(text: str) -> str:
    """`text` as a database can be asked for it; what no database can hold becomes "", which names nothing."""
    return "" if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text) else text


def words(where: str, text: str, longest: int, shortest: int = 1) -> str:
    """`text` trimmed and in NFC, of `shortest` to `longest` characters on one line; raises BadInput."""
    cleaned = unicodedata.normalize("NFC", text).strip()
    if any(unicodedata.category(character) in _REFUSED for character in cleaned):
        raise bad(where, "holds a control or invisible character", "write it on one line of plain text")
    if not shortest <= len(cleaned) <= longest:
        raise bad(where, f"takes {shortest} to {longest} characters, has {len(cleaned)}")
    return cleaned


def email_address(where: str, text: str) -> str:
    """An e-mail address in the one spelling it is kept in (lower case); raises BadInput."""
    address = words(where, text, longest=254).lower()
    if not _EMAIL.fullmatch(address) or ".." in address:
        raise bad(where, "is not an e-mail address", "write it like name@example.org")
    return address
