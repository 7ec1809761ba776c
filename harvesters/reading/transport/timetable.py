"""What the GTFS Schedule reference demands of its files, their columns and what they refer to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from schemas.dataset import ColumnType

REQUIRED = ("agency", "stops", "routes", "trips", "stop_times")
"""Files without which there is no timetable; beside them it needs one of SERVICES."""

SERVICES = ("calendar", "calendar_dates")

COLUMNS: dict[str, tuple[str, ...]] = {
    "agency": ("agency_name",),
    "stops": ("stop_id",),
    "routes": ("route_id", "route_type"),
    "trips": ("route_id", "service_id", "trip_id"),
    "stop_times": ("trip_id", "stop_sequence"),
    "calendar": ("service_id", "start_date", "end_date"),
    "calendar_dates": ("service_id", "date", "exception_type"),
    "frequencies": ("trip_id", "start_time", "end_time", "headway_secs"),
    "shapes": ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"),
}
"""Columns without which the rows of a file mean nothing. Their order is the order of the tables."""

TIMES = {"arrival_time": "arrival_seconds", "departure_time": "departure_seconds"} | {
    "start_time": "start_seconds",
    "end_time": "end_seconds",
}
"""Times of a service day, which may pass 24:00, and the columns that count them in seconds."""

_INTEGERS = """
    stop_sequence shape_pt_sequence location_type wheelchair_boarding route_type route_sort_order direction_id
    wheelchair_accessible bikes_allowed cars_allowed pickup_type drop_off_type continuous_pickup
    continuous_drop_off timepoint monday tuesday wednesday thursday friday saturday sunday exception_type
    headway_secs exact_times transfer_type min_transfer_time transfer_duration transfers payment_method
    pathway_mode is_bidirectional traversal_time stair_count transfer_count duration_limit is_producer
    is_operator is_authority stop_access
"""
_NUMBERS = """
    stop_lat stop_lon shape_pt_lat shape_pt_lon shape_dist_traveled level_index price amount length max_slope
    min_width
"""
_TYPES: dict[str, ColumnType] = (
    dict.fromkeys(_INTEGERS.split(), "integer")  # type: ignore[assignment]
    | dict.fromkeys(_NUMBERS.split(), "number")
    | dict.fromkeys(("start_date", "end_date", "date", "feed_start_date", "feed_end_date"), "date")
    | dict.fromkeys(TIMES.values(), "integer")
    | dict.fromkeys(("parent_station", "platform_code", "feed_version"), "text")
)
_TEXTS = (
    "_id",
    "_name",
    "_code",
    "_color",
    "_time",
    "_desc",
    "_url",
    "_lang",
    "_phone",
    "_email",
    "_headsign",
)


@dataclass(frozen=True)
class Reference:
    """A column whose values must stand in `column` of one of the files `to`, where any of those is there.

    `costs` says what an unknown one is worth: its row, which means nothing without it, or the value alone.
    """

    table: str
    column: str
    to: tuple[str, ...]
    target: str
    costs: Literal["row", "cell"]


REFERENCES = (
    Reference("stop_times", "trip_id", ("trips",), "trip_id", "row"),
    Reference("stop_times", "stop_id", ("stops",), "stop_id", "row"),
    Reference("trips", "route_id", ("routes",), "route_id", "row"),
    Reference("trips", "service_id", SERVICES, "service_id", "row"),
    Reference("frequencies", "trip_id", ("trips",), "trip_id", "row"),
    Reference("transfers", "from_stop_id", ("stops",), "stop_id", "row"),
    Reference("transfers", "to_stop_id", ("stops",), "stop_id", "row"),
    Reference("pathways", "from_stop_id", ("stops",), "stop_id", "row"),
    Reference("pathways", "to_stop_id", ("stops",), "stop_id", "row"),
    Reference("trips", "shape_id", ("shapes",), "shape_id", "cell"),
    Reference("routes", "agency_id", ("agency",), "agency_id", "cell"),
    Reference("stops", "parent_station", ("stops",), "stop_id", "cell"),
    Reference("stops", "level_id", ("levels",), "level_id", "cell"),
)


def types_of(columns: Iterable[str]) -> dict[str, ColumnType]:
    """The types that the reference gives to columns: ids, names and times of a service day are text."""
    found: dict[str, ColumnType] = {}
    for name in columns:
        if name in _TYPES:
            found[name] = _TYPES[name]
        elif name.endswith(_TEXTS):
            found[name] = "text"
    return found


def missing_files(found: Iterable[str]) -> list[str]:
    """The files that a timetable must have and this one has not."""
    names = set(found)
    missing = [f"{name}.txt" for name in REQUIRED if name not in names]
    return missing if names.intersection(SERVICES) else [*missing, "calendar.txt or calendar_dates.txt"]


def in_order(found: Iterable[str]) -> list[str]:
    """The files as the reference lists them, unknown ones last."""
    known = list(COLUMNS)
    return sorted(found, key=lambda name: (known.index(name) if name in known else len(known), name))
