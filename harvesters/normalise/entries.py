"""Turn the rows of another catalogue's list into entries of ours."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from harvesters.faults import FeedMisconfigured
from harvesters.formats import Parsed
from harvesters.normalise.cast import Reading, cast, misfits
from harvesters.normalise.cells import as_given, as_text, lost_letters, lost_why
from harvesters.normalise.contract import Changes, Counts, Hold, judge
from harvesters.normalise.keys import names_by_key
from harvesters.normalise.names import find, tidy, titled
from harvesters.normalise.rejects import Sieve, Why, chief_cause, mask_of, rejected_rows
from schemas.dataset import Dataset, Text
from schemas.feed import ENTRY_COLUMNS, Feed

_NEEDED = ("identifier", "title")
_TIMES = ("created", "updated")
_FOREIGN = re.compile(r"[^a-z0-9_-]+")
_LIST = re.compile(r"\s*[,;|]\s*")
_LONGEST = 100


@dataclass(frozen=True)
class Listed:
    """The entries of a list, what was set aside, and the number of rows read."""

    entries: list[Dataset]
    rejects: pa.Table
    read: int

    def hold(self, feed: Feed) -> Hold | None:
        """Why the feed's contract does not let the list in; None when it does."""
        dropped = self.read - len(self.entries)
        cells = len(self.rejects) - dropped
        counts = Counts(self.read, dropped, cells, chief_cause(self.rejects))
        return judge(feed, Changes(), counts, had_rows=False)


def list_entries(parsed: Parsed, feed: Feed, zone: ZoneInfo) -> Listed:
    """One dataset without rows for each row of the list; raises FeedMisconfigured.

    Rows without identifier or title, and those whose identifier came before, are set aside; a date that
    cannot be read only leaves its place empty.
    """
    sieve = Sieve(parsed.lines)
    columns = {
        name: _column(name, parsed.table[theirs], sieve, zone)
        for name, theirs in _sources(parsed, feed).items()
    }
    missing = mask_of(pc.is_null(columns["title"]))
    sieve.drop_rows(missing, Why("missing_value", "an entry needs a title", "title"))
    names_by_key(columns, ["identifier"], sieve)
    kept = pa.array(sieve.kept)
    rows = pa.table({name: values.filter(kept) for name, values in columns.items()}).to_pylist()
    rejects = pa.concat_tables([parsed.rejects, sieve.rejects()])
    return Listed(list(_entries(rows, feed)), rejects, len(rows) + rejected_rows(rejects))


def _sources(parsed: Parsed, feed: Feed) -> dict[str, str]:
    """{field of an entry: column of the list}; a column of the field's own name needs no line."""
    tidied = {name: tidy(name) for name in parsed.table.column_names}
    found = {name: theirs for theirs, name in tidied.items() if name in ENTRY_COLUMNS}
    found |= {ours: find(theirs, tidied) for ours, theirs in feed.columns.items()}
    for name in _NEEDED:
        if name not in found:
            raise FeedMisconfigured(
                f"feed {feed.id}: an entry needs {name}",
                f'write [columns] {name} = "the list\'s name for it"',
            )
    return found


def _column(name: str, written: pa.ChunkedArray, sieve: Sieve, zone: ZoneInfo) -> pa.ChunkedArray:
    given = as_given(written)
    if name not in _TIMES:
        text = as_text(given)
        lost = lost_letters(text)
        (sieve.drop_rows if name in _NEEDED else sieve.drop_cells)(lost, lost_why(name), text)
        return pc.if_else(pa.array(lost), pa.scalar(None, pa.string()), text) if lost.any() else text
    found = cast(given, "time", Reading(zone))
    sieve.drop_cells(misfits(given, found), Why("bad_time", "the value is no time", name), given)
    return found


def _entries(rows: list[dict[str, object]], feed: Feed) -> Iterator[Dataset]:
    taken: set[str] = set()
    for row in rows:
        text = {name: value for name, value in row.items() if isinstance(value, str)}
        id = entry_id(feed.id, text["identifier"], taken)
        taken.add(id)
        yield Dataset(
            id=id,
            identifier=text["identifier"],
            title=titled(text["title"]),
            description=titled(text["description"]) if "description" in text else Text(),
            publisher=text.get("publisher", feed.publisher),
            licence=text.get("licence", feed.licence),
            feed=feed.id,
            keywords=_words(text, "keywords", feed.keywords),
            themes=_words(text, "themes", feed.themes),
            formats=_words(text, "formats", ()),
            landing_page=text.get("landing_page"),
            created=_moment(row, "created"),
            updated=_moment(row, "updated"),
        )


def entry_id(feed: str, identifier: str, taken: set[str]) -> str:
    """FEED-IDENTIFIER, with a digest of the identifier where letters had to be left out or it is taken."""
    plain = _FOREIGN.sub("-", identifier.lower()).strip("-")
    id = f"{feed}-{plain}"
    if plain == identifier.lower() and len(id) <= _LONGEST and id not in taken:
        return id
    digest = hashlib.sha256(identifier.encode()).hexdigest()[:10]
    return f"{feed}-{plain}"[: _LONGEST - 11].rstrip("-") + f"-{digest}"


def _words(text: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    if name not in text:
        return default
    return tuple(dict.fromkeys(word for word in _LIST.split(text[name]) if word))


def _moment(row: Mapping[str, object], name: str) -> datetime | None:
    value = row.get(name)
    return value.astimezone(UTC) if isinstance(value, datetime) else None
