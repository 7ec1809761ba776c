"""The changes of feeds' states as an Atom feed (RFC 4287), for whoever would rather ask than be told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

from catalogue import Notice

MEDIA_TYPE = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_WORDS = {"fresh": "정상", "late": "늦음", "stale": "오래됨", "failing": "실패"}
# XML 1.0, 2.2: what no document may hold, however it is written.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def atom(changes: Sequence[Notice], address: str, feeds: str) -> bytes:
    """The document of these changes, newest first; `address` is its own, `feeds` that of the feeds."""
    root = ElementTree.Element("feed", xmlns=_ATOM)
    _add(root, "id", address)
    _add(root, "title", "수집 상태 변경 / Changes of feeds")
    _add(root, "updated", _time(max((change.at for change in changes), default=_EPOCH)))
    _add(_add(root, "author"), "name", "Entrepot")
    _add(root, "link", rel="self", href=address, type=MEDIA_TYPE)
    _add(root, "link", rel="alternate", href=feeds, type="application/json")
    for change in changes:
        entry = _add(root, "entry")
        _add(entry, "id", f"{address}#{change.seq}")
        _add(entry, "title", f"{change.feed}: {_WORDS.get(change.state, change.state)} ({change.state})")
        _add(entry, "updated", _time(change.at))
        _add(entry, "link", rel="alternate", href=feeds, type="application/json")
        _add(entry, "category", term=change.state)
        _add(entry, "summary", f"{change.former or '-'} → {change.state}. {change.detail or ''}".strip())
    document: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return document


def _add(
    parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str
) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name, attributes)
    element.text = None if text is None else _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
    return element


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
