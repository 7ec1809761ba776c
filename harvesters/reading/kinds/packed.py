"""Choose the files of a ZIP that hold data."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import resolved_kind
from harvesters.reading.kinds.archives import Member
from harvesters.reading.kinds.signs import NAMES
from schemas.feed import FormatSpec
from schemas.problem import did_you_mean

_PACKED = (".zip", ".gz", ".kmz")
# Texts that tell about the data beside them, and the descriptor of a Frictionless package.
_PROSE = re.compile(r"(?i).*(read[ _-]?me|licen[cs]e|copying|notice|읽어|설명).*\.txt|datapackage\.json")


def chosen(files: tuple[Member, ...], name: str, spec: FormatSpec) -> tuple[list[Member], FormatSpec]:
    """The files to read, and how to read what is in them.

    Those that [format] member names, as a name or with `*` and `?`, in this ZIP or in one inside of it; else
    all that hold data, of one kind where the feed says which. Raises Unreadable where there are none.
    """
    data = [each for each in files if each.suffix in NAMES or each.suffix in _PACKED]
    if spec.member:
        named = [each for each in files if each.name == spec.member]
        named = named or [each for each in data if fnmatchcase(each.name, spec.member)]
        inner = [each for each in files if each.suffix == ".zip"]
        if named:
            return named, replace(spec, member=None)
        if inner:
            return inner, spec
        raise FeedMisconfigured(
            f"[format] member = {spec.member!r} is not in {name}",
            did_you_mean(spec.member, [each.name for each in files]),
        )
    if not data:
        listed = ", ".join(repr(each.name) for each in files[:8]) + (", …" if len(files) > 8 else "")
        raise Unreadable(f"{name} holds no data file, only {listed or 'nothing'}")
    return _telling(_of_kind(data, spec.kind)), spec


def _of_kind(data: list[Member], kind: str | None) -> list[Member]:
    """Those whose names promise the kind; all where none does."""
    if kind is None:
        return data
    wanted = resolved_kind(kind)
    return [each for each in data if each.suffix in _PACKED or NAMES[each.suffix] == wanted] or data


def _telling(data: list[Member]) -> list[Member]:
    """The data without the texts that tell about it."""
    plain = [each for each in data if not _PROSE.fullmatch(PurePosixPath(each.name).name)] or data
    tables = [each for each in plain if each.suffix not in (".txt", ".html", ".htm")]
    return tables or plain
