"""What QGIS makes of a city's collections, as JSON; run by the system's Python, which has QGIS.

A layer is opened by the words that its dialogue writes. Arguments: the landing page, a key.
"""

import json
import sys

from qgis.core import (
    QgsApplication,
    QgsFeatureRequest,
    QgsRectangle,
    QgsVectorLayer,
)

BOX = QgsRectangle(129.05, 35.15, 129.06, 35.16)


def layer(url: str, collection: str, more: str = "") -> QgsVectorLayer:
    opened = QgsVectorLayer(f"url='{url}' typename='{collection}' {more}", collection, "OAPIF")
    assert opened.isValid(), opened.error().message()
    return opened


def looked_at(url: str) -> dict:
    # Of a large one only what the map shows is asked for, as the dialogue proposes.
    many, few = layer(url, "facilities", "restrictToRequestBBOX='1'"), layer(url, "libraries")
    rows = {each["관리번호"]: each for each in few.getFeatures()}
    within = [each["관리번호"] for each in many.getFeatures(QgsFeatureRequest().setFilterRect(BOX))]
    first = rows["F000001"]
    return {
        "count": many.featureCount(),
        "read": len(rows),
        "within": sorted(within),
        "name": first["시설명"],
        "at": first.geometry().asWkt(7),
        "fields": {field.name(): field.typeName() for field in few.fields()},
        "crs": few.crs().authid(),
    }


def keyed(url: str, key: str) -> int:
    """The rows of a layer whose address carries a key."""
    return sum(1 for _ in layer(f"{url}?apikey={key}", "libraries").getFeatures())


def main(url: str, key: str) -> None:
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    print(json.dumps(looked_at(url) | {"keyed": keyed(url, key)}))
    application.exitQgis()


main(*sys.argv[1:])
