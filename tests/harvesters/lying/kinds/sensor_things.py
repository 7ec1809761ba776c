"""The things of a SensorThings service in pages of ten."""

import json
from dataclasses import replace

from liar import Asked, Kind, Lie, Reply, Row
from sensor_server import SensorServer


def truth(asked: Asked, rows: list[Row]) -> Reply:
    things = [
        {"@iot.id": row["id"], "name": row["name"], "properties": {"size": row["size"]}, "Locations": []}
        for row in rows
    ]
    body = SensorServer("/v1.1", {"Things": things}, most=10).answer(asked.path, dict(asked.query))
    return Reply(body, headers={"Content-Type": "application/json"})


def changed(**said: object):
    def tell(told: Reply, asked: Asked) -> Reply:
        return replace(told, body=json.dumps({**json.loads(told.body), **said}).encode())

    return tell


def no_next(told: Reply, asked: Asked) -> Reply:
    held = {name: value for name, value in json.loads(told.body).items() if name != "@iot.nextLink"}
    return replace(told, body=json.dumps(held).encode())


KIND = Kind(
    "sensor-things",
    lambda url: {
        "kind": "sensor-things",
        "url": f"{url}/v1.1",
        "entity": "Things",
        "headers": {"X-API-Key": "env:LIAR_KEY"},
    },
    truth,
    feed={"key": ("id",), "columns": {"size": "properties_size"}},
    lies=(
        Lie("a count that is too large", changed(**{"@iot.count": 47}), "counts 47 and gave 40"),
        Lie("no link to the next page", no_next, "counts 40 and gave 10"),
        Lie("a link inside", changed(**{"@iot.nextLink": "http://10.0.0.1/"}), "leads to 10.0.0.1"),
    ),
)
