"""Check what a feed asks for against what the sources, formats and records have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

from pyproj import CRS
from pyproj.exceptions import CRSError

from harvesters import calls
from harvesters.dates import date_faults
from harvesters.feeds.cron import cron_fault
from harvesters.fetch.request import is_address
from harvesters.formats import ALIASES, format_kinds, format_reader
from harvesters.normalise.values.units import OtherQuantity, UnknownUnit, conversion, unit_named
from harvesters.secrets import literal_secrets
from harvesters.sources import source, source_kinds
from schemas.arrow import ID
from schemas.feed import AS_PUBLISHED, CATALOGUE_ENTRY, ENTRY_COLUMNS, Feed, FormatSpec
from schemas.problem import did_you_mean
from schemas.records import record_columns, record_names

FOR_EVERY_FORMAT = frozenset({"member"})
"""What chooses a file in an archive, whatever it is written in."""

_LOCAL = ("file", "folder", "upload")
"""Kinds of source that read from the machine's own disks and make no calls."""

_RESERVED = frozenset({ID, "bbox"})


@dataclass(frozen=True)
class Fault:
    """What is wrong with the line at `path` of a feed's file, and how to mend it."""

    path: tuple[str, ...]
    what: str
    hint: str | None = None


def feed_faults(feed: Feed) -> Iterator[Fault]:
    """Everything that a feed asks for and that is not there."""
    for rule in _RULES:
        yield from rule(feed)


def _source(feed: Feed) -> Iterator[Fault]:
    kind, options = feed.source.kind, feed.source.options
    try:
        module = source(kind)
    except LookupError:
        yield Fault(("source", "kind"), f"no source {kind!r}", did_you_mean(kind, source_kinds()))
        return
    known = module.OPTIONS | {"kind"} | (frozenset() if kind in _LOCAL else calls.OPTIONS)
    for name in sorted(options.keys() - known):
        yield Fault(("source", name), f"source {kind} has no option {name!r}", did_you_mean(name, known))
    for name in sorted(module.REQUIRED - options.keys()):
        yield Fault(("source",), f"source {kind} needs the line {name}", f'write {name} = "…" under [source]')
    for name, what in (*module.check(options), *calls.check(options)):
        yield Fault(("source", name), f"{name} {what}")
    for name, what in date_faults(options):
        yield Fault(("source", name), f"{name} {what}")
    for name in ("kind", "records") if module.FORMAT else ():
        if getattr(feed.format, name) not in (None, module.FORMAT):
            what = f"source {kind} finds the items itself and hands them on as {module.FORMAT}"
            yield Fault(("format", name), what, f"leave {name} out")


def _secrets(feed: Feed) -> Iterator[Fault]:
    for path, hint in literal_secrets(feed.source.options):
        yield Fault(path, f"{path[-1]} names a secret, it does not hold one", hint)


def _format(feed: Feed) -> Iterator[Fault]:
    spec = feed.format
    if spec.kind is not None:
        yield from _format_options(spec, spec.kind)
    if (spec.x is None) != (spec.y is None):
        yield Fault(("format",), "x and y come together", "write both, or neither to have them detected")
    if spec.encoding is not None and not _is_encoding(spec.encoding):
        yield Fault(("format", "encoding"), f"no encoding {spec.encoding!r}", "utf-8 and cp949 are detected")
    if spec.crs is not None and not _is_crs(spec.crs):
        yield Fault(("format", "crs"), f"no CRS {spec.crs!r}", "write a code such as EPSG:5186, or WKT")


def _format_options(spec: FormatSpec, kind: str) -> Iterator[Fault]:
    try:
        known = format_reader(kind).OPTIONS | FOR_EVERY_FORMAT
    except LookupError:
        yield Fault(
            ("format", "kind"), f"no format {kind!r}", did_you_mean(kind, (*format_kinds(), *ALIASES))
        )
        return
    given = {field.name for field in fields(spec) if getattr(spec, field.name) is not None} - {"kind"}
    for name in sorted(given - known):
        yield Fault(("format", name), f"format {kind} has no option {name!r}", did_you_mean(name, known))


def _record(feed: Feed) -> Iterator[Fault]:
    known = (AS_PUBLISHED, CATALOGUE_ENTRY, *record_names())
    if feed.record not in known:
        yield Fault(("record",), f"no record {feed.record!r}", did_you_mean(feed.record, known))
        return
    columns = _columns(feed.record)
    if columns is None:
        for name in sorted(_RESERVED & feed.columns.keys()):
            yield Fault(("columns", name), f"the name {name!r} is taken", "choose another for the column")
        return
    for name in feed.columns:
        if name not in columns:
            yield _no_column(("columns", name), name, feed.record, columns)
    for name in feed.key:
        if name not in columns:
            yield _no_column(("key",), name, feed.record, columns)
    if feed.time is not None and feed.time not in columns:
        yield _no_column(("time",), feed.time, feed.record, columns)
    elif feed.time is not None and columns[feed.time] not in ("time", "date"):
        says_when = [name for name, kind in columns.items() if kind in ("time", "date")]
        yield Fault(("time",), f"column {feed.time!r} does not say when", did_you_mean("", says_when))


def _no_column(path: tuple[str, ...], name: str, record: str, columns: dict[str, str]) -> Fault:
    return Fault(path, f"record {record} has no column {name!r}", did_you_mean(name, columns))


def _columns(record: str) -> dict[str, str] | None:
    """The type of each column of a record; None where the source decides."""
    if record == AS_PUBLISHED:
        return None
    if record == CATALOGUE_ENTRY:
        return {name: "time" if name in ("created", "updated") else "text" for name in ENTRY_COLUMNS}
    return {column.name: column.type for column in record_columns(record)}


def _units(feed: Feed) -> Iterator[Fault]:
    """Units that nobody knows, or that measure something else than the record's column."""
    known = record_columns(feed.record) if feed.record in record_names() else None
    measured = {column.name: column.unit for column in known or () if column.unit}
    for name, written in feed.units.items():
        try:
            unit = unit_named(written)
        except UnknownUnit as fault:
            yield Fault(("units", name), f"no unit {written!r}", fault.hint)
            continue
        if known is not None and name not in measured:
            what = f"record {feed.record} measures no {name!r}"
            yield Fault(("units", name), what, did_you_mean(name, measured))
        elif known is not None:
            try:
                conversion(unit, unit_named(measured[name]))
            except OtherQuantity as fault:
                yield Fault(("units", name), f"{name} is measured in {measured[name]}", str(fault))


def _schedule(feed: Feed) -> Iterator[Fault]:
    cron = feed.schedule.cron if feed.schedule else None
    what = cron_fault(cron) if cron is not None else None
    if what:
        yield Fault(("schedule", "cron"), f"cron {what}", 'for example "30 4 * * *": every day at 04:30')


def _is_encoding(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return False
    return True


def _is_crs(text: str) -> bool:
    try:
        CRS.from_user_input(text)
    except (CRSError, ValueError):
        return False
    return True


def _notify(feed: Feed) -> Iterator[Fault]:
    for address in feed.notify.webhook:
        if not is_address(address):
            hint = "write https://HOST/PATH, or env:NAME where the address is a secret"
            yield Fault(("notify", "webhook"), f"{address!r} is no address", hint)


_RULES: tuple[Callable[[Feed], Iterator[Fault]], ...] = (
    _source,
    _secrets,
    _format,
    _record,
    _units,
    _schedule,
    _notify,
)
