"""Read a file of a GBFS feed of shared vehicles, versions 1 to 3: its stations, vehicles, zones or plans."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import GEOMETRY, Parsed
from harvesters.reading.columnar import table_of
from harvesters.reading.delimited.encoding import read_text
from harvesters.reading.items.rows import flatten
from schemas.dataset import ColumnType
from schemas.feed import FormatSpec
from schemas.problem import did_you_mean
from schemas.run import REJECTS

OPTIONS = frozenset({"encoding", "layer", "member"})

UPDATED = "last_updated"
"""The column that says when the file was, beside what its rows say of themselves."""

_LATEST = 2**33
_TIMES = frozenset({UPDATED, "last_reported", "start", "end", "available_until"})
_TRUTHS = frozenset(
    {"is_installed", "is_renting", "is_returning", "is_reserved", "is_disabled", "is_virtual_station"}
    | {"is_valet_station", "is_charging_station", "is_charging", "is_taxable"}
)
"""What version 1 writes as 1 and 0, later ones as true and false."""

_TEXTS = ("_id", "_ids", "name", "short_name", "phone_number", "post_code", "address")


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table for each list that the file holds, mostly one; times in UTC, zones with their geometry.

    Where version 3 gives a text in several languages, the first stands under its own name and each under
    that of its language too (`name_en`). Raises Unreadable where the file is broken or is none of GBFS.
    """
    text, encoding = read_text(path, spec.encoding)
    document = _document(text)
    moment = _moment(document.get(UPDATED))
    tables = _tables(document["data"])
    for name in _chosen(tables, spec.layer):
        yield _parsed(
            tables[name],
            moment,
            name=name if len(tables) > 1 and not spec.layer else "",
            encoding=encoding,
            notes={} if moment else {"file_without_time": 1},
        )


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        where = f"{error.msg} at line {error.lineno} column {error.colno}"
        raise Unreadable(f"this is not JSON: {where}", "fetch it again") from error
    except RecursionError:
        raise Unreadable("the JSON is nested too deeply to be data") from None
    if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
        raise Unreadable(
            'this is no file of GBFS: it has no object "data"',
            "url must lead to a file such as station_status.json",
        )
    return document


def _tables(data: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What the file lists, by its names; a file that lists nothing is one row of what it says."""
    lists = {name: items for name, held in data.items() if (items := _items(held)) is not None}
    if lists:
        beside = {name: value for name, value in data.items() if name not in lists}
        return {name: [_beside(beside, each) for each in items] for name, items in lists.items()}
    languages = {name: held["feeds"] for name, held in data.items() if _lists_feeds(held)}
    if languages:
        return {"feeds": [{"language": name} | each for name, feeds in languages.items() for each in feeds]}
    return {"data": [dict(data)] if data else []}


def _beside(told: Mapping[str, Any], item: Any) -> Any:
    """The item with what the file tells beside its lists."""
    return {**told, **item} if told and isinstance(item, dict) and item.get("type") != "Feature" else item


def _items(held: Any) -> list[Any] | None:
    held = held.get("features") if isinstance(held, dict) else held
    return held if isinstance(held, list) and not _is_localised(held) else None


def _lists_feeds(held: Any) -> bool:
    return isinstance(held, dict) and isinstance(held.get("feeds"), list)


def _chosen(tables: Mapping[str, Any], layer: str | None) -> list[str]:
    if layer is not None and layer not in tables:
        raise FeedMisconfigured(f"[format] layer = {layer!r} is not in the file", did_you_mean(layer, tables))
    return [layer] if layer else list(tables)


def _parsed(
    items: list[Any], moment: datetime | None, *, name: str, encoding: str, notes: Mapping[str, int]
) -> Parsed:
    rows, shapes, lines, rejects = [], [], [], []
    for line, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            shown = json.dumps(item, ensure_ascii=False)
            rejects.append({"line": line, "scope": "row", "value": shown, "reason": "not_an_object"})
            continue
        feature = item.get("type") == "Feature"
        shapes.append(item.get("geometry") if feature else None)
        rows.append(_row(item.get("properties") or {} if feature else item, moment))
        lines.append(line)
    table = _typed(table_of(rows, [UPDATED]))
    zones = any(isinstance(each, dict) and each.get("type") == "Feature" for each in items)
    if zones:
        table = table.append_column(GEOMETRY, _wkb(shapes))
    return Parsed(
        table,
        pa.array(lines, pa.int64()),
        "gbfs",
        name,
        encoding,
        "OGC:CRS84" if zones or {"lat", "lon"} <= set(table.column_names) else None,
        pa.Table.from_pylist(rejects, schema=REJECTS),
        types=_types(table.column_names),
        repairs=notes,
    )


def _row(item: Mapping[str, Any], moment: datetime | None) -> dict[str, Any]:
    row = flatten(_spoken(item))
    for each in row.keys() & _TIMES:
        row[each] = _moment(row[each]) or row[each]
    for each in row.keys() & _TRUTHS:
        row[each] = bool(row[each]) if row[each] in (0, 1) else row[each]
    return {UPDATED: moment} | row


def _spoken(item: Mapping[str, Any]) -> dict[str, Any]:
    """The item with its texts in several languages taken apart."""
    spoken: dict[str, Any] = {}
    for name, value in item.items():
        if not _is_localised(value):
            spoken[name] = value
            continue
        spoken[name] = value[0]["text"]
        spoken |= {f"{name}_{each['language'].partition('-')[0].lower()}": each["text"] for each in value}
    return spoken


def _is_localised(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, dict) and each.keys() == {"text", "language"} for each in value)
    )


def _moment(value: Any) -> datetime | None:
    """An instant, as POSIX seconds (versions 1 and 2) or RFC 3339 (version 3); None for anything else."""
    try:
        if isinstance(value, str) and not value.isdigit():
            found = datetime.fromisoformat(value)
            return found.astimezone(UTC) if found.tzinfo else None
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LATEST else None


def _typed(table: pa.Table) -> pa.Table:
    """The table with its instants as such."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            column = table.column(place).cast(pa.timestamp("us", "UTC"))
            table = table.set_column(place, field.name, column)
    return table


def _types(names: list[str]) -> dict[str, ColumnType]:
    return {name: "text" for name in names if name.endswith(_TEXTS)}


def _wkb(shapes: list[Any]) -> pa.Array:
    """GeoJSON geometries as WKB, null where there is none."""
    written = [json.dumps(each) if each else None for each in shapes]
    try:
        found = shapely.from_geojson(np.array(written, dtype=object))
    except shapely.errors.GEOSException as error:
        raise Unreadable(f"a zone has no geometry that can be read ({error})", "ask the publisher") from error
    return pa.array(shapely.to_wkb(found), pa.binary())
