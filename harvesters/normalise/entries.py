"""Turn the rows of another catalogue's list into entries of ours."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from harvesters.faults import FeedMisconfigured, SourceIncomplete
from harvesters.formats import Parsed
from harvesters.normalise.contract import Changes, Counts, Hold, judge
from harvesters.normalise.keys import names_by_key
from harvesters.normalise.names import find, tidy, titled
from harvesters.normalise.rejects import Sieve, Why, mask_of, tally
from harvesters.normalise.values.cast import Reading, cast, misfits
from harvesters.normalise.values.cells import as_given, as_text, lost_letters, lost_why
from harvesters.reading.catalogues import AS_BEFORE
from schemas.dataset import BBox, Dataset, Text
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
        aside = tally([self.rejects])
        counts = Counts(self.read - aside.rows + aside.faulty, aside.faulty, aside.cells, aside.chief_cause)
        return judge(feed, Changes(), counts, had_rows=False)


def list_entries(
    parsed: Parsed, feed: Feed, zone: ZoneInfo, published: Mapping[str, Dataset] | None = None
) -> Listed:
    """One dataset without rows for each row of the list; raises FeedMisconfigured or SourceIncomplete.

    Rows without identifier or title, and those whose identifier came before, are set aside; a date or an
    extent that cannot be read only leaves its place empty. `published` are the feed's entries by identifier:
    they keep their ids.
    """
    published = published or {}
    parsed, before = _part(parsed, published)
    if not parsed.table.column_names or (before and not len(parsed.table)):
        return Listed(before, parsed.rejects, len(before) + tally([parsed.rejects]).rows)
    sieve = Sieve(parsed.lines)
    columns = {
        name: _column(name, parsed.table[theirs], sieve, zone)
        for name, theirs in _sources(parsed, feed).items()
    }
    if "title_en" in columns:
        columns["title"] = pc.coalesce(columns["title"], columns["title_en"])
    missing = mask_of(pc.is_null(columns["title"]))
    sieve.drop_rows(missing, Why("missing_value", "an entry needs a title", "title"))
    names_by_key(columns, ["identifier"], sieve)
    kept = pa.array(sieve.kept)
    rows = pa.table({name: values.filter(kept) for name, values in columns.items()}).to_pylist()
    rejects = pa.concat_tables([parsed.rejects, sieve.rejects()])
    entries = [*before, *_entries(rows, feed, {name: entry.id for name, entry in published.items()})]
    return Listed(entries, rejects, len(entries) + tally([rejects]).rows)


def _part(parsed: Parsed, published: Mapping[str, Dataset]) -> tuple[Parsed, list[Dataset]]:
    """The rows that say something, and the entries that the others say stand as they did."""
    if AS_BEFORE not in parsed.table.column_names or not published:
        return parsed, []
    stands = pc.fill_null(parsed.table[AS_BEFORE].cast(pa.bool_()), False)
    names = parsed.table.filter(stands)["identifier"].to_pylist()
    lost = next((name for name in names if name not in published), None)
    if lost is not None:
        raise SourceIncomplete(
            f"entry {lost!r} was withdrawn while its source was read", "run the feed again"
        )
    told = pc.invert(stands)
    lines = parsed.lines.filter(told.combine_chunks())
    table = parsed.table.filter(told).drop_columns([AS_BEFORE])
    return replace(parsed, table=table, lines=lines), [published[name] for name in names]


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
    if name == "extent":
        return _extents(as_text(given), sieve)
    if name not in _TIMES:
        text = as_text(given)
        lost = lost_letters(text)
        (sieve.drop_rows if name in _NEEDED else sieve.drop_cells)(lost, lost_why(name), text)
        return pc.if_else(pa.array(lost), pa.scalar(None, pa.string()), text) if lost.any() else text
    found = cast(given, "time", Reading(zone))
    sieve.drop_cells(misfits(given, found), Why("bad_time", "the value is no time", name), given)
    return found


def _extents(texts: pa.ChunkedArray, sieve: Sieve) -> pa.ChunkedArray:
    """The boxes as lists of four degrees; what bounds no part of the earth is set aside."""
    boxes = [None if text is None else _box(text) for text in texts.to_pylist()]
    found = pa.chunked_array([pa.array(boxes, pa.list_(pa.float64()))])
    sieve.drop_cells(misfits(texts, found), Why("bad_geometry", "the value is no extent", "extent"), texts)
    return found


def _box(text: str) -> BBox | None:
    try:
        west, south, east, north = (float(edge) for edge in text.split(","))
    except ValueError:
        return None
    sound = -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90
    return (west, south, east, north) if sound else None


def _entries(rows: list[dict[str, object]], feed: Feed, ids: Mapping[str, str]) -> Iterator[Dataset]:
    taken = set(ids.values())
    for row in rows:
        text = {name: value for name, value in row.items() if isinstance(value, str)}
        id = ids.get(text["identifier"]) or entry_id(feed.id, text["identifier"], taken)
        taken.add(id)
        yield Dataset(
            id=id,
            identifier=text["identifier"],
            title=_text(text, "title"),
            description=_text(text, "description"),
            publisher=text.get("publisher", feed.publisher),
            licence=text.get("licence", feed.licence),
            feed=feed.id,
            keywords=_words(text, "keywords", feed.keywords),
            themes=_words(text, "themes", feed.themes),
            formats=_words(text, "formats", ()),
            landing_page=text.get("landing_page"),
            bbox=_bbox(row.get("extent")),
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


def _text(text: Mapping[str, str], name: str) -> Text:
    """The words in both languages where the row has both, else in the one that their letters show."""
    first, english = text.get(name), text.get(f"{name}_en")
    if first and english and first != english:
        return Text(ko=first, en=english)
    return titled(first or english or "") if first or english else Text()


def _bbox(edges: object) -> BBox | None:
    return (edges[0], edges[1], edges[2], edges[3]) if isinstance(edges, list) else None


def _words(text: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a list, written as JSON or parted by commas, semicolons or bars."""
    if name not in text:
        return default
    return tuple(dict.fromkeys(word for word in _json(text[name]) or _LIST.split(text[name]) if word))


def _json(text: str) -> list[str] | None:
    if not text.startswith("["):
        return None
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return [str(each).strip() for each in held] if isinstance(held, list) else None


def _moment(row: Mapping[str, object], name: str) -> datetime | None:
    value = row.get(name)
    return value.astimezone(UTC) if isinstance(value, datetime) else None
