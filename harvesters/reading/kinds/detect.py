"""Find out what a file is by what it holds, and by its name only where that leaves a doubt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from harvesters.faults import Unreadable
from harvesters.formats import resolved_kind
from harvesters.reading.headers import column_names
from harvesters.reading.kinds import archives, marks
from harvesters.reading.kinds.archives import Member, gunzip, members, unzip
from harvesters.reading.kinds.packed import chosen
from harvesters.reading.kinds.signs import kind_of, refuse_page
from schemas.feed import FormatSpec

_HEAD = 64 << 10
_LAYERS = 4
_STREAMED = frozenset({"csv", "json", "gis", "parquet"})
_GIS = (".shp", ".kml", ".gpkg", ".geojson", ".topojson")


_DOCUMENTS = {
    "xl/workbook.bin": "a binary workbook (.xlsb)",
    "[Content_Types].xml": "an Office document and no workbook",
    "Contents/content.hpf": "a Hangul document",
    "META-INF/container.xml": "a book",
}


@dataclass(frozen=True)
class Detected:
    """The kind of a file (a module of harvesters.formats), the file to read, unpacked, and how to read it.

    `table` is its name among the files of an archive, "" where it is the only one.
    """

    kind: str
    path: Path
    name: str
    spec: FormatSpec
    table: str = ""


def detect(path: Path, name: str, folder: Path, spec: FormatSpec | None = None) -> list[Detected]:
    """What to read and with which format; unpacks gzip and ZIP into `folder`, each file of data a table.

    `name` is the file's name as its source gave it. A kind named by the feed is believed, but not of a
    web page. Raises Unreadable when the file is empty, broken, or of a kind that is not read here.
    """
    found = _look(path, name, folder / "unpacked", spec or FormatSpec())
    if len(found) == 1:
        return found
    stems = column_names([PurePosixPath(each.name).stem for each in found])
    return [replace(each, table=stem) for each, stem in zip(found, stems, strict=True)]


def _look(path: Path, name: str, place: Path, spec: FormatSpec, layer: int = 0) -> list[Detected]:
    """The files to read in one; what is unpacked lies at `place` and names that begin with it."""
    if layer == _LAYERS:
        raise Unreadable(f"{name} is packed more than {_LAYERS - 1} times over", "publish it unpacked")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise Unreadable(f"{name} is empty")
    if head.startswith(b"\x1f\x8b"):
        gunzip(path, place)
        return _look(place, name.removesuffix(".gz"), place.with_name(f"{place.name}-0"), spec, layer + 1)
    if head.startswith(b"PK"):
        return _unzipped(path, name, place, spec, layer)
    refuse_page(head, name, spec.kind)
    kind = resolved_kind(spec.kind) if spec.kind else kind_of(head, name)
    if layer:
        _refuse_large(kind, name, path.stat().st_size)
    return [Detected(kind, path, name, spec)]


def _refuse_large(kind: str, name: str, size: int) -> None:
    """Raise Unreadable for what an archive unpacks to, unless it is read as a stream, however large it is."""
    if kind not in _STREAMED and size > archives.MOST_BYTES:
        raise Unreadable(f"{name} unpacks to {size:,} bytes of {kind}", "publish it as CSV or GeoJSON")


def _unzipped(path: Path, name: str, place: Path, spec: FormatSpec, layer: int) -> list[Detected]:
    files = members(path)
    kind = _zipped_kind(files, name, spec)
    if kind:
        _refuse_large(kind, name, sum(each.bytes for each in files))
        return [Detected(kind, path, name, spec)]
    found: list[Detected] = []
    wanted, rest = chosen(files, name, spec)
    for number, member in enumerate(wanted):
        inner = place.with_name(f"{place.name}-{number}")
        unzip(path, member, inner)
        title = PurePosixPath(member.name).name
        found += _look(inner, title, inner.with_name(f"{inner.name}-"), rest, layer + 1)
    return found


def _zipped_kind(files: tuple[Member, ...], name: str, spec: FormatSpec) -> str | None:
    """The kind of a ZIP that is read as it is, a workbook, geometries or a timetable; None when it only
    holds files."""
    kind = resolved_kind(spec.kind) if spec.kind else None
    names = {each.name for each in files}
    if "xl/workbook.xml" in names or (kind == "xlsx" and "[Content_Types].xml" in names):
        return kind or "xlsx"
    if "mimetype" in names and "content.xml" in names:
        return kind or "ods"
    what = next((_DOCUMENTS[each] for each in _DOCUMENTS if each in names), None)
    if what:
        raise Unreadable(f"{name} is {what}, which is not read here", "publish its tables as CSV or XLSX")
    geometries = [each for each in files if each.suffix in _GIS and spec.member in (None, each.name)]
    marked = marks.zipped(names, name) if spec.member is None else None
    marked = "gtfs" if kind == "gtfs" else marked  # its reader says best what a timetable lacks
    found = marked or ("gis" if geometries else None)
    return found if kind in (None, found) else None
