"""A service of data.go.kr that gives ten rows a page."""

import json
from collections.abc import Sequence
from dataclasses import replace

from liar import Asked, Kind, Lie, Reply, Row, Tell


def page(items: Sequence[object], total: object, code: str = "00") -> bytes:
    header = {"resultCode": code, "resultMsg": "…"}
    body = {"items": {"item": items} if items else "", "totalCount": total}
    return json.dumps({"response": {"header": header, "body": body}}).encode()


def truth(asked: Asked, rows: list[Row]) -> Reply:
    number, size = int(asked.query["pageNo"]), int(asked.query["numOfRows"])
    found = rows[(number - 1) * size : number * size]
    return Reply(page(found, len(rows)), headers={"Content-Type": "application/json"})


def opened(told: Reply) -> tuple[list[Row], int]:
    body = json.loads(told.body)["response"]["body"]
    return (body["items"]["item"] if body["items"] else []), body["totalCount"]


def total(change: int) -> Tell:
    def tell(told: Reply, asked: Asked) -> Reply:
        items, count = opened(told)
        return replace(told, body=page(items, count + change * (1 if change % 10 else asked.number)))

    return tell


def same_page(told: Reply, asked: Asked) -> Reply:
    _, count = opened(told)
    return replace(
        told, body=page([{"id": f"{n:03}", "name": "first", "size": "1"} for n in range(10)], count)
    )


def endless(told: Reply, asked: Asked) -> Reply:
    items = [{"id": f"{asked.number}-{n}", "name": "more", "size": "1"} for n in range(10)]
    return replace(told, body=page(items, None))


def result(code: str) -> Tell:
    def tell(told: Reply, asked: Asked) -> Reply:
        return told if asked.query["pageNo"] == "1" else replace(told, body=page([], 0, code))

    return tell


def empty_second(told: Reply, asked: Asked) -> Reply:
    _, count = opened(told)
    return replace(told, body=page([], count)) if asked.query["pageNo"] == "2" else told


def overlapping(told: Reply, asked: Asked) -> Reply:
    """Each page begins with half of the one before, as where rows move while they are read."""
    items, count = opened(told)
    if asked.query["pageNo"] == "1" or not items:
        return told
    again = [{**row, "id": f"{int(row['id']) - 5:03}"} for row in items]
    return replace(told, body=page(again, count))


def refused(told: Reply, asked: Asked) -> Reply:
    error = (
        f"<OpenAPI_ServiceResponse><cmmMsgHeader><errMsg>SERVICE ERROR {asked.query['serviceKey']}</errMsg>"
        "<returnAuthMsg>SERVICE_KEY_IS_NOT_REGISTERED_ERROR</returnAuthMsg><returnReasonCode>30</returnReasonCode>"
        "</cmmMsgHeader></OpenAPI_ServiceResponse>"
    )
    return replace(told, body=error.encode())


KIND = Kind(
    "data-go-kr",
    lambda url: {"kind": "data-go-kr", "url": f"{url}/air", "service_key": "env:LIAR_KEY", "page_size": 10},
    truth,
    lies=(
        Lie("a total that is too large", total(7), "says it holds 47 rows and gave 40"),
        Lie("a total that is too small", total(-7), "says it holds 33 rows and gave 40"),
        Lie("a total that moves with every page", total(10), "100 then 110 then 120"),
        Lie("the first page for every page", same_page, "page 2 repeats page 1"),
        Lie("pages without end", endless, "no end to its pages"),
        Lie("an empty page in the middle", empty_second, "says it holds 40 rows and gave 10"),
        Lie("pages that overlap", overlapping, "rows"),
        Lie("a failure in the middle", result("04"), "its own source failed"),
        Lie("no data in the middle", result("03"), "says it holds 0 then 40 rows and gave 10"),
        Lie("a quota spent in the middle", result("22"), "next at 00:00 KST"),
        Lie("a key refused in XML with 200", refused, "not registered"),
    ),
)
