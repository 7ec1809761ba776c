"""What other catalogues say of their datasets, in whatever language they say it, as rows of one shape."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields

import pyarrow as pa

from harvesters.formats import Parsed

AS_BEFORE = "stands_as_before"
"""The column, true or null, by which a source says of a published entry that it was told of no change."""


@dataclass(frozen=True)
class Entry:
    """One dataset of another catalogue; the fields are ENTRY_COLUMNS, texts as they are published.

    `title` and `description` are Korean where there is a second one in English. `extent` is west, south,
    east, north in degrees, parted by commas. Times are ISO 8601.
    """

    identifier: str | None = None
    title: str | None = None
    title_en: str | None = None
    description: str | None = None
    description_en: str | None = None
    publisher: str | None = None
    themes: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    licence: str | None = None
    formats: tuple[str, ...] = ()
    landing_page: str | None = None
    extent: str | None = None
    created: str | None = None
    updated: str | None = None

    def row(self) -> dict[str, str | None]:
        """The fields as text, lists as JSON; None for what is not said."""
        return {field.name: _text(getattr(self, field.name)) for field in fields(self)}


def table_of_entries(entries: Iterable[Entry], kind: str, encoding: str | None = None) -> Parsed:
    """A table of one row for each entry, every column there whether anything is said in it or not."""
    rows = [entry.row() for entry in entries]
    schema = pa.schema([(field.name, pa.string()) for field in fields(Entry)])
    lines = pa.array(range(1, len(rows) + 1), pa.int64())
    table = pa.Table.from_pylist(rows, schema=schema)
    return Parsed(table, lines, kind, encoding=encoding, types=dict.fromkeys(_TEXTS, "text"))


_TEXTS = [field.name for field in fields(Entry) if field.name not in ("created", "updated")]


def words(values: Iterable[object]) -> tuple[str, ...]:
    """The texts among some values, tidied, each once and in their order."""
    texts = (" ".join(value.split()) for value in values if isinstance(value, str))
    return tuple(dict.fromkeys(text for text in texts if text))


def plain(value: object) -> str | None:
    """A text without the blanks around it, a number as text; None for anything else or nothing."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return (value.strip() or None) if isinstance(value, str) else None


def formats(values: Iterable[object]) -> tuple[str, ...]:
    """Names of formats as short words: `text/csv`, `.CSV` and an address that ends in `/CSV` are `csv`.

    What says that it is a link, as GeoNetwork's `WWW:LINK-1.0-http--link`, is no format.
    """
    named = (text for text in words(values) if not text.lower().startswith("www:"))
    return tuple(dict.fromkeys(_format(text) for text in named))


def box(edges: Iterable[float]) -> str | None:
    """West, south, east, north as the text of `extent`; None where they bound no part of the earth.

    West of the antimeridian and east of it, a box may span half the earth: more means that they are swapped.
    """
    west, south, east, north = edges
    sound = -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90
    sound = sound and (west <= east or west - east >= 180)
    return ",".join(f"{edge:.9g}" for edge in (west, south, east, north)) if sound else None


_MEDIA = {
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls", "application/msword": "doc",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.geo+json": "geojson", "application/geo+json": "geojson",
    "application/ld+json": "json-ld", "application/rdf+xml": "rdf", "text/turtle": "turtle",
    "application/vnd.google-earth.kml+xml": "kml", "application/vnd.google-earth.kmz": "kmz",
    "application/gml+xml": "gml", "application/geopackage+sqlite3": "gpkg",
    "application/x-zip-compressed": "zip", "application/x-shapefile": "shapefile", "shp": "shapefile",
    "application/vnd.apache.parquet": "parquet", "text/plain": "txt", "text/tab-separated-values": "tsv",
    "application/atom+xml": "atom", "application/rss+xml": "rss", "application/octet-stream": "binary",
    "web page": "html",
}  # fmt: skip


def _format(text: str) -> str:
    word = text.lower().partition(";")[0].strip()
    for prefix in ("http://", "https://"):
        if word.startswith(prefix):
            # IANA's addresses end in both halves of a media type, others in the format's name.
            word = (
                word.partition("/media-types/")[2] or word.rstrip("/#").replace("#", "/").rpartition("/")[2]
            )
    if word in _MEDIA:
        return _MEDIA[word]
    kind, _, name = word.partition("/")
    word = word.removeprefix("ogc:")
    return name if name and kind in ("text", "application", "image", "video", "audio") else word.lstrip(".")


def _text(value: object) -> str | None:
    if isinstance(value, tuple):
        return _text(json.dumps(value, ensure_ascii=False)) if value else None
    # Half of a character outside the basic plane, as titles cut short end in, is no text.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None
