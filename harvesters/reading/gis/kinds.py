"""The kinds of GIS file that GDAL may open here: how each is known, opened and held to be what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from harvesters.faults import Unreadable


@dataclass(frozen=True)
class Kind:
    """The drivers of GDAL that may open a file, and the options that keep them to it.

    `text`: the file is handed over in UTF-8; `guessed`: its texts are in an encoding to be found out.
    `parts` are the endings of the files that make one layer together, those `needed` always.
    """

    suffix: str
    drivers: frozenset[str]
    options: Mapping[str, str] = field(default_factory=dict)
    text: bool = False
    guessed: bool = False
    parts: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


SHAPEFILE = Kind(
    ".shp",
    frozenset({"ESRI Shapefile"}),
    guessed=True,
    parts=(".shp", ".shx", ".dbf", ".prj", ".cpg"),
    needed=(".dbf",),
)
GEODATABASE = Kind(".gdb", frozenset({"OpenFileGDB"}))
MAPINFO = Kind(
    ".tab",
    frozenset({"MapInfo File"}),
    parts=(".tab", ".dat", ".map", ".id", ".ind"),
    needed=(".dat", ".map", ".id"),
)
EXCHANGE = Kind(".mif", frozenset({"MapInfo File"}), parts=(".mif", ".mid"), needed=(".mid",))
JSON = Kind(".json", frozenset({"GeoJSON", "TopoJSON", "ESRIJSON", "GeoJSONSeq", "JSONFG"}), text=True)
GEOPACKAGE = Kind(".gpkg", frozenset({"GPKG"}))
SQLITE = Kind(".sqlite", frozenset({"SQLite"}))
FLATGEOBUF = Kind(".fgb", frozenset({"FlatGeobuf"}), {"VERIFY_BUFFERS": "YES"})
KML = Kind(".kml", frozenset({"LIBKML", "KML"}), text=True)
GML = Kind(
    ".gml",
    frozenset({"GML"}),
    # No schema is fetched, nothing written beside the file, ids are kept, the CRS is looked for everywhere.
    {"DOWNLOAD_SCHEMA": "NO", "WRITE_GFS": "NO", "EXPOSE_GML_ID": "YES", "FORCE_SRS_DETECTION": "YES"},
    text=True,
)
# GDAL's own index wants nodes in order, and where they are not says nothing and gives no lines.
OSM_PBF = Kind(".pbf", frozenset({"OSM"}), {"USE_CUSTOM_INDEXING": "NO"})
OSM = Kind(".osm", frozenset({"OSM"}), {"USE_CUSTOM_INDEXING": "NO"}, text=True)
GPX = Kind(".gpx", frozenset({"GPX"}), text=True)

BY_SUFFIX = {
    kind.suffix: kind
    for kind in (
        SHAPEFILE,
        GEODATABASE,
        MAPINFO,
        EXCHANGE,
        GEOPACKAGE,
        SQLITE,
        FLATGEOBUF,
        KML,
        GML,
        OSM,
        OSM_PBF,
        GPX,
    )
} | dict.fromkeys((".geojson", ".topojson", ".geojsonl", ".geojsons", ".json"), JSON)
"""What the endings of names in a ZIP promise."""

_ROOT = re.compile(rb"(?:<\?.*?\?>|<!--.*?-->|\s)*<(?:[\w.-]+:)?([\w.-]+)", re.DOTALL)
_ROOTS = {
    b"kml": KML,
    b"featurecollection": GML,
    b"geodeticdataset": GML,
    b"dataset": GML,
    b"osm": OSM,
    b"gpx": GPX,
}


def kind_of_content(head: bytes) -> Kind:
    """The kind of a file by its first bytes; raises Unreadable for all others."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"SQLite format 3\0"):
        # A GeoPackage says so in the application id of its database, where its maker did as he should.
        return GEOPACKAGE if head[68:70] == b"GP" or b"gpkg_" in head else SQLITE
    if head.startswith(b"fgb\x03fgb"):
        return FLATGEOBUF
    if b"OSMHeader" in head[:24]:
        return OSM_PBF
    if text.startswith((b"{", b"\x1e")):
        return JSON
    if text.startswith(b"<") and b"<!DOCTYPE" in head:
        raise Unreadable("the XML declares a document type, which data has no need of", "ask for it without")
    root = _ROOT.match(text)
    if root and root[1].lower() in _ROOTS:
        return _ROOTS[root[1].lower()]
    if head.startswith(b"\0\0\x27\x0a"):
        raise Unreadable("this is one file of a shapefile", "zip its .shp, .shx, .dbf and .prj together")
    if text.lower().startswith((b"!table", b"version ")):
        raise Unreadable("this is one file of a MapInfo table", "zip its .tab, .dat, .map and .id together")
    raise Unreadable(
        "this is no file of geometries: neither zipped shapefile, FileGDB or MapInfo table nor GeoJSON, "
        "TopoJSON, GeoPackage, SpatiaLite, FlatGeobuf, KML, GML, OpenStreetMap or GPX",
        "[format] kind says what it is",
    )
