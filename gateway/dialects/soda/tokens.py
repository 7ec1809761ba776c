"""The words of SoQL: names, texts, numbers and signs, each with its place in the question."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from gateway.dialects.soda.faults import SoqlFault

Kind = Literal["name", "quoted", "text", "number", "sign", "end"]
LONGEST = 20_000
DEEPEST = 25
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<quoted>`[^`]+`)
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>:?[^\W\d][\w@]*|:\*)
    | (?P<sign><=|>=|!=|<>|==|\|\||\|>|::|[=<>(),*+\-/%^])
    )""",
    re.VERBOSE,
)

Item = TypeVar("Item")


@dataclass(frozen=True)
class Token:
    """A word as it counts: texts and quoted names without their quotes, the rest as it is written."""

    kind: Kind
    text: str
    place: int


class Tokens:
    """A question word by word; `where` is the parameter that it stands in."""

    def __init__(self, text: str, where: str) -> None:
        self.where = where
        if len(text) > LONGEST:
            raise SoqlFault(where, f"is longer than {LONGEST} letters", "ask in fewer words")
        self._text = text
        self._tokens = _split(text, where)
        self._at = 0
        self._depth = 0

    @property
    def now(self) -> Token:
        """The word that is next to be read."""
        return self._tokens[self._at]

    def ahead(self, words: int = 1) -> Token:
        """A later word."""
        return self._tokens[min(self._at + words, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Read a word."""
        token = self.now
        if token.kind != "end":
            self._at += 1
        return token

    def behind(self, place: int) -> str:
        """What is written from a place on, as far as it is read."""
        return self._text[place : self.now.place].strip()

    def is_word(self, *words: str) -> bool:
        """Whether the next word is one of these, in any case."""
        return self.now.kind == "name" and self.now.text.lower() in words

    def skip_word(self, *words: str) -> bool:
        """Read these words where they come next, one after the other."""
        if all(self.ahead(n).kind == "name" and self.ahead(n).text.lower() == w for n, w in enumerate(words)):
            self._at += len(words)
            return True
        return False

    def skip(self, sign: str) -> bool:
        """Read a sign where it comes next."""
        if self.now.kind == "sign" and self.now.text == sign:
            self._at += 1
            return True
        return False

    def expect(self, sign: str) -> None:
        """Read a sign that must come next."""
        if not self.skip(sign):
            raise self.fault(f"{sign!r}")

    def end(self) -> None:
        """See that all is read."""
        if self.now.kind != "end":
            raise self.fault("an end")

    def fault(self, wanted: str) -> SoqlFault:
        """That something else was to come next."""
        found = repr(self.now.text) if self.now.kind != "end" else "the end"
        return SoqlFault(self.where, f"{wanted} is needed at letter {self.now.place + 1}, not {found}")

    def listed(self, read: Callable[[], Item]) -> list[Item]:
        """What `read` reads, and again behind each comma."""
        found = [read()]
        while self.skip(","):
            found.append(read())
        return found

    def deeper(self) -> None:
        """Go one step into brackets; raises SoqlFault where that is too deep."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise SoqlFault(self.where, f"is nested more than {DEEPEST} deep", "ask in fewer brackets")

    def shallower(self) -> None:
        """Come back out of them."""
        self._depth -= 1


def _split(text: str, where: str) -> list[Token]:
    found, place = [], 0
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            rest = text[place:].strip()
            raise SoqlFault(where, f"{rest[:20]!r} cannot be read at letter {place + 1}", "close every quote")
        word, kind = match[match.lastgroup], cast(Kind, match.lastgroup)
        if kind == "text":
            word = word[1:-1].replace(word[0] * 2, word[0])
        elif kind == "quoted":
            word = word[1:-1]
        found.append(Token(kind, word, match.start(match.lastgroup)))
        place = match.end()
    return [*found, Token("end", "", len(text))]
