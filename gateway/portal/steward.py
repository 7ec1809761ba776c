"""The steward's desk: how the feeds are, what waits, and what was done; each button is a deed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from catalogue import Barred, NothingHeld, NotInCatalogue
from gateway.portal.blueprint import STEWARD as HOME
from gateway.portal.blueprint import portal
from gateway.services import services
from gateway.signed_in import steward
from schemas.problem import InputError
from schemas.run import FeedHealth
from schemas.steward import Deed

_DEEDS_SHOWN = 10
_DEEDS = 1_000
_REFUSALS = (
    (Barred, "refused_barred"),
    (NothingHeld, "refused_not_held"),
    (NotInCatalogue, "refused_unknown"),
)


@portal.get(HOME)
def desk() -> str:
    """Feeds with what can be done to them, a form to try a file, and the latest deeds."""
    steward()
    return desk_page()


def desk_page(faults: Sequence[InputError] = (), said: tuple[str, str] | None = None) -> str:
    """The page; with what was wrong with a form of it, or the kind and the sentence that refuse a deed."""
    catalogue = services().catalogue
    uploads = {each.feed for each in catalogue.uploaded_feeds.list()}
    health = catalogue.feed_health()
    health += [FeedHealth(feed) for feed in sorted(uploads - {each.feed for each in health})]
    deeds = catalogue.deeds(limit=_DEEDS)
    return render_template(
        "steward.html",
        feeds=health,
        uploads=uploads,
        deeds=deeds[:_DEEDS_SHOWN],
        taken=_taken(deeds),
        faults=faults,
        said=said,
    )


def _taken(deeds: Sequence[Deed]) -> list[Deed]:
    """What is withdrawn or archived, by the deed that did it."""
    last: dict[str, Deed] = {}
    for deed in deeds:
        if deed.deed in ("withdraw", "archive", "restore"):
            last.setdefault(deed.subject, deed)
    return [deed for deed in last.values() if deed.deed != "restore"]


@portal.post(f"{HOME}/feeds/<feed>/run")
def run_feed(feed: str) -> ResponseReturnValue:
    """Ask for a harvest."""
    return _do(lambda by: services().catalogue.request_run(_known(feed), "portal"))


@portal.post(f"{HOME}/feeds/<feed>/approve")
def approve_feed(feed: str) -> ResponseReturnValue:
    """Let in what is held."""
    return _do(lambda by: services().catalogue.approve(feed, by, "portal"))


@portal.post(f"{HOME}/feeds/<feed>/remove")
def remove_feed(feed: str) -> ResponseReturnValue:
    """Harvest an uploaded feed no more."""
    return _do(lambda by: services().catalogue.uploaded_feeds.remove(feed, by))


@portal.post(f"{HOME}/datasets/<dataset>/revert")
def revert_dataset(dataset: str) -> ResponseReturnValue:
    """Go back to a snapshot."""
    snapshot = request.form.get("snapshot", "")
    return _do(lambda by: services().catalogue.revert(dataset, snapshot, by), f"/datasets/{dataset}")


@portal.post(f"{HOME}/datasets/<dataset>/withdraw")
def withdraw_dataset(dataset: str) -> ResponseReturnValue:
    """Take a dataset out of the catalogue."""
    return _do(lambda by: services().catalogue.withdraw(dataset, by))


@portal.post(f"{HOME}/datasets/<dataset>/archive")
def archive_dataset(dataset: str) -> ResponseReturnValue:
    """Leave a dataset as it is."""
    return _do(lambda by: services().catalogue.archive(dataset, by))


@portal.post(f"{HOME}/datasets/<dataset>/restore")
def restore_dataset(dataset: str) -> ResponseReturnValue:
    """Undo a withdrawal or an archiving."""
    return _do(lambda by: services().catalogue.restore(dataset, by))


@portal.get(f"{HOME}/feeds/<path:form>")
@portal.get(f"{HOME}/datasets/<path:form>")
def address_of_a_deed(form: str) -> Response:
    """Someone reloaded by hand what a form had answered."""
    return make_response(redirect(HOME, 303))


def _do(deed: Callable[[str], object], then: str = HOME) -> ResponseReturnValue:
    """Do a deed under the steward's name; one that cannot be done says why on the desk."""
    try:
        deed(steward().email)
    except (Barred, NothingHeld, NotInCatalogue) as refused:
        word = next(word for kind, word in _REFUSALS if isinstance(refused, kind))
        return desk_page(said=(word, str(refused))), 404 if isinstance(refused, NotInCatalogue) else 409
    return make_response(redirect(then, 303))


def _known(feed: str) -> str:
    catalogue = services().catalogue
    if feed not in {each.feed for each in catalogue.feed_health()}:
        catalogue.uploaded_feeds.get(feed)
    return feed
