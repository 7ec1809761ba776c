"""Read expressions of SoQL into formulas: values, arithmetic, comparisons, joined by and, or and not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.dialects.soda import functions
from gateway.dialects.soda.comparing import NUMBERS, SIGNS, Side, call, compared, matched
from gateway.dialects.soda.faults import MISMATCH, SoqlFault
from gateway.dialects.soda.literals import WHOLE, Names, finite, text
from gateway.dialects.soda.tokens import Tokens
from schemas.dataset import ColumnType
from schemas.formula import Constant, Formula
from schemas.problem import did_you_mean

_WORDS = {
    "true": Constant(True, "boolean"), "false": Constant(False, "boolean"), "null": Constant(None, None),
}  # fmt: skip
_CASTS: dict[str, ColumnType] = {"text": "text", "number": "number"}


@dataclass(frozen=True)
class Expressions:
    """A descent from or to values; each method reads one step of it. `aliases` are names that come before
    those of columns."""

    tokens: Tokens
    names: Names
    aliases: Mapping[str, Formula]

    def condition(self) -> Formula:
        """An expression that is true or false."""
        start = self.tokens.now.place
        return self._truth(self.formula(), start)

    def formula(self) -> Formula:
        """The expression that comes next; raises SoqlFault."""
        return self._joined("or", lambda: self._joined("and", self._negated))

    def side(self) -> Side:
        """The expression that comes next and how it is written."""
        start = self.tokens.now.place
        return Side(self.formula(), self._said(start))

    def call(self, function: str, parts: tuple[Formula, ...], type: ColumnType) -> Formula:
        """A formula of others; raises SoqlFault where it is too large."""
        return call(self.tokens.where, function, parts, type)

    def _said(self, start: int) -> str:
        return repr(self.tokens.behind(start)[:40])

    def _truth(self, found: Formula, start: int) -> Formula:
        if found.type not in ("boolean", None):
            what = f"{self._said(start)} is {found.type}, and neither true nor false"
            raise SoqlFault(self.tokens.where, what, "compare it with a value", code=MISMATCH)
        return found

    def _joined(self, word: str, read: Callable[[], Formula]) -> Formula:
        start = self.tokens.now.place
        parts = [read()]
        while self.tokens.skip_word(word):
            if len(parts) == 1:
                self._truth(parts[0], start)
            start = self.tokens.now.place
            parts.append(self._truth(read(), start))
        return parts[0] if len(parts) == 1 else self.call(word, tuple(parts), "boolean")

    def _negated(self) -> Formula:
        if not self.tokens.skip_word("not"):
            return self._comparison()
        start = self.tokens.now.place
        return self.call("not", (self._truth(self._deep(self._negated), start),), "boolean")

    def _deep(self, read: Callable[[], Formula]) -> Formula:
        self.tokens.deeper()
        try:
            return read()
        finally:
            self.tokens.shallower()

    def _comparison(self) -> Formula:
        words, start = self.tokens, self.tokens.now.place
        left = Side(self._sum(), "")
        left = Side(left.formula, self._said(start))
        if words.skip_word("is"):
            negated = words.skip_word("not")
            if not words.skip_word("null"):
                raise words.fault("null")
            found = self.call("isnull", (left.formula,), "boolean")
            return self.call("not", (found,), "boolean") if negated else found
        if words.now.kind == "sign" and words.now.text in SIGNS:
            sign = words.take().text
            return compared(self.names, words.where, left, sign, self._side())
        negated = words.skip_word("not")
        ranged = self._ranged(left)
        if ranged is None:
            if negated:
                raise words.fault("like, in or between")
            return left.formula
        return self.call("not", (ranged,), "boolean") if negated else ranged

    def _side(self) -> Side:
        start = self.tokens.now.place
        found = self._sum()
        return Side(found, self._said(start))

    def _ranged(self, left: Side) -> Formula | None:
        words = self.tokens
        if words.skip_word("like"):
            return functions.like(self, left, text(words))
        if words.skip_word("in"):
            words.expect("(")
            sides = words.listed(self._side)
            words.expect(")")
            for each in sides:  # Which says as well that null is equal to nothing.
                compared(self.names, words.where, left, "=", each)
            values = tuple(matched(self.names, words.where, each, left) for each in sides)
            return self.call("in", (left.formula, *values), "boolean")
        if words.skip_word("between"):
            low = self._side()
            if not words.skip_word("and"):
                raise words.fault("and")
            ends = (compared(self.names, words.where, left, ">=", low),
                    compared(self.names, words.where, left, "<=", self._side()))  # fmt: skip
            return self.call("and", ends, "boolean")
        return None

    def _sum(self) -> Formula:
        return self._chain(("+", "-", "||"), lambda: self._chain(("*", "/", "%"), self._signed))

    def _chain(self, signs: tuple[str, ...], read: Callable[[], Formula]) -> Formula:
        start, found = self.tokens.now.place, read()
        while self.tokens.now.kind == "sign" and self.tokens.now.text in signs:
            left, sign = Side(found, self._said(start)), self.tokens.take().text
            then = self.tokens.now.place
            found = self._worked(sign, left, Side(read(), ""), then)
        return found

    def _signed(self) -> Formula:
        words, start = self.tokens, self.tokens.now.place
        if words.skip("+"):
            return self._deep(self._signed)
        if not words.skip("-"):
            return self._power()
        found = self._deep(self._signed)
        if isinstance(found, Constant) and isinstance(found.value, int | float) and found.type != "boolean":
            return Constant(-found.value, found.type)
        self._number(Side(found, self._said(start)), "-")
        return self.call("neg", (found,), found.type or "number")

    def _power(self) -> Formula:
        start, base = self.tokens.now.place, self._cast()
        if not self.tokens.skip("^"):
            return base
        left, then = Side(base, self._said(start)), self.tokens.now.place
        return self._worked("^", left, Side(self._deep(self._signed), ""), then)

    def _worked(self, sign: str, left: Side, right: Side, start: int) -> Formula:
        right = Side(right.formula, self._said(start))
        if sign == "||":
            for each in (left, right):
                if each.formula.type not in ("text", None):
                    what = f"|| joins texts, {each.said} is {each.formula.type}"
                    raise SoqlFault(self.tokens.where, what, "write ::text behind it", code=MISMATCH)
            return self.call("||", (left.formula, right.formula), "text")
        for each in (left, right):
            self._number(each, sign)
        whole = left.formula.type == right.formula.type == "integer" and sign in ("+", "-", "*", "%")
        return self.call(sign, (left.formula, right.formula), "integer" if whole else "number")

    def _number(self, side: Side, sign: str) -> None:
        if side.formula.type not in NUMBERS:
            what = f"{sign} computes with numbers, {side.said} is {side.formula.type}"
            raise SoqlFault(self.tokens.where, what, "give it a number", code=MISMATCH)

    def _cast(self) -> Formula:
        words, start, found = self.tokens, self.tokens.now.place, self._value()
        while words.skip("::"):
            name = words.take().text.lower()
            kind = _CASTS.get(name)
            if kind is None:
                raise SoqlFault(words.where, f"turns nothing into {name!r}", did_you_mean(name, _CASTS))
            if found.type not in ("text", *NUMBERS):
                what = f"{self._said(start)} begins with {found.type}, which becomes no {name}"
                raise SoqlFault(words.where, what, "turn texts and numbers", code=MISMATCH)
            found = found if found.type == kind else self.call("cast", (found,), kind)
        return found

    def _value(self) -> Formula:
        token = self.tokens.now
        match token.kind:
            case "text":
                return Constant(self.tokens.take().text, "text")
            case "number":
                return _number(self.tokens)
            case "sign" if token.text == "(":
                self.tokens.take()
                found = self._deep(self.formula)
                self.tokens.expect(")")
                return found
            case "name" if self.tokens.ahead().kind == "sign" and self.tokens.ahead().text == "(":
                return self._deep(lambda: functions.read(self))
            case "name" if token.text.lower() in _WORDS and token.text not in self.names.all:
                return _WORDS[self.tokens.take().text.lower()]
            case "name" | "quoted":
                name = self.tokens.take().text
                return self.aliases.get(name) or self.names.formula(name, self.tokens.where)
        raise self.tokens.fault("a column, a value or a function")


def _number(tokens: Tokens) -> Constant:
    written = tokens.take().text
    if written.isdecimal() and len(written) < 20 and int(written) in WHOLE:
        return Constant(int(written), "integer")
    try:
        return Constant(finite(written), "number")
    except ValueError:
        raise SoqlFault(tokens.where, f"{written[:40]} is larger than any number here") from None
