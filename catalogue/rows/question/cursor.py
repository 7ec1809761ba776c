"""Cursors: opaque texts that say after which row a page starts, good for one question to one snapshot."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b

from schemas.problem import BadInput, InputError

_MARK = 8
_POSITION = 6


def write(snapshot: str, question: str, position: int) -> str:
    """The cursor behind row `position` of a snapshot; `question` is everything that fixes rows and order."""
    body = position.to_bytes(_POSITION, "big") + snapshot.encode()
    return urlsafe_b64encode(_mark(body, question) + body).rstrip(b"=").decode()


def read(cursor: str, question: str) -> int:
    """The position a cursor was written with; raises BadInput when it belongs to another question."""
    mark, body = _split(cursor)
    if mark != _mark(body, question):
        raise BadInput(
            [
                InputError(
                    "cursor",
                    "is not of this snapshot, these filters and this order",
                    "follow `next` as it is, or leave the cursor out to start anew",
                )
            ]
        )
    return int.from_bytes(body[:_POSITION], "big")


def snapshot(cursor: str) -> str:
    """The snapshot a cursor was written for, so that a walk goes on where it began; raises BadInput."""
    _, body = _split(cursor)
    return body[_POSITION:].decode()


def _split(cursor: str) -> tuple[bytes, bytes]:
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        raw[_MARK + _POSITION :].decode()
    except (binascii.Error, UnicodeError):
        raw = b""
    if len(raw) <= _MARK + _POSITION:
        raise BadInput([InputError("cursor", "is not one of ours", "take it from `next`, unchanged")])
    return raw[:_MARK], raw[_MARK:]


def _mark(body: bytes, question: str) -> bytes:
    # No secret: whoever forges a mark gains a place to start reading what they may read anyway.
    return blake2b(body + b"\0" + question.encode(), digest_size=_MARK).digest()
