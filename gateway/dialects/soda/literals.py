"""What is written in SoQL as a value of a column's type, and columns by the names that SoQL has for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.api.asking.values import parse_time
from gateway.dialects.soda.faults import MISMATCH, NO_COLUMN, SoqlFault
from gateway.dialects.soda.tokens import Tokens
from schemas.arrow import ID
from schemas.conditions import Value
from schemas.dataset import Column, ColumnType
from schemas.formula import Constant, Formula, Of
from schemas.problem import did_you_mean

WHOLE = range(-(2**63), 2**63)
_NEEDED = {
    "text": "a text in '…'", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "date": "a day such as '2026-01-31'", "time": "a time such as '2026-01-31T09:00:00'",
    "geometry": "no value: ask with within_box, within_circle or intersects",
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """The columns that SoQL may ask by their names, and the zone of times without one.

    Rows of a dataset have the fields of the system as well: they all were `updated` when their snapshot was
    made, and no earlier time of any is known. Tables made of rows were not.
    """

    columns: Sequence[Column]
    zone: ZoneInfo
    updated: datetime | None = None

    def formula(self, name: str, where: str) -> Formula:
        """What is called so, in any case where only one is meant; raises SoqlFault."""
        known = self._known()
        if name not in known:
            alike = [each for each in known if each.lower() == name.lower()]
            if len(alike) != 1:
                raise SoqlFault(
                    where, f"has no column {name!r}", did_you_mean(name, known), code=NO_COLUMN, column=name
                )
            (name,) = alike
        return known[name]

    @property
    def system(self) -> dict[str, Formula]:
        """The fields of the system by their names."""
        if self.updated is None:
            return {}
        moment = Constant(self.updated, "time")
        return {":id": Of(ID, "text"), ":created_at": moment, ":updated_at": moment}

    @property
    def all(self) -> dict[str, Formula]:
        """What `*` stands for."""
        return {column.name: Of(column.name, column.type) for column in self.columns}

    def _known(self) -> Mapping[str, Formula]:
        return self.system | self.all

    def value(self, type: ColumnType, text: str, asked: tuple[str, str]) -> Value:
        """A text as a value of a type; raises SoqlFault, with `asked`: in what parameter, of what."""
        where, what = asked
        try:
            return self._read(type, text)
        except (ValueError, OverflowError, KeyError):
            said = f"{what} takes {_NEEDED[type]}, not {text[:40]!r}"
            raise SoqlFault(where, said, code=MISMATCH) from None

    def _read(self, type: ColumnType, text: str) -> Value:
        match type:
            case "text":
                return text
            case "integer":
                return _whole(text)
            case "number":
                return finite(text)
            case "boolean":
                return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
            case "date":
                return date.fromisoformat(text[:10]).isoformat()
            case "time":
                return parse_time(text, self.zone)
        raise ValueError(text)


def _whole(text: str) -> int | float:
    found = int(text) if text.lstrip("+-").isdecimal() else finite(text)
    return int(found) if found in WHOLE else found


def finite(text: str) -> float:
    """A number; raises ValueError where it is none, or none that is finite."""
    number = float(text)
    if number - number != 0 or "_" in text:
        raise ValueError(text)
    return number


def number(tokens: Tokens) -> float:
    """Read a number."""
    sign = -1.0 if tokens.skip("-") else 1.0
    if tokens.now.kind != "number":
        raise tokens.fault("a number")
    written = tokens.take().text
    try:
        return sign * finite(written)
    except ValueError:
        raise SoqlFault(tokens.where, f"{written[:40]} is larger than any number here") from None


def text(tokens: Tokens) -> str:
    """Read a text."""
    if tokens.now.kind != "text":
        raise tokens.fault("a text in '…'")
    return tokens.take().text
