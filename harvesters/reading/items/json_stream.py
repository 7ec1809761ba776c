"""Read a JSON document that is too large for memory: its lists of records, one item after another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from harvesters.faults import Unreadable
from harvesters.reading.items.grids import Grid, Kin, Look, Shape, chosen, others, shape_of, titles_of
from harvesters.reading.items.rows import KEY

LONGEST_ITEM = 64 << 20
"""Characters that one item may have; a quote that is never closed would read on to the end of the file."""

_BLANK = " \t\r\n"
_DEEPEST, _SHALLOW = 40, 3
_NEAR_END = 12
_IN_NUMBERS, _LONGEST_NUMBER = "0123456789.eE+-", 400
# NaN is no JSON but widely written; it says that there is no number.
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


class Window:
    """What is in memory of a text: the rest of it is read as it is asked for."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._text = ""
        self._at = 0
        self._line = 1

    def peek(self) -> str:
        """The next sign that is no blank, "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, wanted: str) -> str:
        """Go behind the next sign, which is one of `wanted`; raises Unreadable."""
        found = self.peek()
        if not found or found not in wanted:
            said = "the text ends" if not found else f"{found!r} stands"
            raise self._fault(f"{said} where {' or '.join(wanted)} is due", self._at)
        self._at += 1
        return found

    def value(self) -> Any:
        """The whole value that stands next; raises Unreadable."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEAR_END
                if not cut or len(self._text) - self._at > LONGEST_ITEM or not self._more():
                    raise self._fault(error.msg, error.pos) from None
            except RecursionError:
                raise Unreadable("the JSON is nested too deeply to be data") from None
            else:
                # A number near the end of what was read may go on.
                left = self._text[end : end + _LONGEST_NUMBER]
                if left.strip(_IN_NUMBERS) or not self._more():
                    self._at = end
                    return value

    def _more(self) -> bool:
        """Read on, as much again as is waited for; False at the end of the text."""
        waiting = self._text[self._at :]
        self._line += self._text.count("\n", 0, self._at)
        parts, size = [waiting], 0
        while size <= len(waiting):
            chunk = next(self._chunks, "")
            if not chunk:
                break
            parts.append(chunk)
            size += len(chunk)
        self._text, self._at = "".join(parts), 0
        return size > 0

    def _fault(self, what: str, at: int) -> Unreadable:
        line = self._line + self._text.count("\n", 0, at)
        return Unreadable(
            f"this is not JSON: {what} at line {line}",
            "the publisher's file is broken there: ask for it to be mended",
        )


@dataclass(frozen=True)
class Found:
    """A list: which of the document's lists it is, its shape, the names it is given for the members of its
    objects, and how its rows are read where they are lists of cells. `others` counts objects elsewhere.
    With `keyed` it is an object of records under their names, and `place` which object it is."""

    place: int
    shape: Shape
    names: tuple[str, ...] = ()
    grid: Grid | None = None
    others: int = 0
    keyed: bool = False


@dataclass
class _Counter:
    """How many lists and objects began so far."""

    lists: int = 0
    objects: int = 0


def items_at(text: Iterator[str], path: str) -> Iterator[Any]:
    """The items under a path (`response/body/items/item`), as find_items gives them for a whole document."""
    window = Window(text)
    yield from _follow(window, path.strip("/").split("/"))
    _end(window)


def longest_list(text: Iterator[str]) -> Found | None:
    """The longest list that holds records and is in no other list; the first of equals, None without any."""
    window, found = Window(text), list[Found]()
    _survey(window, found, _Counter(), 0)
    _end(window)
    shapes = [each.shape for each in found]
    meant = chosen(shapes)
    if meant is None:
        return None
    return replace(found[meant[0]], grid=meant[1], others=others(shapes, meant))


def items_of(text: Iterator[str], wanted: Found) -> Iterator[Any]:
    """The items of a list that was found in the same text."""
    yield from _pick(Window(text), wanted, _Counter(), 0)


def _end(window: Window) -> None:
    if window.peek():
        window.take("\0")


def _members(window: Window) -> Iterator[str]:
    """The keys of the object that stands next; what is asked for behind each must take its value."""
    window.take("{")
    if window.peek() == "}":
        window.take("}")
        return
    while True:
        window.peek()
        key = window.value()
        window.take(":")
        yield key
        if window.take(",}") == "}":
            return


def _elements(window: Window) -> Iterator[None]:
    """A turn for each element of the list that stands next; each turn must take the element."""
    window.take("[")
    if window.peek() == "]":
        window.take("]")
        return
    while True:
        yield None
        if window.take(",]") == "]":
            return


def _survey(window: Window, found: list[Found], counter: _Counter, depth: int) -> dict[str, None] | None:
    """Note the lists of the value that stands next, and count them all in the order in which they begin; the
    keys of the value where it is an object."""
    sign = window.peek()
    if sign == "[":
        found.append(_measured(window, counter))
    elif sign == "{" and depth < _DEEPEST:
        return _survey_object(window, found, counter, depth)
    else:
        value = window.value()
        return dict.fromkeys(value) if isinstance(value, dict) else None
    return None


def _survey_object(window: Window, found: list[Found], counter: _Counter, depth: int) -> dict[str, None]:
    inner: list[Found] = []
    fields: tuple[str, ...] | None = None
    records: Found | None = None
    keys, kin, number = dict[str, None](), Kin(), counter.objects
    counter.objects += 1
    for key in _members(window):
        sign, place = window.peek(), counter.lists
        own = None
        if key == "fields" and sign == "[":
            counter.lists += 1
            described = window.value()
            fields = titles_of(described)
            inner.append(Found(place, shape_of(described)))
        elif key == "records" and sign == "[":
            records = _measured(window, counter)
            inner.append(records)
        else:
            own = _survey(window, inner, counter, depth + 1)
        kin.see(own)
        keys[key] = None
    if kin.are_records():
        found.append(Found(number, Shape(len(keys), objects=True), keyed=True))
    elif fields is None or records is None:
        found += inner
    else:  # A list beside its description is meant, whatever else the object holds.
        shape = replace(records.shape, titles=fields, described=True)
        found.append(replace(records, shape=shape, names=fields))
    return keys


def _measured(window: Window, counter: _Counter) -> Found:
    """Number and shape of the list that stands next."""
    place, look = counter.lists, Look()
    counter.lists += 1
    for _ in _elements(window):
        look.see(window.value())
    return Found(place, look.shape())


def _pick(window: Window, wanted: Found, counter: _Counter, depth: int) -> Iterator[Any]:
    sign = window.peek()
    if sign == "[":
        meant = not wanted.keyed and counter.lists == wanted.place
        counter.lists += 1
        for _ in _elements(window):
            item = window.value()
            if meant:
                yield item
    elif sign == "{" and depth < _DEEPEST:
        meant = wanted.keyed and counter.objects == wanted.place
        counter.objects += 1
        for key in _members(window):
            if meant:
                yield {KEY: key, **window.value()}
            else:
                yield from _pick(window, wanted, counter, depth + 1)
    else:
        window.value()


def _follow(window: Window, steps: list[str]) -> Iterator[Any]:
    sign = window.peek()
    if not steps and sign != "[":
        yield from _filled(window.value())
    elif sign == "[":
        for _ in _elements(window):
            yield from _follow(window, steps) if steps else _filled(window.value())
    elif sign == "{":
        for key in _members(window):
            if key == steps[0]:
                yield from _follow(window, steps[1:])
            else:
                _skip(window, 0)
    else:
        window.value()


def _filled(value: Any) -> list[Any]:
    return [] if value in (None, "") else [value]


def _skip(window: Window, depth: int) -> None:
    """Go behind the value that stands next, of which the outer containers may be as large as they like."""
    sign = window.peek()
    if sign in ("[", "{") and depth < _SHALLOW:
        for _ in _elements(window) if sign == "[" else _members(window):
            _skip(window, depth + 1)
    else:
        window.value()
