"""A data.json catalogue, whole in one file."""

import json
from collections.abc import Callable
from typing import Any

from liar import Asked, Kind, Lie, Reply, Row, Tell


def answer(datasets: list[Any]) -> Reply:
    body = {"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": datasets}
    return Reply(json.dumps(body).encode(), headers={"Content-Type": "application/json"})


def truth(asked: Asked, rows: list[Row]) -> Reply:
    return answer(
        [
            {
                "@type": "dcat:Dataset",
                "identifier": row["id"],
                "title": row["name"],
                "description": row["size"],
                "modified": "2026-01-01",
                "publisher": {"name": "부산광역시"},
            }
            for row in rows
        ]
    )


def bent(bend: Callable[[list[Any]], list[Any]]) -> Tell:
    return lambda told, asked: answer(bend(json.loads(told.body)["dataset"]))


def cut(told: Reply, asked: Asked) -> Reply:
    return Reply(told.body[: len(told.body) // 2], headers=told.headers)


KIND = Kind(
    "dcat-us",
    lambda url: {"kind": "dcat-us", "url": f"{url}/data.json"},
    truth,
    lies=(
        Lie("half a file", cut, "not JSON|JSON"),
        Lie("a list of none", bent(lambda held: []), "vanish|no dataset"),
        Lie("half of the list", bent(lambda held: held[:20]), "20 of 40"),
        Lie(
            "datasets that come twice",
            bent(lambda held: held[:30] + held[:10]),
            "10 of 40 rows would be left out",
        ),
        Lie(
            "datasets without identifiers",
            bent(lambda held: [{**each, "identifier": ""} for each in held]),
            ".",
        ),
    ),
    feed={"record": "catalogue_entry"},
)
