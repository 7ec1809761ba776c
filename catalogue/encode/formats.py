"""The formats rows come in: what each is called, and which need a place on earth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catalogue.geometry import geometry_column
from schemas.dataset import Column
from schemas.problem import BadInput, InputError, did_you_mean

EXPORT_FORMATS: Mapping[str, tuple[str, str]] = {
    "csv": ("text/csv; charset=utf-8", "csv"),
    "geojson": ("application/geo+json", "geojson"),
    "geojson-seq": ("application/geo+json-seq", "geojsons"),
    "ndjson": ("application/x-ndjson", "ndjson"),
    "parquet": ("application/vnd.apache.parquet", "parquet"),
    "arrow": ("application/vnd.apache.arrow.stream", "arrows"),
    "fgb": ("application/vnd.flatgeobuf", "fgb"),
    "gpkg": ("application/geopackage+sqlite3", "gpkg"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
}
"""Media type and file extension of each format a whole snapshot can have."""
PAGE_FORMATS: Mapping[str, tuple[str, str]] = {"json": ("application/json", "json"), **EXPORT_FORMATS}
"""Media type and file extension of each format a page can have."""
PACKINGS: Mapping[str, str] = {"gz": "application/gzip", "zst": "application/zstd"}
"""Media type of each packing, by the ending of its files."""
DOWNLOADS: Mapping[str, tuple[str, str]] = {
    **EXPORT_FORMATS,
    "pmtiles": ("application/vnd.pmtiles", "pmtiles"),
} | {
    f"{name}.{ending}": (media_type, f"{EXPORT_FORMATS[name][1]}.{ending}")
    for name in ("csv", "ndjson", "geojson", "geojson-seq")
    for ending, media_type in PACKINGS.items()
}
"""Media type and extension of each file of a whole snapshot: texts come packed, too; the rest already is."""

_PLACED = frozenset({"geojson", "geojson-seq", "fgb", "gpkg", "pmtiles"})


def fitting(columns: Sequence[Column], formats: Mapping[str, tuple[str, str]] = EXPORT_FORMATS) -> list[str]:
    """The formats that rows of these columns can have."""
    placed = geometry_column(tuple(columns)) is not None
    return [name for name in formats if placed or name.partition(".")[0] not in _PLACED]


def check(format: str, columns: Sequence[Column], formats: Mapping[str, tuple[str, str]], of: str) -> None:
    """Raises BadInput for a format that is unknown, or that needs a geometry where there is none."""
    if format not in formats:
        hint = did_you_mean(format, formats)
        raise BadInput([InputError("format", f"{format!r} is not a format of {of}", hint)])
    if format not in fitting(columns, formats):
        hint = "ask for one of " + ", ".join(fitting(columns, formats))
        raise BadInput([InputError("format", f"{format} places rows, and these rows have no geometry", hint)])
