"""Which column of a source becomes which column of a dataset."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from harvesters.faults import FeedMisconfigured
from schemas.dataset import Text
from schemas.problem import did_you_mean

RESERVED = ("_id", "geometry", "bbox")
_HANGUL = re.compile(r"[ㄱ-ㆎ가-힣]")


def tidy(name: str) -> str:
    """A name in NFC, with single blanks and none at its ends."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def titled(name: str) -> Text:
    """The name as a title, Korean when it holds Hangul."""
    return Text(ko=name) if _HANGUL.search(name) else Text(en=name)


def unique(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The names, each made unique by a visible number; `a` and `A` are one name, as they are in SQL."""
    seen = {name.casefold() for name in taken}
    found = []
    for name in names:
        choice, number = name, 2
        while choice.casefold() in seen:
            choice, number = f"{name}_{number}", number + 1
        seen.add(choice.casefold())
        found.append(choice)
    return found


def our_names(theirs: list[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """{our name: name in the source} for every column; `wanted` renames some (ours = theirs).

    Raises FeedMisconfigured when the source has no such column.
    """
    tidied = dict(zip(theirs, unique(map(tidy, theirs)), strict=True))
    renamed = {ours: find(name, tidied) for ours, name in wanted.items()}
    taken = {*RESERVED, *renamed}
    rest = [name for name in theirs if name not in renamed.values()]
    kept = unique((tidied[name] for name in rest), taken)
    return {**dict(zip(kept, rest, strict=True)), **renamed}


def find(name: str, tidied: Mapping[str, str]) -> str:
    """The source's own spelling of the column that a feed calls `name`; `tidied` maps it to the tidy one."""
    for theirs, ours in tidied.items():
        if name == theirs or tidy(name) == ours:
            return theirs
    raise FeedMisconfigured(f"the source has no column {name!r}", did_you_mean(name, tidied.values()))
