"""A Web Feature Service on this machine, in versions 2.0.0 and 1.1.0, with GeoJSON or GML alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

Query = dict[str, str]
DEGREES = "urn:ogc:def:crs:EPSG::4326"
_NAMES = {
    "2.0.0": (
        "http://www.opengis.net/wfs/2.0",
        "http://www.opengis.net/gml/3.2",
        "http://www.opengis.net/ows/1.1",
    ),
    "1.1.0": ("http://www.opengis.net/wfs", "http://www.opengis.net/gml", "http://www.opengis.net/ows"),
}


def row(number: int) -> dict[str, str]:
    """The properties of a place; its id begins with its number."""
    return {"id": f"{number:03}", "name": f"공원 {number} & 숲", "size": str(number)}


@dataclass
class WfsServer:
    """What the layer `city:parks` holds, at (129, 35.1), how the server is limited, and what it was asked.

    `pages`: it knows startIndex; `most` is its CountDefault, and where it is `capped` all that it counts;
    `named` is how GML calls the CRS, `box` what the capabilities say of where the layer lies.

    `lie` may change an answer before it is sent:
    it gets what is asked (GetCapabilities, hits, GetFeature), the query and the answer.
    """

    rows: list[dict[str, str]] = field(default_factory=list)
    versions: tuple[str, ...] = ("2.0.0", "1.1.0")
    geojson: bool = True
    pages: bool = True
    most: int | None = None
    counts: bool = True
    capped: bool = False
    named: str = DEGREES
    box: str = ""
    crs: tuple[str, ...] = ("urn:ogc:def:crs:EPSG::5187", DEGREES)
    asked: list[tuple[str, Query]] = field(default_factory=list)
    lie: Callable[[str, Query, str], str] = lambda what, query, answer: answer

    def answer(self, query: Query) -> bytes:
        """The answer to one request, whose names may be in any letters."""
        query = {name.lower(): value for name, value in query.items()}
        what = "hits" if query.get("resulttype") == "hits" else query["request"]
        self.asked.append((what, query))
        return self.lie(what, query, self._told(what, query)).encode()

    def _told(self, what: str, query: Query) -> str:
        if what == "GetCapabilities":
            wanted = query.get("acceptversions", query.get("version", "2.0.0")).split(",")
            found = [each for each in wanted if each in self.versions]
            return self._capabilities(found[0] if found else self.versions[0])
        version = query["version"]
        if query.get("typenames" if version == "2.0.0" else "typename") != "city:parks":
            return report("InvalidParameterValue", "Feature type unknown", version)
        if what == "hits":
            return self._gml([], version, self._count())
        start = int(query.get("startindex", 0)) if self.pages else 0
        count = int(query.get("count", query.get("maxfeatures", 1 << 30)))
        found = self.rows[start : start + min(count, self.most or count)]
        if "json" in query.get("outputformat", ""):
            return self._json(found)
        return self._gml(found, version, self._count())

    def _count(self) -> int:
        return min(len(self.rows), self.most) if self.capped and self.most else len(self.rows)

    def _json(self, found: list[dict[str, str]]) -> str:
        features = [
            {
                "type": "Feature",
                "id": f"parks.{each['id']}",
                "geometry": {"type": "Point", "coordinates": [129.0, 35.1]},
                "properties": each,
            }
            for each in found
        ]
        return json.dumps({"type": "FeatureCollection", "features": features, "numberReturned": len(found)})

    def _gml(self, found: list[dict[str, str]], version: str, total: int) -> str:
        wfs, gml, _ = _NAMES[version]
        matched = total if self.counts else "unknown"
        if version == "2.0.0":
            said, member = f'numberMatched="{matched}" numberReturned="{len(found)}"', "wfs:member"
        else:
            said = f'numberOfFeatures="{len(found) or total}"'
            member = "gml:featureMembers"
        whole = "".join(f"<{member}>{_feature(each, self.named)}</{member}>" for each in found)
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><wfs:FeatureCollection xmlns:wfs="{wfs}" '
            f'xmlns:gml="{gml}" xmlns:city="http://city.example" {said}>{whole}</wfs:FeatureCollection>'
        )

    def _capabilities(self, version: str) -> str:
        wfs, _, ows = _NAMES[version]
        formats = ["application/gml+xml; version=3.2", *(["application/json"] if self.geojson else [])]
        values = "".join(f"<ows:Value>{each}</ows:Value>" for each in formats)
        allowed = f"<ows:AllowedValues>{values}</ows:AllowedValues>" if version == "2.0.0" else values
        names = ("DefaultCRS", "OtherCRS") if version == "2.0.0" else ("DefaultSRS", "OtherSRS")
        crs = f"<{names[0]}>{self.crs[0]}</{names[0]}>" + "".join(
            f"<{names[1]}>{each}</{names[1]}>" for each in self.crs[1:]
        )
        parameter = f'<ows:Parameter name="outputFormat">{allowed}</ows:Parameter>'
        return (
            f'<wfs:WFS_Capabilities version="{version}" xmlns="{wfs}" xmlns:wfs="{wfs}" xmlns:ows="{ows}">'
            f'<ows:OperationsMetadata><ows:Operation name="GetFeature">{parameter}'
            "</ows:Operation></ows:OperationsMetadata><FeatureTypeList><FeatureType>"
            f"<Name>city:parks</Name>{crs}{self.box}</FeatureType></FeatureTypeList></wfs:WFS_Capabilities>"
        )


def report(code: str, text: str, version: str = "2.0.0") -> str:
    """An exception, as a service tells it with status 200."""
    ows = _NAMES[version][2]
    return (
        f'<ows:ExceptionReport xmlns:ows="{ows}" version="{version}"><ows:Exception exceptionCode="{code}">'
        f"<ows:ExceptionText>{escape(text)}</ows:ExceptionText></ows:Exception></ows:ExceptionReport>"
    )


def _feature(each: dict[str, Any], named: str) -> str:
    columns = "".join(f"<city:{name}>{escape(value)}</city:{name}>" for name, value in each.items())
    return (
        f'<city:parks gml:id="parks.{each["id"]}"><city:geom><gml:Point srsName="{named}">'
        f"<gml:pos>35.1 129.0</gml:pos></gml:Point></city:geom>{columns}</city:parks>"
    )
