"""Try each part of an installation and say what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from config.faults import explain
from config.settings import Settings
from config.wiring import migrate, open_catalogue_of, plans_of, secrets_of
from harvesters.feeds import read_feeds
from schemas.problem import BadInput
from schemas.query import SearchQuery


def checks(settings: Settings) -> Iterator[dict[str, str]]:
    """Each part with `ok` and what was seen, or `failed` and why."""
    parts: dict[str, Callable[[Settings], str]] = {
        "database": _database,
        "catalogue": _catalogue,
        "search": _search,
        "plans": lambda settings: ", ".join(plans_of(settings)),
        "secrets": lambda settings: f"{secrets_of(settings).version} in use",
        "feeds": _feeds,
    }
    for part, look in parts.items():
        try:
            yield {"part": part, "state": "ok", "detail": look(settings)}
        except Exception as fault:  # noqa: BLE001  (one part that fails keeps none from being looked at)
            yield {"part": part, "state": "failed", "detail": explain(fault)[1]}


def _database(settings: Settings) -> str:
    migrate(settings)
    return settings.database.rpartition("@")[2]


def _catalogue(settings: Settings) -> str:
    with open_catalogue_of(settings) as catalogue:
        return f"{len(catalogue.ids()):,} datasets"


def _search(settings: Settings) -> str:
    with open_catalogue_of(settings) as catalogue:
        return f"{catalogue.find(SearchQuery(limit=1)).total:,} in the index"


def _feeds(settings: Settings) -> str:
    found = read_feeds(settings.feeds)
    if found.faults:
        raise BadInput([error for fault in found.faults for error in fault.errors])
    return f"{len(found.feeds):,} feeds"
