"""One feed of a system of shared bicycles."""

import json
from dataclasses import replace

from liar import Asked, Kind, Lie, Reply, Row


def truth(asked: Asked, rows: list[Row]) -> Reply:
    told = {"last_updated": 1709251200, "ttl": 0, "version": "2.3", "data": {"stations": rows}}
    if asked.path == "/gbfs.json":
        address = f"http://{asked.headers['host']}/station_information.json"
        told["data"] = {"ko": {"feeds": [{"name": "station_information", "url": address}]}}
    return Reply(json.dumps(told).encode(), headers={"Content-Type": "application/json"})


def announcing(url: str):
    data = {"ko": {"feeds": [{"name": "station_information", "url": url}]}}

    def tell(told: Reply, asked: Asked) -> Reply:
        return replace(told, body=json.dumps({"data": data}).encode())

    return tell


KIND = Kind(
    "gbfs",
    lambda url: {
        "kind": "gbfs",
        "url": f"{url}/gbfs.json",
        "feeds": ["station_information"],
        "headers": {"X-API-Key": "env:LIAR_KEY"},
    },
    truth,
    lies=(
        Lie("a feed inside", announcing("http://169.254.169.254/latest"), "not on the public Internet"),
        Lie("a feed on the disk", announcing("file:///etc/passwd"), "no feeds with their addresses"),
        Lie("a feed in the environment", announcing("env:LIAR_KEY"), "no feeds with their addresses"),
    ),
)
