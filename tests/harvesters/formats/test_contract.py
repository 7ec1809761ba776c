"""What every format promises, asked of each module in the package."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from google.transit import gtfs_realtime_pb2 as gtfs

from harvesters.faults import Unreadable
from harvesters.formats import ALIASES, format_kinds, format_reader, resolved_kind
from schemas.feed import FormatSpec
from schemas.run import REJECTS

FEATURE = {
    "type": "Feature",
    "properties": {"a": "1"},
    "geometry": {"type": "Point", "coordinates": [129, 35]},
}
WORKBOOKS = {
    "xls": "facility/주유소/지역_위치별(주유소) (1).xls",
    "xlsx": "corrupt/frictionless/multiline-headers.xlsx",
    "ods": "corrupt/messytables/blank_line.ods",
    "parquet": "gis/nyc_subset_overture.parquet",
    "arrow": "facility/flights-200k.arrow",
    "dbf": "boundary/skorea-municipalities-2011_attributes_only.dbf",
}


def vehicle() -> bytes:
    feed = gtfs.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.entity.add(id="1").vehicle.trip.trip_id = "t"
    content: bytes = feed.SerializeToString()
    return content


def timetable() -> bytes:
    """The smallest one, a ZIP."""
    files = {
        "agency": "agency_name\na\n",
        "stops": "stop_id\n1\n",
        "routes": "route_id,route_type\n1,3\n",
        "trips": "route_id,service_id,trip_id\n1,1,1\n",
        "stop_times": "trip_id,stop_id,stop_sequence\n1,1,1\n",
        "calendar": "service_id,start_date,end_date\n1,20260101,20261231\n",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.txt", text)
    return packed.getvalue()


SAMPLES = {
    "ckan": b'{"success": true, "result": {"id": "1", "title": "a", "resources": []}}',
    "csw": b"""<r:GetRecordsResponse xmlns:r="http://www.opengis.net/cat/csw/2.0.2"
        xmlns:dc="http://purl.org/dc/elements/1.1/"><r:SearchResults numberOfRecordsMatched="1"><r:Record>
        <dc:identifier>1</dc:identifier></r:Record></r:SearchResults></r:GetRecordsResponse>""",
    "dcat": b"@prefix dcat: <http://www.w3.org/ns/dcat#> . <http://a.example/1> a dcat:Dataset .",
    "dcat-us": b'{"dataset": [{"identifier": "1", "title": "a"}]}',
    "iso19139": b'<g:MD_Metadata xmlns:g="http://www.isotc211.org/2005/gmd"/>',
    "csv": b"a,b\n1,2\n",
    "datex2": b'<d2LogicalModel><situation><situationRecord id="1"/></situation></d2LogicalModel>',
    "gbfs": b'{"last_updated": 1, "ttl": 0, "data": {"stations": [{"station_id": "1"}]}}',
    "gis": json.dumps({"type": "FeatureCollection", "features": [FEATURE]}).encode(),
    "gtfs": timetable(),
    "gtfs-rt": vehicle(),
    "html": b"<table><tr><th>a<th>b<tr><td>1<td>2</table>",
    "json": b'[{"a": 1}]',
    "xml": b"<r><i><a>1</a></i><i><a>2</a></i></r>",
}


@pytest.fixture
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of the kind under test; a new format must name one here."""
    kind = request.param
    if kind in WORKBOOKS:
        folder: Path = request.getfixturevalue("shared_data")
        return folder / WORKBOOKS[kind]
    path = tmp_path / "sample"
    path.write_bytes(SAMPLES[kind])
    return path


@pytest.mark.parametrize(("kind", "sample"), [(kind, kind) for kind in format_kinds()], indirect=["sample"])
def test_a_table_has_a_line_for_each_row_and_rejects_of_one_shape(kind: str, sample: Path) -> None:
    tables = list(format_reader(kind).read(sample, FormatSpec()))

    assert tables
    for each in tables:
        assert each.kind == kind
        assert each.lines.type == pa.int64()
        assert len(each.lines) == each.table.num_rows > 0
        assert each.rejects.schema == REJECTS
        assert len(set(each.table.column_names)) == each.table.num_columns


@pytest.mark.parametrize("kind", format_kinds())
@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\0\xd8\0\xdc\x81", b"\x00" * 600, b"PK\x03\x04" + b"\xff" * 50]
)
def test_what_is_no_such_file_is_unreadable(kind: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "sample"
    path.write_bytes(content)

    with pytest.raises(Unreadable):
        list(format_reader(kind).read(path, FormatSpec()))


@pytest.mark.parametrize("kind", format_kinds())
def test_options_are_fields_of_the_format_section(kind: str) -> None:
    known = {each.name for each in dataclasses.fields(FormatSpec)}

    assert not format_reader(kind).OPTIONS - known


def test_other_names_lead_to_a_kind_and_unknown_ones_nowhere() -> None:
    assert {resolved_kind(name) for name in ALIASES} <= set(format_kinds())
    with pytest.raises(LookupError):
        resolved_kind("pdf")


def test_a_delimiter_that_cannot_part_cells_is_refused(read_text: Any) -> None:
    with pytest.raises(Exception, match="delimiter"):
        read_text("a,b\n1,2\n", delimiter='"')
