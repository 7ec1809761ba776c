"""A WFS that gives ten features at once."""

import re
from dataclasses import replace

from liar import Asked, Kind, Lie, Reply, Row
from wfs_server import WfsServer, report


def truth(asked: Asked, rows: list[Row]) -> Reply:
    return Reply(
        WfsServer(list(rows)).answer(dict(asked.query)), headers={"Content-Type": "application/json"}
    )


def wrong_count(told: Reply, asked: Asked) -> Reply:
    if asked.query.get("resultType") != "hits":
        return told
    return replace(told, body=re.sub(b'Matched="\\d+"', b'Matched="47"', told.body))


def failing(told: Reply, asked: Asked) -> Reply:
    broken = report("NoApplicableCode", f"no memory for {asked.target}").encode()
    return replace(told, body=broken) if "startIndex" in asked.query else told


KIND = Kind(
    "wfs",
    lambda url: {
        "kind": "wfs",
        "url": f"{url}/wfs",
        "layer": "parks",
        "page_size": 10,
        "params": {"apikey": "env:LIAR_KEY"},
    },
    truth,
    lies=(
        Lie("a count that is too large", wrong_count, "counts 47 features, 47 a little later, and gave 40"),
        Lie("an exception in the middle", failing, "no memory"),
    ),
)
