"""Answer the trials that stewards ask for: try and compare, and take in a feed only where that is asked."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from catalogue import Catalogue
from harvesters.comparison import Comparison
from harvesters.faults import FeedMisconfigured, HarvestFault
from harvesters.feeds.uploaded import UPLOAD, uploaded_feed, with_data
from harvesters.lease import LEASE, pulsing
from harvesters.run import Harvester
from harvesters.tryout import Bench, Tried, try_feed
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.steward import Trial

log = logging.getLogger(__name__)
Feeds: TypeAlias = Callable[[], Mapping[str, Feed]]
LONGEST = timedelta(minutes=15)
"""How long a trial may take: afterwards another worker tries, once."""
_REJECTS = 100
_TRIAL = "trial"
"""The id of a feed that was given none: nothing is published under it."""


@dataclass(frozen=True)
class _Asked:
    """What a trial tries: a feed, whether it is only guessed, and the file that came along."""

    feed: Feed
    guessed: bool
    file: Path | None


def next_trial(harvester: Harvester, worker: str, feeds: Feeds, lease: timedelta = LEASE) -> bool:
    """Answer the trial that waits longest; False where none waits. `feeds` gives those that stand.

    A worker that dies is not heard of any more, and another takes the trial up after the lease.
    """
    trials = harvester.catalogue.trials
    trial = trials.claim(worker, lease)
    if trial is None:
        return False
    end = time.monotonic() + LONGEST.total_seconds()

    def beat() -> bool:
        return time.monotonic() < end and trials.heartbeat(trial.trial, worker, lease)

    with pulsing(beat, lease, trial.trial):
        found = answer(trial, trials.data(trial), harvester, feeds)
    trials.finish(trial.trial, worker, found)
    log.info("trial=%s by=%s refused=%s", trial.trial, trial.by, found.get("refused"))
    return True


def answer(trial: Trial, file: Path | None, harvester: Harvester, feeds: Feeds) -> dict[str, Any]:
    """What came of a trial of `file`, or of what it names, as JSON: `tables`, or why it was `refused`, with
    `errors` of the feed's text; where it was asked for, whether the feed was `published`, or `why` not, and
    what its run `waits` for."""
    # What comes out of a source may hold numbers that no JSON takes.
    plain: dict[str, Any] = orjson.loads(orjson.dumps(_answer(trial, file, harvester, feeds), default=str))
    return plain


def _answer(trial: Trial, file: Path | None, harvester: Harvester, feeds: Feeds) -> dict[str, Any]:
    try:
        asked = _asked(trial, file, harvester, feeds)
        if trial.asked.get("publish"):
            _check_free(asked, trial, feeds())
        tables = _try(asked, harvester)
        return {"tables": [_item(table) for table in tables], **_publish(trial, asked, tables, harvester)}
    except BadInput as bad:
        errors = [{"where": e.where, "what": e.what, "hint": e.hint} for e in bad.errors]
        refused = {"refused": "the feed cannot be tried as it is written", "reason": FeedMisconfigured.reason}
        return {**refused, "errors": errors}
    except HarvestFault as fault:
        return {"refused": str(fault), "reason": fault.reason}
    except Exception as fault:  # The last handler: no trial takes the worker down with it.
        log.exception("trial=%s", trial.trial)
        said = f"unexpected fault: {type(fault).__name__}; the log of the worker says more"
        return {"refused": said, "reason": HarvestFault.reason}


def _asked(trial: Trial, file: Path | None, harvester: Harvester, feeds: Feeds) -> _Asked:
    """The feed to try: as its text says, or that of its id, but from the file or address that was given."""
    asked = trial.asked
    feed = _feed(asked, feeds)
    if file is not None and asked.get("publish") and feed.source.kind != UPLOAD:
        what = f"the feed reads a source of kind {feed.source.kind}, and a file was sent"
        raise BadInput([InputError(f"{feed.id}.toml", what, 'write kind = "upload", or leave the file out')])
    if "url" in asked:
        feed = replace(feed, source=SourceSpec("url", {"url": asked["url"]}))
    elif file is not None:
        feed = with_data(feed, file, asked.get("name"))
    elif feed.source.kind == UPLOAD:
        feed = _with_former(feed, harvester.catalogue)
    return _Asked(feed, guessed=not asked.keys() & {"feed", "id"}, file=file)


def _feed(asked: Mapping[str, Any], feeds: Feeds) -> Feed:
    id = asked.get("id")
    if "feed" in asked:
        return uploaded_feed(id or _TRIAL, asked["feed"])
    if id is None:
        return Feed(_TRIAL, Text(), "unknown", "unknown", SourceSpec(UPLOAD))
    standing = feeds()
    if id not in standing:
        hint = did_you_mean(id, standing) if standing else None
        raise BadInput([InputError("id", f"there is no feed {id!r}; send its text", hint)])
    return standing[id]


def _with_former(feed: Feed, catalogue: Catalogue) -> Feed:
    """The feed with the file that was uploaded under its id before, if there was one."""
    for each in catalogue.uploaded_feeds.list():
        if each.feed == feed.id:
            return with_data(feed, catalogue.uploaded_feeds.data(each), each.name)
    return feed


def _check_free(asked: _Asked, trial: Trial, feeds: Mapping[str, Feed]) -> None:
    """An id of a feed in a folder is not to be had; uploaded ones are replaced."""
    id, standing = asked.feed.id, feeds.get(asked.feed.id)
    if standing is not None and standing.folder != Path():  # Those that were uploaded lie in none.
        hint = "an operator changes it there; upload under another id"
        raise BadInput([InputError("id", f"feed {id} stands in a folder of the city", hint)])


def _try(asked: _Asked, harvester: Harvester) -> list[Tried]:
    # No secrets: a trial could send them where its steward says.
    bench = Bench(harvester.fetch, harvester.work, harvester.extent, harvester.zone)
    if asked.guessed:
        return try_feed(asked.feed, replace(bench, anywhere=True))
    return try_feed(asked.feed, replace(bench, standing=Comparison(harvester.catalogue)))


def _item(table: Tried) -> dict[str, Any]:
    return table.as_item() | {"first": table.first, "rejects": table.rejects[:_REJECTS]}


def _publish(trial: Trial, asked: _Asked, tables: list[Tried], harvester: Harvester) -> dict[str, Any]:
    """Upload the feed and ask for its run, where that is wanted and nothing speaks against it, or only a
    change of columns: then the run is held until a steward approves what the trial has shown."""
    if not trial.asked.get("publish"):
        return {}
    held = [table for table in tables if table.hold]
    why = "; ".join(table.hold.detail for table in held if table.hold)
    if not all(table.approvable for table in held):
        return {"published": False, "why": why}
    feeds, id, text = harvester.catalogue.uploaded_feeds, asked.feed.id, trial.asked["feed"]
    if asked.file is None:
        feeds.put(id, text, trial.by)
    else:
        with asked.file.open("rb") as data:
            feeds.put(id, text, trial.by, (trial.asked.get("name") or "upload", data))
    waits = {"waits": why} if held else {}
    return {"published": True, "run": harvester.catalogue.request_run(id, "portal")} | waits
