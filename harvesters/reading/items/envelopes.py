"""Open the envelopes in which Korea's public data services answer: items, total, or what went wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lxml import etree

from harvesters.faults import Unreadable

Verdict = Literal["ok", "empty", "retry", "wait", "quota", "key", "refused"]

# The result codes of the common guide to open APIs of data.go.kr; agencies pad them with zeros as they like.
_VERDICTS: dict[str, tuple[Verdict, str]] = {
    "0": ("ok", "normal service"),
    "1": ("retry", "the service failed inside"),
    "2": ("retry", "its database failed"),
    "3": ("empty", "there is no data"),
    "4": ("retry", "its own source failed"),
    "5": ("retry", "it took too long"),
    "10": ("refused", "a parameter of the request is wrong; mend params under [source]"),
    "11": ("refused", "a parameter that it must have is missing; add it to params under [source]"),
    "12": ("refused", "the service is no more; mend url under [source]"),
    "20": ("refused", "the key may not use this service; apply for it at data.go.kr"),
    "21": ("refused", "the key is suspended for now; ask data.go.kr"),
    "22": ("quota", "the day's quota of the key is spent; wait for tomorrow or ask for a larger one"),
    "23": ("wait", "more requests in one second than the quota of the key allows"),
    "30": ("key", "the key is not registered; a new key takes an hour or more to reach the service"),
    "31": ("refused", "the key has expired; extend it at data.go.kr"),
    "32": ("refused", "the key is not registered for the address of this machine"),
    "33": ("refused", "the call is not signed; check the key"),
    "99": ("retry", "it does not say why"),
    # Those of files that data.go.kr serves in pages (api.odcloud.kr).
    "-4": ("key", "the key is not registered; a new key takes an hour or more to reach the service"),
    "-401": ("key", "the key is not valid"),
    # Those of the Seoul open data plaza.
    "INFO-000": ("ok", "normal service"),
    "INFO-100": ("key", "the key is not valid; apply for one at data.seoul.go.kr"),
    "INFO-200": ("empty", "there is no data"),
    "ERROR-300": ("refused", "a value that it must have is missing; add it to arguments under [source]"),
    "ERROR-301": ("refused", "it does not give JSON"),
    "ERROR-310": ("refused", "there is no such service; mend service under [source]"),
    "ERROR-331": ("refused", "the place of the first row is wrong"),
    "ERROR-332": ("refused", "the place of the last row is wrong"),
    "ERROR-333": ("refused", "the places of rows are no numbers"),
    "ERROR-334": ("refused", "the last row comes before the first"),
    "ERROR-335": ("refused", "the sample key gives five rows; apply for a key at data.seoul.go.kr"),
    "ERROR-336": (
        "refused",
        "more rows were asked for than it gives in a call; lower page_size under [source]",
    ),
    "ERROR-337": ("quota", "the day's calls of the key are spent; wait for tomorrow"),
    "ERROR-500": ("retry", "the server failed"),
    "ERROR-600": ("retry", "its database failed"),
    "ERROR-601": ("retry", "a query of its database failed"),
    # What comes instead of an envelope.
    "NOTHING": ("retry", "it answered with nothing"),
    "WEB-PAGE": ("retry", "it answered with a web page instead of data"),
}

_UNKNOWN: tuple[Verdict, str] = ("refused", "a result that the guide to the service may explain")

_SPENT = ("트래픽", "호출건수", "일일", "traffic")
"""Words that tell a spent quota from a page too large, where both are told by ERROR-336."""

_HEADERS = ("header", "cmmMsgHeader", "msgHeader", "ComMessageHeader", "RESULT", "errorMessage")
CODES = ("resultCode", "returnReasonCode", "headerCd", "ReturnCode", "CODE", "code")
MESSAGES = ("resultMsg", "returnAuthMsg", "errMsg", "headerMsg", "ErrMsg", "MESSAGE", "message", "msg")


@dataclass(frozen=True)
class Answer:
    """One page as it came: `total` is None where the service does not count."""

    code: str
    message: str
    items: tuple[Any, ...]
    total: int | None

    @property
    def verdict(self) -> Verdict:
        """What to do about it."""
        return self._known[0]

    @property
    def meaning(self) -> str:
        """The code in words."""
        return self._known[1]

    @property
    def known(self) -> bool:
        """Whether the code is one of those that many services share."""
        return self._known is not _UNKNOWN

    @property
    def _known(self) -> tuple[Verdict, str]:
        if self.code == "ERROR-336" and any(word in self.message.lower() for word in _SPENT):
            return _VERDICTS["ERROR-337"]
        padded = self.code.isascii() and self.code.isdigit()
        plain = self.code.lstrip("0") or "0" if padded else self.code
        return _VERDICTS.get(plain, _UNKNOWN)


def open_envelope(path: Path) -> Answer:
    """The answer in a file, JSON or XML by its first character; raises Unreadable.

    A web page or nothing at all, which is how gateways of these services fail, is an answer to try again.
    """
    body = path.read_bytes().removeprefix(b"\xef\xbb\xbf").lstrip()
    if not body:
        return Answer("NOTHING", "", (), None)
    if body[:200].lower().startswith((b"<!doctype html", b"<html")):
        return Answer("WEB-PAGE", "", (), None)
    document = _xml(body) if body.startswith(b"<") else _json(body)
    return _answer(document)


def _answer(document: Any) -> Answer:
    inner = _inside(document)
    header = _held(inner, *_HEADERS) or inner
    body = _held(inner, "body", "msgBody", "MsgBody")
    code, message = _first(header, *CODES), _first(header, *MESSAGES)
    if code is None and message is not None:
        # The gateway names the fault in words alone now and then.
        code = "30" if "SERVICE_KEY" in str(message) else "99"
    if code is None and isinstance(inner.get("data"), list) and "totalCount" in inner:
        code = "0"  # Files that data.go.kr itself serves in pages bear no header.
    if code is None:
        raise Unreadable(
            f"the answer has no result code, only {', '.join(map(str, inner))[:200] or 'nothing'}",
            hint="url under [source] must be a service of the data.go.kr family",
        )
    items = _items(_first(body, "items", "itemList") if body else _first(inner, "row", "data"))
    total = _first(inner | body, "totalCount", "list_total_count")
    if "errorMessage" in inner:  # The realtime services of Seoul name their list as they like.
        items = _items(next((each for each in inner.values() if isinstance(each, list)), None))
        total = header.get("total")
    return Answer(str(code).strip(), str(message or "").strip(), items, _total(total))


def _inside(document: Any) -> dict[str, Any]:
    """What is in the outermost member, where there is but one (`response`, `OpenAPI_ServiceResponse`)."""
    if not isinstance(document, dict):
        raise Unreadable(
            "the answer is no object", hint="url under [source] must be of the data.go.kr family"
        )
    members = list(document.values())
    return members[0] if len(members) == 1 and isinstance(members[0], dict) else document


def _first(held: dict[str, Any], *names: str) -> Any:
    return next((held[name] for name in names if held.get(name) not in (None, "")), None)


def _held(outer: dict[str, Any], *names: str) -> dict[str, Any]:
    member = _first(outer, *names)
    return member if isinstance(member, dict) else {}


def _items(held: Any) -> tuple[Any, ...]:
    """No item is "" or null, one is an object, many are a list; `item` may stand between or not."""
    if isinstance(held, dict) and len(held) == 1:
        (member,) = held.values()
        held = member if "item" in held or isinstance(member, list | dict) else held
    if held in (None, "", {}):
        return ()
    return tuple(held) if isinstance(held, list) else (held,)


def _total(value: Any) -> int | None:
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        raise Unreadable(f"totalCount is {str(value)[:40]!r}, which is no number") from None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise Unreadable(f"the answer is neither XML nor JSON: {str(fault)[:200]}") from None


def _xml(body: bytes) -> Any:
    # No entities, no DTD, no network: an answer is data and nothing else.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as fault:
        raise Unreadable(f"the answer is not XML: {fault}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("the answer declares a document type, which is not taken from a service")
    return {_name(root): _value(root)}


def _value(element: etree._Element) -> Any:
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return (element.text or "").strip()
    held: dict[str, Any] = {}
    for child in children:
        name, value = _name(child), _value(child)
        if name not in held:
            held[name] = value
        elif isinstance(held[name], list):
            held[name].append(value)
        else:
            held[name] = [held[name], value]
    return held


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname
