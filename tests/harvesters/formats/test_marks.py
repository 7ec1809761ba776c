"""What files of maps and transport are known by."""

from __future__ import annotations

from pathlib import Path

import pytest

from harvesters.reading.kinds import marks
from harvesters.reading.kinds.detect import detect


@pytest.mark.parametrize(
    ("names", "archive", "kind"),
    [
        (("stops.txt", "trips.txt"), "a.zip", "gtfs"),
        (("feed/stops.txt", "feed/routes.txt", "feed/x.csv"), "a.zip", "gtfs"),
        (("stops.txt", "b/trips.txt"), "a.zip", None),
        (("bad_stops.txt", "readme.txt"), "badgtfs.zip", "gtfs"),
        (("bad_stops.txt", "readme.txt"), "a.zip", None),
        (("시/도로.gdb/a00000001.gdbtable", "시/도로.gdb/gdb"), "a.zip", "gis"),
        (("A.TAB", "A.DAT", "A.MAP", "A.ID"), "a.zip", "gis"),
        (("a.mif", "a.mid"), "a.zip", "gis"),
        (("a.tab", "b.csv"), "a.zip", None),
        ((), "a.zip", None),
    ],
)
def test_files_that_belong_together_are_known_by_their_names(
    names: tuple[str, ...], archive: str, kind: str | None
) -> None:
    assert marks.zipped(names, archive) == kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"fgb\x03fgb\x00" + b"\0" * 40, "gis"),
        (b"\x00\x00\x00\x0e\x0a\x09OSMHeader\x18\x7c" + b"\0" * 40, "gis"),
        (b'<?xml version="1.0"?>\n<osm version="0.6"/>', "gis"),
        (b'<gpx xmlns="http://www.topografix.com/GPX/1/1"/>', "gis"),
        (b'<w:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:w="w"/>', "gis"),
        (b'<d2LogicalModel xmlns="http://datex2.eu/schema/2/2_0"/>', "datex2"),
        (b'<m:messageContainer xmlns:m="http://datex2.eu/schema/3/messageContainer"/>', "datex2"),
        (b"<rss><channel><item/></channel></rss>", "xml"),
        (b'{"last_updated": 1, "ttl": 60, "data": {"bikes": []}}', "gbfs"),
        (b'{"version": "3.0", "last_updated": "2026-01-01T00:00:00Z", "data": {}}', "gbfs"),
        (b'{"last_updated": 1, "data": [{"a": 1}]}', "json"),
        (b'{"data": {"last_updated": 1, "ttl": 2, "data": 3}}', "json"),
        (b'{"type": "Point", "coordinates": [1, 2]}', "gis"),
        (b'{"geometryType": "esriGeometryPoint", "features": []}', "gis"),
        (b'\x1e{"type": "Feature", "geometry": null}\n', "gis"),
        (b'{"type": "municipality", "geometry": {"type": "Point", "coordinates": [1, 2]}}', "gis"),
        (b'{"type": "Point", "items": [{"a": 1}]}', "json"),
    ],
)
def test_a_kind_is_known_by_what_a_file_holds(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "download"
    path.write_bytes(content)

    assert [each.kind for each in detect(path, "download", tmp_path)] == [kind]
