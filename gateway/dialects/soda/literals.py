"""What is written in SoQL as a value of a column's type, and columns by the names that SoQL has for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from gateway.api.asking.values import parse_time
from gateway.dialects.soda.faults import MISMATCH, NO_COLUMN, SoqlFault
from gateway.dialects.soda.tokens import Token, Tokens
from schemas.arrow import ID
from schemas.conditions import Value
from schemas.dataset import Column
from schemas.problem import did_you_mean

_ROW_ID = Column(ID, "text", key=True)
_NEEDED = {
    "text": "a text in '…'", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "date": "a day such as '2026-01-31'", "time": "a time such as '2026-01-31T09:00:00'",
    "geometry": "no value: ask with within_box, within_circle or intersects",
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """The columns of a dataset by the names that SoQL may ask them by, and the zone of times without one.

    `period` tells the first and the last value of a column of times or days, as rows show them, None where it
    has no value.
    """

    columns: Sequence[Column]
    zone: ZoneInfo
    period: Callable[[Column], tuple[str, str] | None]

    def column(self, name: str, where: str) -> Column:
        """The column of this name, in any case where only one is meant; raises SoqlFault."""
        known = self._known()
        if name in known:
            return known[name]
        alike = [column for each, column in known.items() if each.lower() == name.lower()]
        if len(alike) == 1:
            return alike[0]
        raise SoqlFault(where, f"has no column {name!r}", did_you_mean(name, known), code=NO_COLUMN)

    @property
    def geometries(self) -> list[str]:
        """The names of the columns that hold geometries."""
        return [column.name for column in self.columns if column.type == "geometry"]

    def _known(self) -> Mapping[str, Column]:
        return {":id": _ROW_ID} | {column.name: column for column in self.columns}

    def value(self, column: Column, text: str, where: str) -> Value:
        """A text as a value of the column; raises SoqlFault."""
        try:
            return self._read(column, text)
        except (ValueError, OverflowError, KeyError):
            needed = _NEEDED[column.type]
            what = f"column {column.name!r} takes {needed}, not {text[:40]!r}"
            raise SoqlFault(where, what, code=MISMATCH) from None

    def _read(self, column: Column, text: str) -> Value:
        match column.type:
            case "text":
                return text
            case "integer":
                return _whole(text)
            case "number":
                return _finite(text)
            case "boolean":
                return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
            case "date":
                return date.fromisoformat(text[:10]).isoformat()
            case "time":
                return parse_time(text, self.zone)
        raise ValueError(text)


def _whole(text: str) -> int | float:
    return int(text) if text.lstrip("+-").isdecimal() else _finite(text)


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0 or "_" in text:
        raise ValueError(text)
    return number


def literal(tokens: Tokens, column: Column, names: Names) -> Value:
    """Read the next word as a value of the column."""
    sign = "-" if tokens.skip("-") else ""
    token = tokens.now
    if not _fits(token, column, sign):
        needed = _NEEDED[column.type]
        what = f"column {column.name!r} takes {needed}, not {sign}{token.text[:40]}"
        raise SoqlFault(tokens.where, what, code=MISMATCH)
    tokens.take()
    return names.value(column, sign + token.text, tokens.where)


def _fits(token: Token, column: Column, sign: str) -> bool:
    match column.type:
        case "integer" | "number":
            return token.kind in ("number", "text")
        case "boolean":
            return token.kind == "name" and not sign
    return token.kind == "text" and not sign


def number(tokens: Tokens) -> float:
    """Read a number."""
    sign = -1.0 if tokens.skip("-") else 1.0
    if tokens.now.kind != "number":
        raise tokens.fault("a number")
    written = tokens.take().text
    try:
        return sign * _finite(written)
    except ValueError:
        raise SoqlFault(tokens.where, f"{written[:40]} is larger than any number here") from None


def text(tokens: Tokens) -> str:
    """Read a text."""
    if tokens.now.kind != "text":
        raise tokens.fault("a text in '…'")
    return tokens.take().text
