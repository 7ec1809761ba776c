"""A context broker in pages of ten."""

import json
from collections.abc import Callable
from dataclasses import replace

from liar import Asked, Kind, Lie, Reply, Row
from ngsi_broker import Broker


def truth(asked: Asked, rows: list[Row]) -> Reply:
    held = [
        {"id": row["id"], "type": "Park"}
        | {name: {"type": "Property", "value": row[name]} for name in ("name", "size")}
        for row in rows
    ]
    body, headers = Broker(held).answer(dict(asked.query), asked.headers)
    return Reply(body, headers={"Content-Type": "application/json", **headers})


def counting(count: str) -> Callable[[Reply, Asked], Reply]:
    return lambda told, asked: replace(told, headers={**told.headers, "NGSILD-Results-Count": count})


def hole(told: Reply, asked: Asked) -> Reply:
    return replace(told, body=json.dumps(json.loads(told.body)[:4]).encode())


KIND = Kind(
    "ngsi-ld",
    lambda url: {
        "kind": "ngsi-ld",
        "url": url,
        "type": "Park",
        "page_size": 10,
        "headers": {"X-Auth-Token": "env:LIAR_KEY"},
    },
    truth,
    lies=(
        Lie("a count that is too large", counting("47"), "holds 47 and gave 40"),
        Lie("a count that is too small", counting("10"), "holds 10 and gives 010 beyond"),
        Lie("pages that are short", hole, None),
    ),
)
