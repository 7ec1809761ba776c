"""Put a file of geometries where GDAL can read it, and nothing else with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from harvesters.faults import Unreadable
from harvesters.reading.archives import Member, members, unzip
from harvesters.reading.encoding import chunks, encoding_of
from harvesters.reading.headers import column_names
from harvesters.reading.shapefile import CODEPAGE
from schemas.feed import FormatSpec

STEM = "data"
"""The name of every file that GDAL sees: names of strangers could mean something to it."""

_SUFFIXES = {
    ".shp": ".shp",
    ".geojson": ".json", ".topojson": ".json", ".json": ".json",
    ".gpkg": ".gpkg",
    ".kml": ".kml",
}  # fmt: skip
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
# These make GDAL open what they name: other files, addresses, pipelines.
_POINTERS = re.compile(rb"<(?:OGRVRTDataSource|VRTDataset|OGRVRTLayer)|gdal_streamed_alg|<!ENTITY")


@dataclass(frozen=True)
class GisFile:
    """A file in a folder of its own; its suffix says what it is, `name` what its publisher called it."""

    path: Path
    name: str
    encoding: str | None = None


def gis_files(path: Path, spec: FormatSpec, folder: Path) -> list[GisFile]:
    """The file itself, or the shapefiles of a ZIP, or its other geometries; raises Unreadable."""
    with path.open("rb") as content:
        head = content.read(4096)
    if not head.startswith(b"PK"):
        return [_placed(path, GisFile(folder / f"{STEM}{_suffix(head)}", path.stem), spec.encoding)]
    found = members(path)
    data = [each for each in found if each.suffix in _SUFFIXES and spec.member in (None, each.name)]
    if not data:
        listed = ", ".join(repr(each.name) for each in found[:5]) + (", …" if len(found) > 5 else "")
        raise Unreadable(
            f"the ZIP file holds no geometry, only {listed or 'nothing'}",
            "[format] member names a file of it",
        )
    chosen = [each for each in data if each.suffix == ".shp"] or data
    # Two folders of one ZIP may hold files of the same name.
    names = column_names([PurePosixPath(each.name).stem for each in chosen])
    files: list[GisFile] = []
    for name, member in zip(names, chosen, strict=True):
        place = folder / str(len(files))
        place.mkdir()
        file = GisFile(place / f"{STEM}{_SUFFIXES[member.suffix]}", name)
        if member.suffix == ".shp":
            _unpack_shapefile(path, member, found, file)
        else:
            unzip(path, member, place / "packed")
            file = _placed(place / "packed", file, spec.encoding)
        files.append(file)
    return files


def _unpack_shapefile(path: Path, member: Member, found: tuple[Member, ...], file: GisFile) -> None:
    root = member.name[: -len(".shp")].casefold()
    parts = {each.suffix: each for each in found if each.name.casefold() in {root + part for part in _PARTS}}
    for needed in (".shx", ".dbf"):
        if needed not in parts:
            raise Unreadable(
                f"the shapefile {member.name!r} comes without its {needed}",
                "all of .shp .shx .dbf .prj belong in the ZIP",
            )
    for suffix, part in parts.items():
        # GDAL believes a .cpg; we do not, so it is put where GDAL does not look.
        name = CODEPAGE if suffix == ".cpg" else f"{STEM}{suffix}"
        unzip(path, part, file.path.with_name(name))


def _suffix(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"SQLite format 3\0"):
        return ".gpkg"
    if text.startswith((b"{", b"\x1e")):
        return ".json"
    if text.startswith(b"<") and b"kml" in head:
        return ".kml"
    if head.startswith(b"\0\0\x27\x0a"):
        raise Unreadable("this is one file of a shapefile", "zip its .shp, .shx, .dbf and .prj together")
    raise Unreadable(
        "this is neither a zipped shapefile nor GeoJSON, TopoJSON, GeoPackage or KML",
        "[format] kind says what it is",
    )


def _placed(path: Path, file: GisFile, declared: str | None) -> GisFile:
    """The file, now there and in UTF-8; text that could send GDAL elsewhere is refused."""
    if file.path.suffix == ".gpkg":
        file.path.symlink_to(path.resolve())
        return replace(file, encoding="utf-8")
    encoding = encoding_of(path, declared)
    with file.path.open("wb") as written:
        before = b""
        for chunk in chunks(path, encoding):
            data = chunk.encode("utf-8", "surrogatepass")
            pointer = _POINTERS.search(before + data)
            if pointer:
                raise Unreadable(
                    f"the file points elsewhere with {pointer[0].decode()!r}: that is not followed"
                )
            written.write(data)
            before = data[-64:]
    return replace(file, encoding=encoding)
