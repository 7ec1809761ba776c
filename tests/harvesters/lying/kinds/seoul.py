"""A service of the Seoul open data plaza that gives ten rows a call."""

import json
from collections.abc import Sequence
from dataclasses import replace

from liar import Asked, Kind, Lie, Reply, Row, Tell


def page(rows: Sequence[object], total: int) -> bytes:
    told = {"CODE": "INFO-000", "MESSAGE": "정상 처리되었습니다"}
    return json.dumps({"Parks": {"list_total_count": total, "RESULT": told, "row": rows}}).encode()


def result(code: str, message: str = "…") -> Reply:
    return Reply(json.dumps({"RESULT": {"CODE": code, "MESSAGE": message}}).encode())


def truth(asked: Asked, rows: list[Row]) -> Reply:
    *_, first, last = asked.path.split("/")
    found = rows[int(first) - 1 : int(last)]
    return Reply(page(found, len(rows))) if found else result("INFO-200")


def wrong_total(told: Reply, asked: Asked) -> Reply:
    held = json.loads(told.body)
    if "Parks" not in held:
        return told
    return replace(told, body=page(held["Parks"]["row"], held["Parks"]["list_total_count"] + 7))


def from_second_call(code: str, message: str = "…") -> Tell:
    def tell(told: Reply, asked: Asked) -> Reply:
        return told if asked.path.split("/")[-2] == "1" else result(code, message)

    return tell


def refused(told: Reply, asked: Asked) -> Reply:
    return result("INFO-100", f"인증키가 유효하지 않습니다: {asked.path}")


KIND = Kind(
    "seoul",
    lambda url: {
        "kind": "seoul",
        "url": url,
        "service": "Parks",
        "service_key": "env:LIAR_KEY",
        "page_size": 10,
    },
    truth,
    lies=(
        Lie("a total that is too large", wrong_total, "says it holds 47 rows and gave 40"),
        Lie("no data in the middle", from_second_call("INFO-200"), "says it holds 40 rows and gave 10"),
        Lie("a failure in the middle", from_second_call("ERROR-500"), "the server failed"),
        Lie("a quota spent", from_second_call("ERROR-336", "일일 트래픽 초과"), "next at 00:00 KST"),
        Lie("a key refused with 200", refused, "key is not valid"),
    ),
)
