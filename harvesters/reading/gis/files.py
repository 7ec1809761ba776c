"""Put a file of geometries where GDAL can read it, and nothing else with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np
import orjson

from harvesters.faults import Unreadable
from harvesters.reading.delimited.encoding import encoding_of, read_text, utf8_chunks, utf8_prefix
from harvesters.reading.gis.kinds import (
    BY_SUFFIX,
    EXCHANGE,
    GEODATABASE,
    JSON,
    MAPINFO,
    SHAPEFILE,
    Kind,
    kind_of_content,
)
from harvesters.reading.gis.mapinfo import settle_charset
from harvesters.reading.gis.shapefile import CODEPAGE, restore_index
from harvesters.reading.headers import column_names
from harvesters.reading.kinds import marks
from harvesters.reading.kinds.archives import Member, members, unzip
from schemas.feed import FormatSpec

STEM = "data"
"""The name of every file that GDAL sees: names of strangers could mean something to it."""

_DATA = frozenset({*BY_SUFFIX, ".csv", ".tsv", ".xls", ".xlsx", ".dbf", ".ods", ".parquet"})
_IN_GEODATABASE = re.compile(r"(?:a[0-9a-f]{8}\.[\w.]+|gdb|timestamps)", re.IGNORECASE)
# These make GDAL open what they name: other files, addresses, pipelines.
_POINTERS = re.compile(rb"<(?:OGRVRT|VRTDataset|GDAL_W|OGRWFS|OGCAPI|!ENTITY)")
_PIPELINE = b"gdal_streamed_alg"
_DOCTYPE = re.compile(rb"<!DOCTYPE\b[^>]{0,60}")
# GDAL would ask the address by which a GeoJSON may name its CRS, also where a key is written in escapes.
_INNER = rb"[^{}]*+(?:\{[^{}]*+(?:\{[^{}]*+\}[^{}]*+)*+\}[^{}]*+)*+"
_CRS = re.compile(rb'"(?:c|\\u0063)(?:r|\\u0072)(?:s|\\u0073)"\s*:\s*\{(' + _INNER + rb")", re.IGNORECASE)
_ADDRESS = re.compile(rb'"(?:href|url)"|\\u', re.IGNORECASE)
_OVERLAP = 2048
# A server that cuts its answer says so in it.
_CUT = re.compile(rb'"exceededTransferLimit"\s*:\s*true')
_DECLARATION = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml\b[^>]*\?>\s*)?")


@dataclass(frozen=True)
class GisFile:
    """A file in a folder of its own, of a kind that GDAL may open; `name` is what its publisher called it.

    `repairs` counts what had to be mended for it to be read.
    """

    path: Path
    name: str
    kind: Kind
    encoding: str | None = None
    repairs: dict[str, int] = field(default_factory=dict)


def gis_files(path: Path, spec: FormatSpec, folder: Path) -> list[GisFile]:
    """The file itself, or those of a ZIP that belong together; raises Unreadable."""
    with path.open("rb") as content:
        head = content.read(4096)
    if not head.startswith(b"PK"):
        kind = kind_of_content(head)
        return [_placed(path, GisFile(folder / f"{STEM}{kind.suffix}", path.stem, kind), spec.encoding)]
    found = members(path)
    chosen = _chosen(found, spec.member)
    # Two folders of one ZIP may hold files of the same name.
    names = _distinct([place.stem for place, _ in chosen])
    files: list[GisFile] = []
    for name, (place, kind) in zip(names, chosen, strict=True):
        inside = folder / str(len(files))
        inside.mkdir()
        file = GisFile(inside / f"{STEM}{kind.suffix}", name, kind)
        files.append(_unpacked(path, place, found, file, spec.encoding))
    if spec.member is None and (beside := _beside(found, chosen)):
        files[0].repairs["files_not_read"] = beside
    return files


def _beside(found: tuple[Member, ...], chosen: list[tuple[PurePosixPath, Kind]]) -> int:
    """How many files of data in a ZIP belong to none of the chosen places."""
    roots = {str(place.with_suffix("")).casefold() for place, _ in chosen}
    return sum(
        each.suffix in _DATA and str(PurePosixPath(each.name).with_suffix("")).casefold() not in roots
        for each in found
    )


def _distinct(stems: list[str]) -> list[str]:
    """The names, numbered where they repeat, also but for capitals: ids of datasets have none."""
    numbered = column_names([stem.casefold() for stem in stems])
    return [stem if name == stem.casefold() else name for stem, name in zip(stems, numbered, strict=True)]


def _chosen(found: tuple[Member, ...], wanted: str | None) -> list[tuple[PurePosixPath, Kind]]:
    """The places in a ZIP that hold geometries: of several ways to write the same data the richest."""
    places = dict(_places(found, wanted))
    for kind in (SHAPEFILE, GEODATABASE, MAPINFO, EXCHANGE):
        if kind in places.values():
            return [(place, each) for place, each in places.items() if each is kind]
    others = {place: kind for place, kind in places.items() if place.suffix.lower() != ".json"}
    if places:
        return list((others or places).items())
    listed = ", ".join(repr(each.name) for each in found[:5]) + (", …" if len(found) > 5 else "")
    raise Unreadable(
        f"the ZIP file holds no geometry, only {listed or 'nothing'}",
        "[format] member names a file of it",
    )


def _places(found: tuple[Member, ...], wanted: str | None) -> Iterator[tuple[PurePosixPath, Kind]]:
    for each in found:
        place = PurePosixPath(each.name)
        folders = [parent for parent in place.parents if parent.suffix.lower() == GEODATABASE.suffix]
        if folders:
            if wanted in (None, each.name, str(folders[0])):
                yield folders[0], GEODATABASE
        elif each.suffix in BY_SUFFIX and wanted in (None, each.name):
            yield place, BY_SUFFIX[each.suffix]


def _unpacked(
    path: Path, place: PurePosixPath, found: tuple[Member, ...], file: GisFile, declared: str | None
) -> GisFile:
    if file.kind.parts:
        return _unpack_parts(path, place, found, file, declared)
    if file.kind is GEODATABASE:
        file.path.mkdir()
        for member in found:
            name = PurePosixPath(member.name)
            if name.parent == place and _IN_GEODATABASE.fullmatch(name.name):
                unzip(path, member, file.path / name.name)
        return replace(file, encoding="utf-8")
    packed = file.path.with_name("packed")
    unzip(path, next(each for each in found if each.name == str(place)), packed)
    return _placed(packed, file, declared)


def _unpack_parts(
    path: Path, place: PurePosixPath, found: tuple[Member, ...], file: GisFile, declared: str | None
) -> GisFile:
    """Unpack the files that make a layer together; they have one name and different endings."""
    root = str(place.with_suffix("")).casefold()
    parts = {each.suffix: each for each in found if each.name.casefold()[: -len(each.suffix)] == root}
    for needed in file.kind.needed:
        if needed not in parts:
            raise Unreadable(
                f"{place.name!r} comes without its {needed}",
                f"all of {' '.join(file.kind.parts)} belong in the ZIP",
            )
    for suffix in file.kind.parts:
        if suffix in parts:
            # GDAL believes a .cpg; we do not, so it is put where GDAL does not look.
            name = CODEPAGE if suffix == ".cpg" else f"{STEM}{suffix}"
            unzip(path, parts[suffix], file.path.with_name(name))
    if file.kind in (MAPINFO, EXCHANGE):
        texts = file.path.with_suffix(".dat" if file.kind is MAPINFO else ".mid")
        return replace(file, encoding=settle_charset(file.path, texts, declared))
    if file.kind is SHAPEFILE and ".shx" not in parts:
        restore_index(file.path, place.name)
        return replace(file, repairs={"index_restored": 1})
    return file


def _placed(path: Path, file: GisFile, declared: str | None) -> GisFile:
    """The file, now there and in UTF-8; text that could send GDAL elsewhere is refused."""
    if not file.kind.text:
        file.path.symlink_to(path.resolve())
        return replace(file, encoding="utf-8")
    encoding = encoding_of(path, declared)
    if file.kind is JSON and _is_lone_place(path):
        text, encoding = read_text(path, declared)
        _refuse(text.encode("utf-8", "surrogatepass"), file.kind)
        file.path.write_bytes(_as_feature(text, file.name))
    elif file.kind is JSON and encoding == "utf-8" and _is_sound(path):
        file.path.symlink_to(path.resolve())
    else:
        _rewrite(path, encoding, file)
    return replace(file, encoding=encoding)


def _is_sound(path: Path) -> bool:
    """Whether a JSON is UTF-8 to its end and may be read as it is; raises Unreadable where it may not."""
    size, before = 0, b""
    for data in utf8_prefix(path):
        _refuse(before[-_OVERLAP:] + data, JSON)
        size, before = size + len(data), data
    return size == path.stat().st_size


def _rewrite(path: Path, encoding: str, file: GisFile) -> None:
    """Write a text in UTF-8, and without saying that it is in another encoding."""
    with file.path.open("wb") as written:
        before = b""
        for data in utf8_chunks(path, encoding):
            _refuse(before[-_OVERLAP:] + data, file.kind)
            # The declared encoding was that of the bytes; what is written is UTF-8.
            written.write(data if before or file.kind is JSON else _DECLARATION.sub(b"", data))
            before = data


def _may_name_a_crs(data: bytes) -> bool:
    """Whether it is worth to look for the member, which is slow; few stretches of a file hold its name."""
    if b"\\" in data and (b"\\u00" in data or b"\\U00" in data):
        return True
    # Three letters in capitals or not, before a quote.
    letters = np.frombuffer(data, np.uint8)
    small = letters | 0x20
    ends = (letters[3:] == ord('"')) & (small[2:-1] == ord("s")) & (small[1:-2] == ord("r"))
    return bool((ends & (small[:-3] == ord("c"))).any())


def _is_lone_place(path: Path) -> bool:
    with path.open("rb") as content:
        return marks.is_lone_place(content.read(marks.HEAD))


def _as_feature(text: str, name: str) -> bytes:
    """An object with a geometry as a GeoJSON feature, its other members as properties."""
    try:
        place = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"{name} is no JSON ({error})", "fetch it again") from error
    properties = {key: value for key, value in place.items() if key != "geometry"}
    return orjson.dumps({"type": "Feature", "properties": properties, "geometry": place["geometry"]})


def _refuse(data: bytes, kind: Kind) -> None:
    pointer = _POINTERS.search(data) or (kind is not JSON and _DOCTYPE.search(data))
    # Words are found ten times quicker than patterns.
    pointer = pointer or (_PIPELINE in data and re.search(_PIPELINE, data))
    if pointer:
        shown = pointer[0].decode("utf-8", "replace")
        raise Unreadable(f"the file points elsewhere with {shown!r}: that is not followed")
    if (
        kind is JSON
        and _may_name_a_crs(data)
        and any(_ADDRESS.search(each[1]) for each in _CRS.finditer(data))
    ):
        raise Unreadable(
            "the file names its CRS by an address: that is not followed", 'write [format] crs = "EPSG:…"'
        )
    if kind is JSON and b"exceededTransferLimit" in data and _CUT.search(data):
        raise Unreadable(
            "the server cut its answer and says so (exceededTransferLimit)",
            'read it page by page with [source] kind = "arcgis"',
        )
