"""Say in a steward's words how a feed is, what is wrong with it, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from catalogue import Catalogue, Promise, judge
from harvesters.freshness import promise
from harvesters.pauses import Pause, pause_of
from harvesters.schedule import in_force, next_fire
from harvesters.worker import quiet_runs
from schemas.feed import Feed
from schemas.run import FeedHealth, Run

_RUNS = 5
_HELD = {
    "schema_changed": 'name its columns under [columns], or write contract = "evolve"',
    "frozen": 'write another contract than "freeze" where such changes are to be let in',
    "too_many_rejects": "mend what the rejects say, or raise reject_limit",
    "mass_deletion": "ask the publisher whether so much is really gone",
    "empty": "ask the publisher whether there is really nothing left",
}
_FAILED = {
    "source_unavailable": "if that lasts, ask the publisher, or mend the address under [source]",
    "source_refused": "see whether the key is valid, the address right and the feed not run too often",
    "too_large": "write the line that the fault names into {file}",
    "quota_spent": "run the feed less often, or ask the publisher for more calls",
    "source_incomplete": "if that lasts, tell the publisher that the source gives less than it says it holds",
    "unreadable": "see what the source gives now with: entrepot feeds try --feed {file}; then mend [format]",
    "misconfigured": "mend {file}",
    "closed": "restore what it publishes where it is to go on",
    "deadline": "see whether the source hangs, or part the feed into smaller ones",
}


@dataclass(frozen=True)
class Advice:
    """How a feed is, for a person: `wrong` and `todo` are sentences, empty where there is nothing to do.

    `next_run` is when the schedule asks again, `interval` the seconds between runs as they are now, `waiting`
    the sentence on what keeps the feed from being run.
    """

    health: FeedHealth
    runs: tuple[Run, ...] = ()
    wrong: str | None = None
    todo: tuple[str, ...] = ()
    next_run: datetime | None = None
    interval: float | None = None
    undelivered: tuple[str, ...] = ()
    waiting: str | None = None

    @property
    def is_ill(self) -> bool:
        """Whether somebody should do something."""
        return self.health.state in ("failing", "stale")


def advise(feed: Feed, catalogue: Catalogue, *, now: datetime, zone: ZoneInfo) -> Advice:
    """What to tell the steward of a feed."""
    health = next((each for each in catalogue.feed_health() if each.feed == feed.id), FeedHealth(feed.id))
    pause = pause_of(feed, catalogue, zone)
    health = _judged(feed, health, now, zone, pause)
    runs = catalogue.runs(feed=feed.id, limit=_RUNS)
    interval = current_interval(feed, catalogue)
    advice = Advice(
        health,
        tuple(runs),
        next_run=pause.until if pause else _next_run(feed, runs, zone, now),
        waiting=pause.why if pause else None,
        interval=interval,
        undelivered=tuple(
            f"{notice.channel} {notice.address}: {fault}"
            for notice, fault in catalogue.notices.unsent(feed.id)
        ),
    )
    wrong, todo = _wrong(feed, health, catalogue.last_run(feed.id), advice.next_run)
    if any(run.status == "queued" for run in runs) and not any(run.status == "running" for run in runs):
        todo = (*todo, "a run waits for a worker: see that one is running (entrepot work, or entrepot up)")
    return replace(advice, wrong=wrong, todo=todo)


def _judged(feed: Feed, health: FeedHealth, now: datetime, zone: ZoneInfo, pause: Pause | None) -> FeedHealth:
    """The health by what the feed's file promises now, whether or not a worker has looked since.

    What a steward has closed promises nothing.
    """
    made = Promise() if pause and pause.until is None else promise(feed, health, zone)
    found = judge(health, made, now)
    if found is None:
        return health
    state, since = found
    begun = health.since if health.state == state else since or health.last_run
    return replace(health, state=state, since=begun, expected=made.late)


def current_interval(feed: Feed, catalogue: Catalogue) -> float | None:
    """Seconds between runs as they are now: longer than `every` where a feed has slowed down."""
    if feed.schedule is None or feed.schedule.every is None:
        return None
    quiet = quiet_runs(catalogue)(feed.id) if feed.schedule.slowest else 0
    every = in_force(feed.schedule, quiet).every
    return every.total_seconds() if every else None


def _next_run(feed: Feed, runs: Sequence[Run], zone: ZoneInfo, now: datetime) -> datetime | None:
    last = max((run.started for run in runs if run.started), default=None)
    if feed.schedule is None or last is None:
        return None
    following = next_fire(feed.schedule, zone, last) if feed.schedule.cron else None
    if feed.schedule.every is not None:
        following = last + feed.schedule.every
    return following if following is None or following > now else now


def _wrong(
    feed: Feed, health: FeedHealth, latest: Sequence[Run], again: datetime | None
) -> tuple[str | None, tuple[str, ...]]:
    """The sentence about what is wrong, and what to do."""
    if health.state == "failing":
        ill = [run for run in latest if run.status in ("failed", "held")]
        return "; ".join(dict.fromkeys(run.error or run.status for run in ill)), _mend(feed, ill, again)
    if health.state in ("late", "stale") and health.expected is not None:
        wrong = f"something new was expected by {_shown(health.expected)}"
        if health.last_success and health.last_success > health.expected:
            same = f"the source has given the same since {_shown(health.last_change)}"
            return f"{wrong}; {same}", ("ask the publisher, or write another expect",)
        return wrong, ("see that a worker is running: entrepot work, or entrepot up",)
    if health.status is None:
        return None, (f"it has not run yet: entrepot harvest {feed.id}",)
    return None, ()


def _mend(feed: Feed, ill: Sequence[Run], again: datetime | None) -> tuple[str, ...]:
    found: list[str] = []
    for run in ill:
        reasons = sorted(run.reasons, key=lambda reason: -run.reasons[reason])
        if run.status == "held":
            found.append(f"see what is set aside: entrepot datasets rejects {run.dataset}")
            found += [_HELD[reason] for reason in reasons if reason in _HELD]
            found.append(f"where it is right as it is: entrepot feeds approve {feed.id}")
        else:
            file = feed.folder / f"{feed.id}.toml"
            found += [_FAILED[reason].format(file=file) for reason in reasons if reason in _FAILED]
    if again is not None and any(run.status == "failed" for run in ill):
        found.append(f"it is tried again at {_shown(again)}")
    elif any(run.status == "failed" for run in ill):
        found.append(f"try it again: entrepot harvest {feed.id}")
    return tuple(dict.fromkeys(found))


def _shown(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment else "its first run"
