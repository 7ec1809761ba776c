"""A dataset of a Socrata portal in pages of ten."""

import json
from dataclasses import replace

from liar import Asked, Kind, Lie, Reply, Row
from socrata_portal import SocrataPortal


def truth(asked: Asked, rows: list[Row]) -> Reply:
    stamp = rows[0]["name"].rpartition("-")[2].rjust(6, "0")
    held = [{":id": f"row-{row['id']}", ":updated_at": stamp, **row} for row in rows]
    body, headers = SocrataPortal(held).answer(dict(asked.query))
    return Reply(body, headers={"Content-Type": "application/json", **headers})


def wrong_count(told: Reply, asked: Asked) -> Reply:
    if "count" not in asked.query["$select"]:
        return told
    (held,) = json.loads(told.body)
    return replace(told, body=json.dumps([{**held, "rows": "47"}]).encode())


def nameless(told: Reply, asked: Asked) -> Reply:
    return replace(told, headers={})


KIND = Kind(
    "soda",
    lambda url: {
        "kind": "soda",
        "url": url,
        "dataset": "abcd-1234",
        "page_size": 10,
        "app_token": "env:LIAR_KEY",
    },
    truth,
    lies=(
        Lie("a count that is too large", wrong_count, "holds 47 and gave 40"),
        Lie("columns without their names", nameless, None),
    ),
)
