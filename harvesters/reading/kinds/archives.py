"""Unpack archives that strangers made: nothing leaves the folder, nothing grows without end."""

from __future__ import annotations

import gzip
import re
import shutil
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from harvesters.faults import Unreadable

MOST_BYTES = 4 << 30
"""What a file may unpack to that is not read as a stream."""
MOST_GROWTH = 200
"""A bomb grows a thousandfold and more; text at its most repetitive stays well below this."""
LARGE_GROWTH = 25
"""What is larger than MOST_BYTES may grow so much; tables of cities grow five- to fifteenfold."""

_EVERYDAY = re.compile("[가-힣]{2}")
_DRIVE = re.compile("[A-Za-z]:")
_SMALL = 64 << 20
_SPARE = 1 << 30
"""Bytes that an archive leaves on the disk for all else that is written there."""
_CHUNK = 1 << 20
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Member:
    """A file in a ZIP: its name as meant, its place in the archive and its size unpacked."""

    name: str
    place: int
    bytes: int

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix.lower()


def members(path: Path) -> tuple[Member, ...]:
    """The files of a ZIP, without folders and system droppings; raises Unreadable for bombs and traps."""
    with reading("the ZIP file"), zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    _refuse_bomb(sum(info.file_size for info in infos), path.stat().st_size)
    found = [
        Member(_name(info), place, info.file_size) for place, info in enumerate(infos) if not info.is_dir()
    ]
    for member in found:
        _refuse_trap(member, infos[member.place])
    if twice := [name for name, count in Counter(each.name for each in found).items() if count > 1]:
        raise Unreadable(f"the ZIP file holds {twice[0]!r} twice", "pack it again")
    return tuple(each for each in found if not _is_dropping(each.name))


def unzip(path: Path, member: Member, to: Path) -> None:
    """Write one file of a ZIP to `to`."""
    _refuse_unfit(member.name, member.bytes, to)
    with (
        reading(f"{member.name!r} in the ZIP file"),
        zipfile.ZipFile(path) as archive,
        archive.open(archive.infolist()[member.place]) as packed,
    ):
        _copy(packed, to, member.bytes)


def gunzip(path: Path, to: Path) -> None:
    """Write what a gzip file holds to `to`."""
    with reading("the gzip file"), gzip.open(path) as packed:
        _copy(packed, to, _allowed(path.stat().st_size))


def _name(info: zipfile.ZipInfo) -> str:
    """The name as its maker meant it: old archivers write Korean names in CP949 and do not say so."""
    name = info.filename.replace("\\", "/")
    if info.flag_bits & 0x800:
        return name
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for encoding in ("utf-8", "euc_kr", "cp949"):
        try:
            decoded = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        # CP949 beyond everyday Hangul is more likely a Western name in CP437.
        return decoded if encoding != "cp949" or _EVERYDAY.search(decoded) else name
    return name


def _refuse_trap(member: Member, info: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or _DRIVE.match(member.name):
        raise Unreadable(f"the ZIP file holds {member.name!r}, which points outside of it")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Unreadable(f"the ZIP file holds {member.name!r}, which is a link", "pack the file itself")


def _is_dropping(name: str) -> bool:
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name in (".DS_Store", "Thumbs.db", "desktop.ini")


def _allowed(packed: int) -> int:
    return max(min(MOST_BYTES, max(_SMALL, packed * MOST_GROWTH)), packed * LARGE_GROWTH)


def _refuse_bomb(unpacked: int, packed: int) -> None:
    if unpacked > _allowed(packed):
        raise Unreadable(
            f"{packed:,} bytes would unpack to {unpacked:,}",
            "archives this dense are refused: publish it unpacked",
        )


def _refuse_unfit(name: str, size: int, to: Path) -> None:
    free = shutil.disk_usage(to.parent).free
    if size > free - _SPARE:
        raise Unreadable(
            f"{name!r} in the ZIP file needs {size:,} bytes, and the disk has {free:,}",
            "make room where ENTREPOT_DATA lies",
        )


def _copy(packed: IO[bytes] | gzip.GzipFile, to: Path, limit: int) -> None:
    written = 0
    with to.open("wb") as file:
        while data := packed.read(_CHUNK):
            written += len(data)
            if written > limit:
                raise Unreadable(f"the archive unpacks to more than {limit:,} bytes", "publish it unpacked")
            file.write(data)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn what goes wrong inside an archive into one sentence about `what`."""
    try:
        yield
    except _BROKEN as error:
        hint = "publish it without a password" if "password" in str(error) else "fetch or pack it again"
        raise Unreadable(f"{what} cannot be unpacked ({error})", hint) from error
