"""A layer of ArcGIS that gives ten rows at once."""

import json
from dataclasses import replace

from arcgis_server import ArcgisLayer
from liar import Asked, Kind, Lie, Reply, Row


def truth(asked: Asked, rows: list[Row]) -> Reply:
    held = [{"OBJECTID": int(row["id"]) + 1, **row} for row in rows]
    return Reply(
        ArcgisLayer(held).answer(asked.path, dict(asked.query)), headers={"Content-Type": "application/json"}
    )


def lost(told: Reply, asked: Asked) -> Reply:
    answer = json.loads(told.body)
    if "features" not in answer:
        return told
    kept = [each for each in answer["features"] if each["attributes"]["OBJECTID"] != 17]
    return replace(told, body=json.dumps({**answer, "features": kept}).encode())


def refused(told: Reply, asked: Asked) -> Reply:
    error = {"code": 498, "message": f"Invalid token {asked.target}"}
    return replace(told, body=json.dumps({"error": error}).encode())


KIND = Kind(
    "arcgis",
    lambda url: {"kind": "arcgis", "url": f"{url}/parks/FeatureServer/0", "token": "env:LIAR_KEY"},
    truth,
    lies=(
        Lie("a row that never comes", lost, "lists 40 rows and gave 39: OBJECTID 17"),
        Lie("a token refused with 200", refused, "error 498"),
    ),
)
