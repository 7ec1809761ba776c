"""How the state of a feed is shown: one JSON object, or lines for a person."""

from __future__ import annotations

from collections.abc import Mapping

import click

from config.output import cell
from harvesters.advice import Advice
from schemas.run import Run

_MOMENTS = ("since", "expected", "last_run", "last_success", "last_change")


def diagnosis(advice: Advice) -> dict[str, object]:
    """All that is known of a feed's state, all keys always there.

    Before the first run has ended `state` is `new` or `running`, or `waiting` where it may not run.
    """
    health = advice.health
    return {
        "feed": health.feed,
        "file": "ok",
        "state": health.state or _first(advice),
        "waiting": advice.waiting,
        "wrong": advice.wrong,
        "todo": advice.todo,
        **{name: getattr(health, name) for name in _MOMENTS},
        "next_run": advice.next_run,
        "interval": advice.interval,
        "rows": health.rows,
        "runs": [_run(run) for run in advice.runs],
        "undelivered": advice.undelivered,
    }


def tell(advice: Advice) -> None:
    """The same in lines."""
    told = diagnosis(advice)
    since = f" since {cell(advice.health.since)}" if advice.health.since else ""
    click.echo(f"{told['feed']}: {told['state']}{since}")
    if advice.waiting:
        click.echo(f"  {'it waits':15} {advice.waiting}")
    if advice.wrong:
        click.echo(f"  what is wrong   {advice.wrong}")
    for number, sentence in enumerate(advice.todo):
        click.echo(f"  {'what to do' if not number else '':15} {sentence}")
    for name in (*_MOMENTS[1:], "next_run"):
        if told[name] is not None:
            click.echo(f"  {name.replace('_', ' '):15} {cell(told[name])}")
    for number, run in enumerate(advice.runs):
        click.echo(f"  {'latest runs' if not number else '':15} {_line(_run(run))}")
    for sentence in advice.undelivered:
        click.echo(f"  {'not delivered':15} {sentence}")


def _first(advice: Advice) -> str:
    if advice.waiting:
        return "waiting"
    return "running" if any(run.status == "running" for run in advice.runs) else "new"


def _run(run: Run) -> dict[str, object]:
    return {
        "run": run.run,
        "dataset": run.dataset,
        "status": run.status,
        "step": run.step,
        "requested": run.requested,
        "finished": run.finished,
        "read": run.read,
        "published": run.published,
        "rejected": run.rejected,
        "error": run.error,
    }


def _line(run: Mapping[str, object]) -> str:
    counts = f"{cell(run['read'])} read, {cell(run['published'])} published"
    when = cell(run["finished"] or run["requested"])
    return f"{when} {run['status']}: {run['dataset']}, " + (str(run["error"]) if run["error"] else counts)
