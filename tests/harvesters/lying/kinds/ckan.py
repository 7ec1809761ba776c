"""The list of packages of a CKAN portal, ten a page."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from liar import Asked, Kind, Lie, Reply, Row, Tell


def package(row: Row) -> dict[str, Any]:
    """A place as a package, modified at a time that its name tells."""
    then = datetime(2026, 1, 1) + timedelta(minutes=int(row["name"].rpartition("-")[2]))
    told = {"id": row["id"], "name": f"place-{row['id']}", "title": row["name"], "notes": row["size"]}
    return told | {
        "metadata_modified": then.isoformat(),
        "organization": {"title": "부산광역시"},
        "resources": [],
    }


def truth(asked: Asked, rows: list[Row]) -> Reply:
    found = [package(row) for row in rows]
    if "fq" in asked.query:
        ids = set(re.findall(r'"([^"]+)"', asked.query["fq"]))
        found = [each for each in found if each["id"] in ids]
    start, size, count = int(asked.query.get("start", 0)), int(asked.query["rows"]), len(found)
    fields = asked.query.get("fl", "").split(",")
    page = [
        {name: value for name, value in each.items() if name in fields or fields == [""]}
        for each in found[start : start + size]
    ]
    return answer({"count": count, "results": page})


def answer(result: object) -> Reply:
    body = json.dumps({"success": True, "result": result}).encode()
    return Reply(body, headers={"Content-Type": "application/json", "Date": "Mon, 02 Mar 2026 00:00:00 GMT"})


def bent(bend: Callable[[list[Any], int, Asked], tuple[list[Any], int]]) -> Tell:
    """A lie about the packages of a page and their count."""

    def tell(told: Reply, asked: Asked) -> Reply:
        result = json.loads(told.body)["result"]
        packages, count = bend(result["results"], result["count"], asked)
        return answer({"count": count, "results": packages})

    return tell


def later(asked: Asked) -> bool:
    return int(asked.query.get("start", 0)) > 0


def unsuccessful(told: Reply, asked: Asked) -> Reply:
    error = {"__type": "Rate Limit", "message": "too many requests"}
    return replace(told, body=json.dumps({"success": False, "error": error}).encode())


def bare(told: Reply, asked: Asked) -> Reply:
    return replace(told, body=b'{"success": true}')


KIND = Kind(
    "ckan",
    lambda url: {"kind": "ckan", "url": url, "page_size": 10, "api_key": "env:LIAR_KEY"},
    truth,
    lies=(
        Lie("success false with words", unsuccessful, "too many requests"),
        Lie("success without a result", bare, "success"),
        Lie("a count that is too large", bent(lambda held, n, _: (held, n + 7)), "47"),
        Lie("a count that is too small", bent(lambda held, n, _: (held, n - 5)), "35"),
        Lie("a count that moves", bent(lambda held, n, asked: (held, n + asked.number)), "41 first and 42"),
        Lie("an empty list of none", bent(lambda held, n, _: ([], 0)), "vanish|40"),
        Lie(
            "an empty page", bent(lambda held, n, asked: ([] if later(asked) else held, n)), "40 and gave 10"
        ),
        Lie(
            "packages that come twice",
            bent(lambda held, n, asked: (held[:1] + held[:-1] if later(asked) else held, n)),
            "came twice",
        ),
        Lie("a package without an id", bent(lambda held, n, _: ([{"title": "x"}, *held], n)), "has no id"),
    ),
    feed={"record": "catalogue_entry"},
)
