"""The synthetic city's paged API in the manner of data.go.kr, with its three envelopes, XML or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

SERVICE_KEY = "gaon-synthetic-key=="
"""The key the demo's own feeds use; it opens nothing but the synthetic city."""
LARGEST_PAGE = 1000
Item = Mapping[str, object]


def answer(items: Sequence[Item], asked: Mapping[str, str]) -> tuple[str, bytes]:
    """Media type and body for a request; errors come with HTTP 200, as they do there."""
    if "serviceKey" not in asked:
        return _json({"resultCode": "11", "resultMsg": "NO_MANDATORY_REQUEST_PARAMETERS_ERROR: serviceKey"})
    if asked["serviceKey"] != SERVICE_KEY:
        return _gateway_error("30", "SERVICE_KEY_IS_NOT_REGISTERED_ERROR")
    try:
        page, size = int(asked.get("pageNo", "1")), int(asked.get("numOfRows", "10"))
    except ValueError:
        return _gateway_error("10", "INVALID_REQUEST_PARAMETER_ERROR")
    if page < 1 or not 1 <= size <= LARGEST_PAGE:
        return _json({"resultCode": "10", "resultMsg": "INVALID_REQUEST_PARAMETER_ERROR: numOfRows"})
    chosen = items[(page - 1) * size : page * size]
    body = {"pageNo": page, "numOfRows": size, "totalCount": len(items)}
    as_json = asked.get("resultType", asked.get("_type", asked.get("dataType", "xml"))).lower() == "json"
    return _json_page(chosen, body) if as_json else _xml_page(chosen, body)


def _json_page(items: Sequence[Item], body: dict[str, int]) -> tuple[str, bytes]:
    # As there: no item is an empty string, one is an object, several are a list.
    inner: object = ""
    if items:
        inner = {"item": dict(items[0]) if len(items) == 1 else [dict(item) for item in items]}
    header = {"resultCode": "00", "resultMsg": "NORMAL SERVICE."}
    return _json({"response": {"header": header, "body": {"items": inner, **body}}})


def _xml_page(items: Sequence[Item], body: dict[str, int]) -> tuple[str, bytes]:
    root = Element("response")
    header = SubElement(root, "header")
    SubElement(header, "resultCode").text = "00"
    SubElement(header, "resultMsg").text = "NORMAL SERVICE."
    inner = SubElement(root, "body")
    listed = SubElement(inner, "items")
    for item in items:
        element = SubElement(listed, "item")
        for name, value in item.items():
            SubElement(element, name).text = "" if value is None else str(value)
    for name, number in body.items():
        SubElement(inner, name).text = str(number)
    return "application/xml", tostring(root, "utf-8", xml_declaration=True)


def _gateway_error(code: str, message: str) -> tuple[str, bytes]:
    root = Element("OpenAPI_ServiceResponse")
    header = SubElement(root, "cmmMsgHeader")
    SubElement(header, "errMsg").text = "SERVICE ERROR"
    SubElement(header, "returnAuthMsg").text = message
    SubElement(header, "returnReasonCode").text = code
    return "text/xml", tostring(root, "utf-8", xml_declaration=True)


def _json(body: object) -> tuple[str, bytes]:
    return "application/json", json.dumps(body, ensure_ascii=False).encode()
