"""The one shape of every error that leaves the house: problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from marshmallow import Schema, fields


@dataclass(frozen=True)
class InputError:
    """One fault in what was sent: where it stands, what is wrong, how to mend it."""

    where: str
    what: str
    hint: str | None = None


class BadInput(ValueError):
    """Something sent to us cannot be taken; carries every fault found, not only the first."""

    def __init__(self, errors: Sequence[InputError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{e.where}: {e.what}" for e in self.errors))


@dataclass(frozen=True)
class Problem:
    """An RFC 9457 problem; `type` is the last part of a page under /problems/."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: tuple[InputError, ...] = ()


class InputErrorSchema(Schema):
    where = fields.String(required=True)
    what = fields.String(required=True)
    hint = fields.String(allow_none=True)


class ProblemSchema(Schema):
    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(allow_none=True)
    errors = fields.List(fields.Nested(InputErrorSchema))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was most likely meant to be, or None when none is close.

    Of those that are close, one of the same letters in another order was meant.
    """
    names = list(known)
    matches = get_close_matches(word, names, n=3, cutoff=0.6)
    if not matches:
        matches = [each for each in names if each.casefold() == word.casefold()]
    return next((each for each in matches if sorted(each) == sorted(word)), matches[0] if matches else None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or lists what there is."""
    names = sorted(set(known))
    match = nearest(word, names)
    if match:
        return f"did you mean {match!r}?"
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"known: {listed}" if names else "none is known here"
