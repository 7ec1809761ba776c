"""A file of geometries makes nothing open another file or an address."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from harvesters.faults import Unreadable

POINT = {"type": "Point", "coordinates": [129.0, 35.1]}
FEATURES = [{"type": "Feature", "properties": {"a": 1}, "geometry": POINT}]


def collection(**more: Any) -> str:
    return json.dumps({"type": "FeatureCollection", **more, "features": FEATURES})


def gml(attributes: str = "", inside: str = "") -> str:
    return (
        '<?xml version="1.0"?><o:FeatureCollection '
        'xmlns:gml="http://www.opengis.net/gml" xmlns:o="http://o/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{attributes}><gml:featureMember><o:a fid="1"><o:where><gml:Point srsName="EPSG:4326">'
        f"<gml:coordinates>129,35</gml:coordinates></gml:Point></o:where><o:n>1</o:n>{inside}</o:a>"
        "</gml:featureMember></o:FeatureCollection>"
    )


def kml(inside: str) -> str:
    point = "<Placemark><name>a</name><Point><coordinates>129,35</coordinates></Point></Placemark>"
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{point}{inside}</Document></kml>'


@pytest.mark.parametrize(
    "write",
    [
        lambda url: collection(crs={"type": "link", "properties": {"href": url, "type": "esriwkt"}}),
        lambda url: collection(crs={"properties": {"a": {}, "url": url}, "type": "URL"}),
        lambda url: collection(crs={"type": "link", "properties": {"href": url}}).replace(
            '"crs"', r'"\u0063rs"'
        ),
        lambda url: collection(crs={"type": "name", "properties": {"name": url}}),
        lambda url: collection(links=[{"rel": "next", "href": url, "type": "application/geo+json"}]),
        lambda url: collection(name=f"/vsicurl/{url}", url=url),
        lambda url: json.dumps(
            {"type": "FeatureCollection", "stac_version": "1.0.0", "url": url, "features": []}
        ),
        lambda url: gml(f'xsi:schemaLocation="http://o/ {url}"'),
        lambda url: gml(
            f'xsi:schemaLocation="http://o/ {url}?SERVICE=WFS&amp;VERSION=1.1.0&amp;'
            'REQUEST=DescribeFeatureType&amp;TYPENAME=a"'
        ),
        lambda url: gml(inside=f'<o:other xlink:href="{url}#1"/>'),
        lambda url: gml().replace("EPSG:4326", url),
        lambda url: kml(f"<NetworkLink><Link><href>{url}</href></Link></NetworkLink>"),
        lambda url: kml(f"<Placemark><styleUrl>{url}#x</styleUrl></Placemark>"),
        lambda url: f'<!DOCTYPE kml SYSTEM "{url}">{kml("")}',
        lambda url: f'<!DOCTYPE kml [<!ENTITY x SYSTEM "{url}">]>{kml("<name>&x;</name>")}',
        lambda url: (
            f"<OGRVRTDataSource><OGRVRTLayer><SrcDataSource>{url}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
        ),
        lambda url: f"<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>",
        lambda url: f'<GDAL_WMS><Service name="TMS"><ServerUrl>{url}</ServerUrl></Service></GDAL_WMS>',
    ],
)
def test_no_address_in_a_file_is_asked(write: Any, site: Any, read_text: Any) -> None:
    with contextlib.suppress(Unreadable):
        read_text(write(site.body("/asked", b"{}")), "a.geojson", kind="gis")

    assert site.seen == []


def test_a_crs_by_address_is_refused_with_the_way_to_name_it(read_text: Any) -> None:
    linked = collection(crs={"type": "link", "properties": {"href": "http://a.example/", "type": "ogcwkt"}})

    with pytest.raises(Unreadable, match=r"\[format\] crs"):
        read_text(linked, "a.geojson")


def test_entities_are_not_expanded(read_text: Any) -> None:
    doubled = "".join(f'<!ENTITY e{at} "&e{at - 1};&e{at - 1};">' for at in range(1, 40))
    bomb = f'<!DOCTYPE k [<!ENTITY e0 "ha">{doubled}]>'

    for content in (bomb + kml("<name>&e39;</name>"), bomb + gml(inside="<o:t>&e39;</o:t>")[21:]):
        with pytest.raises(Unreadable, match="document type"):
            read_text(content, "a.kml", kind="gis")


def test_a_file_beside_it_is_not_opened(tmp_path: Path, read_text: Any) -> None:
    (tmp_path / "secret.geojson").write_text(collection())
    layer = f"<OGRVRTLayer name='a'><SrcDataSource>{tmp_path}/secret.geojson</SrcDataSource></OGRVRTLayer>"

    for content in (
        f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>",
        kml(f"<!-- <OGRVRTDataSource>{layer} -->"),
    ):
        with pytest.raises(Unreadable):
            read_text(content, "a.kml", kind="gis")
