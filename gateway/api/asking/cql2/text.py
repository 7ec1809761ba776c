"""Read CQL2 text (OGC 21-065r2) into the tree that CQL2 JSON writes, whole numbers kept whole."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import shapely

DEPTH = 30
"""Parentheses, functions and NOTs within one another."""
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|''|\\.)*')|(?P<quoted>"(?:[^"]|"")+")
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<word>(?:[^\W\d]|:)[\w.:]*)
    |(?P<sign><>|<=|>=|[=<>(),+\-*/%^]))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"""(\\\\)|''|\\'""")
"""A quote within a text; two backslashes are none before it, as patterns have them."""
_COMPARE = ("=", "<>", "<", "<=", ">", ">=")
_KEYWORDS = ("AND", "OR", "NOT", "LIKE", "BETWEEN", "IN", "IS", "NULL", "TRUE", "FALSE")
_SHAPES = (
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
)


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def read(text: str) -> Any:
    """The JSON tree of a text, shapes in it as shapely geometries; raises ValueError with a sentence."""
    parser = _Parser(text, _tokens(text))
    tree = parser.either()
    parser.end()
    return tree


def _tokens(text: str) -> list[_Token]:
    tokens, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            rest = text[at : at + 20].strip()
            hint = "texts stand in 'single quotes', names of columns may stand in \"double\" ones"
            raise ValueError(
                f"cannot be read from letter {at + 1} on ({rest!r}); "
                + ("write <> for !=" if rest.startswith("!=") else hint)
            )
        kind, word = str(match.lastgroup), match[match.lastgroup or 0]
        if kind == "word" and word.upper() in _KEYWORDS:
            kind, word = "key", word.upper()
        tokens.append(_Token(kind, word, match.start(match.lastgroup or 0)))
        at = match.end()
    return tokens


class _Parser:
    """One walk through the tokens, a method for each rule of the grammar."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self._text, self._tokens = text, [*tokens, _Token("end", "", len(text))]
        self._at = self._depth = 0

    def either(self) -> Any:
        """Terms joined by OR."""
        return self._joined("or", lambda: self._joined("and", self._factor))

    def end(self) -> None:
        """Nothing may follow."""
        if self._next.kind != "end":
            raise self._fault("AND, OR or the end")

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> bool:
        """Step over the next token if it is a sign or keyword of `texts`."""
        found = self._next.kind in ("sign", "key") and self._next.text in texts
        self._at += found
        return found

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._fault(repr(text))

    def _fault(self, wanted: str) -> ValueError:
        token = self._next
        found = f"{token.text!r} at letter {token.at + 1}" if token.kind != "end" else "its end"
        return ValueError(f"has {found} where {wanted} should be; such as speed > 30 AND road = '중앙대로'")

    def _deeper(self, rule: Callable[[], Any]) -> Any:
        self._depth += 1
        if self._depth > DEPTH:
            raise ValueError(f"is more than {DEPTH} parentheses deep; write it flatter")
        found = rule()
        self._depth -= 1
        return found

    def _joined(self, op: str, rule: Callable[[], Any]) -> Any:
        parts = [rule()]
        while self._take(op.upper()):
            parts.append(rule())
        return parts[0] if len(parts) == 1 else {"op": op, "args": parts}

    def _factor(self) -> Any:
        if self._take("NOT"):
            return {"op": "not", "args": [self._deeper(self._factor)]}
        return self._predicate()

    def _predicate(self) -> Any:
        left = self._sum()
        for sign in _COMPARE:
            if self._take(sign):
                return {"op": sign, "args": [left, self._sum()]}
        if self._take("IS"):
            negated = self._take("NOT")
            self._expect("NULL")
            return _negated({"op": "isNull", "args": [left]}, negated)
        negated = self._take("NOT")
        if self._take("LIKE"):
            return _negated({"op": "like", "args": [left, self._sum()]}, negated)
        if self._take("BETWEEN"):
            low = self._sum()
            self._expect("AND")
            return _negated({"op": "between", "args": [left, low, self._sum()]}, negated)
        if self._take("IN"):
            self._expect("(")
            return _negated({"op": "in", "args": [left, self._deeper(self._listed)]}, negated)
        if negated:
            raise self._fault("LIKE, BETWEEN or IN")
        return left

    def _listed(self) -> list[Any]:
        """Expressions by commas up to a closing parenthesis."""
        if self._take(")"):
            return []
        found = [self.either()]
        while self._take(","):
            found.append(self.either())
        self._expect(")")
        return found

    def _sum(self) -> Any:
        return self._chain(("+", "-"), lambda: self._chain(("*", "/", "%", "div"), self._power))

    def _chain(self, signs: tuple[str, ...], rule: Callable[[], Any]) -> Any:
        """Terms and the signs between them, from left to right."""
        found = rule()
        while (sign := self._next.text.lower()) in signs and self._next.kind in ("sign", "word"):
            self._at += 1
            found = {"op": sign, "args": [found, rule()]}
        return found

    def _power(self) -> Any:
        base = self._signed()
        return {"op": "^", "args": [base, self._signed()]} if self._take("^") else base

    def _signed(self) -> Any:
        sign = -1 if self._next.text == "-" else 1
        if not self._take("+", "-"):
            return self._operand()
        if self._next.kind == "number" or sign > 0:
            return self._number(sign)
        return {"op": "*", "args": [-1, self._operand()]}

    def _operand(self) -> Any:
        token = self._next
        if token.kind == "number":
            return self._number(1)
        if self._take("TRUE", "FALSE"):
            return token.text == "TRUE"
        if self._take("("):
            return self._deeper(self._group)
        if token.kind in ("text", "quoted", "word"):
            self._at += 1
        match token.kind, token.text:
            case "text", text:
                return _ESCAPED.sub(lambda match: match[1] or "'", text[1:-1])
            case "quoted", name:
                return {"property": name[1:-1].replace('""', '"')}
            case "word", _:
                return self._named(token)
            case "key", "NULL":
                raise ValueError("compares with NULL, which nothing equals; write name IS NULL")
        raise self._fault("a column, a value or a function")

    def _group(self) -> Any:
        """What stands in parentheses; several by commas are a list."""
        found = self._listed()
        return found[0] if len(found) == 1 else found

    def _number(self, sign: int) -> int | float:
        token = self._next
        if token.kind != "number":
            raise self._fault("a number")
        self._at += 1
        value = int(token.text) if token.text.isdecimal() else float(token.text)
        if math.isinf(value):
            raise ValueError(f"has the number {token.text}, which is too great; write it smaller")
        return sign * value

    def _named(self, token: _Token) -> Any:
        name = token.text
        if name.upper() in _SHAPES and (self._next.text == "(" or self._next.text.upper() in ("Z", "EMPTY")):
            return self._shape(token)
        if not self._take("("):
            return {"property": name}
        arguments = self._deeper(self._listed)
        match name.lower():
            case "date" | "timestamp":
                return {name.lower(): arguments[0] if len(arguments) == 1 else arguments}
            case "interval" | "bbox":
                return {name.lower(): arguments}
        return {"op": name.lower(), "args": arguments}

    def _shape(self, token: _Token) -> Any:
        """Well-known text, read as a whole."""
        depth = 0
        while True:
            here = self._next
            if here.kind == "end":
                raise self._fault("')'")
            self._at += 1
            depth += (here.text == "(") - (here.text == ")")
            if depth == 0 and here.text.upper() != "Z":
                break
        text = self._text[token.at : here.at + len(here.text)]
        try:
            with np.errstate(over="ignore"):  # What is too great is outside the world, as is told of it.
                return shapely.from_wkt(text)
        except shapely.errors.GEOSException:
            raise ValueError(f"has no shape in {text[:40]!r}; write it as POLYGON((129.0 35.1, …))") from None


def _negated(tree: Any, negated: bool) -> Any:
    return {"op": "not", "args": [tree]} if negated else tree
