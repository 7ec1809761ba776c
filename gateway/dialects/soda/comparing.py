"""What is compared in SoQL: values of one type, texts taken for the days, times and numbers beside them."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.dialects.soda.faults import MISMATCH, SoqlFault
from gateway.dialects.soda.literals import Names
from schemas.dataset import ColumnType
from schemas.formula import DEEPEST, Call, Constant, Formula

MOST = 20_000
"""Parts of a formula, columns and values of lists counted too."""
NUMBERS = ("integer", "number", None)
SIGNS = {"=": "eq", "==": "eq", "!=": "ne", "<>": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_LATER = {"gte": "gt", "lt": "lte"}
_NO_TIME = "T:0.Z+"


@dataclass(frozen=True)
class Side:
    """One side of a comparison, and how it is written."""

    formula: Formula
    said: str


def call(where: str, function: str, parts: tuple[Formula, ...], type: ColumnType) -> Call:
    """A formula of others; raises SoqlFault where it is too large."""
    made = Call(function, parts, type)
    if made.depth > DEEPEST:
        raise SoqlFault(where, f"is nested more than {DEEPEST} deep", "ask in fewer steps")
    if made.size > MOST:
        raise SoqlFault(where, f"is made of more than {MOST} parts", "ask in fewer words")
    return made


def compared(names: Names, where: str, left: Side, sign: str, right: Side) -> Formula:
    """Two sides compared; raises SoqlFault where nothing is to be compared."""
    operator = SIGNS[sign]
    for side, other in ((left, right), (right, left)):
        if side.formula == Constant(None, None):
            raise SoqlFault(where, "compares with null", f"write {other.said} is null")
    if _within_a_day(left, right):
        if operator not in ("gt", "gte", "lt", "lte"):
            what = f"{left.said} is a day, and has no time to be {right.said}"
            raise SoqlFault(where, what, "compare with a day, or with <= and >=", code=MISMATCH)
        operator = _LATER.get(operator, operator)
    parts = matched(names, where, left, right), matched(names, where, right, left)
    return call(where, operator, parts, "boolean")


def matched(names: Names, where: str, side: Side, other: Side) -> Formula:
    """A side as it is compared with the other."""
    ours, theirs = side.formula.type, other.formula.type
    for each in (side, other):
        if each.formula.type == "geometry":
            what = f"{each.said} takes no value: ask with within_box, within_circle or intersects"
            raise SoqlFault(where, what, code=MISMATCH)
    if ours == theirs or (ours in NUMBERS and theirs in NUMBERS) or None in (ours, theirs):
        return side.formula
    if isinstance(side.formula, Constant) and ours == "text":
        assert theirs is not None
        value = names.value(theirs, str(side.formula.value), (where, other.said))
        kind: ColumnType = "number" if isinstance(value, float) else theirs
        return Constant(value, kind)
    if isinstance(other.formula, Constant) and theirs == "text":
        return side.formula
    what = f"{side.said} is {_a(ours)}, and {other.said} {_a(theirs)}"
    raise SoqlFault(where, what, "compare what is of one type", code=MISMATCH)


def _within_a_day(day: Side, written: Side) -> bool:
    """Whether a day is compared with a time of it that is not its beginning."""
    text = written.formula.value if isinstance(written.formula, Constant) else None
    return day.formula.type == "date" and isinstance(text, str) and bool(text[10:].strip(_NO_TIME))


def _a(type: str | None) -> str:
    return f"{'an' if type == 'integer' else 'a'} {type}"
