"""Tell the answer of a service that refuses, or has nothing, from one that holds data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harvesters.faults import Unreadable
from harvesters.reading.items.envelopes import CODES, MESSAGES, Answer

_CODES = (*CODES, "errCd", "err", "statusCode")
_MESSAGES = (*MESSAGES, "MSG", "statusMessage")
_WELL = re.compile(r"(?i)\b(?:ok|success\w*|normal)\b|정상|성공")
_DEEPEST = 4
_HEADED = frozenset({"head", "row"})


def is_empty(document: Any, *, listed: bool) -> bool:
    """Whether a document without records says that there are none; raises Unreadable with the fault that it
    tells instead. `listed`: it has a list of records, and there is nothing in it."""
    told = next(_told(document, 0), None)
    if told is None or told.verdict in ("ok", "empty"):
        return listed or (told is not None and told.verdict == "empty")
    if listed and (_WELL.search(told.message) or not told.known):
        return True
    what = " ".join(filter(None, (f"{told.code}:" if told.code else "", told.message))).rstrip(":")
    raise Unreadable(f"the answer is a fault and no data: {what[:200]}", told.meaning if told.known else None)


def beside_heads(document: Any) -> Any:
    """The document without the heads that stand in one list with the rows, as services of ministries answer:
    `{"name": [{"head": […]}, {"row": […]}]}`, or each in a list of its own."""
    if not isinstance(document, Mapping) or len(document) != 1:
        return document
    (held,) = document.values()
    parts = list(_flat(held)) if isinstance(held, list) else []
    if not parts or not all(isinstance(each, Mapping) and each.keys() <= _HEADED for each in parts):
        return document
    return {"row": [row for each in parts for row in each.get("row") or ()]}


def _flat(held: list[Any]) -> Iterator[Any]:
    for each in held:
        yield from each if isinstance(each, list) else (each,)


def _told(held: Any, depth: int) -> Iterator[Answer]:
    """The codes with a message in the objects of a document, the outermost first."""
    if not isinstance(held, Mapping) or depth > _DEEPEST:
        return
    code, message = _scalar(held, _CODES), _scalar(held, _MESSAGES)
    if code and message:
        yield Answer(code, message, (), None)
    for value in held.values():
        yield from _told(value, depth + 1)


def _scalar(held: Mapping[str, Any], names: tuple[str, ...]) -> str:
    values = (held.get(name) for name in names)
    return next((str(each).strip() for each in values if isinstance(each, str | int) and each != ""), "")
