"""A collection of OGC API Features in pages of ten."""

import json
from dataclasses import replace

from liar import Asked, Kind, Lie, Reply, Row
from ogc_server import OgcServer


def truth(asked: Asked, rows: list[Row]) -> Reply:
    body = OgcServer("items", list(rows)).answer(dict(asked.query))
    return Reply(body, headers={"Content-Type": "application/geo+json"})


def wrong_count(told: Reply, asked: Asked) -> Reply:
    return replace(told, body=json.dumps({**json.loads(told.body), "numberMatched": 47}).encode())


def no_next(told: Reply, asked: Asked) -> Reply:
    return replace(told, body=json.dumps({**json.loads(told.body), "links": []}).encode())


def elsewhere(told: Reply, asked: Asked) -> Reply:
    links = [{"rel": "next", "href": "http://169.254.169.254/latest"}]
    return replace(told, body=json.dumps({**json.loads(told.body), "links": links}).encode())


KIND = Kind(
    "ogc-features",
    lambda url: {
        "kind": "ogc-features",
        "url": url,
        "collection": "parks",
        "page_size": 10,
        "params": {"apikey": "env:LIAR_KEY"},
    },
    truth,
    lies=(
        Lie("a number that is too large", wrong_count, "matches 47 features and gave 40"),
        Lie("no link to the next page", no_next, "matches 40 features and gave 10"),
        Lie("a link to machine credentials", elsewhere, "leads to 169.254.169.254"),
    ),
)
