"""Dry runs for stewards: a file, an address or a feed is tried by a worker, and published only if asked."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields, validate

from catalogue import UnknownTrial
from gateway.api.answers import link, private_answer
from gateway.api.asking.patterns import ADDRESS
from gateway.api.describe import describe
from gateway.api.stewards.sent import LONGEST_TEXT, Sent, read_sent
from gateway.clients.people import Person
from gateway.services import services
from gateway.signed_in import steward
from schemas.feed import FEED_ID
from schemas.problem import BadInput, InputError
from schemas.steward import Trial

trials = Blueprint("trials", __name__, url_prefix="/api/v1/trials")
_NO_ID = "is no id of a feed; use a to z, 0 to 9, - and _, at most 100 of them"


def _about(text: str, **more: Any) -> dict[str, Any]:
    return {"description": text, **more}


def _address(written: str) -> fields.Url:
    return fields.Url(
        schemes={"http", "https"},
        require_tld=False,
        validate=validate.Length(max=2000),
        metadata=_about("An address to try in the place of the feed's source.", pattern=f"^{written}$"),
        error_messages={"invalid": "takes an address that starts with http:// or https://"},
    )


class _Truth(fields.Boolean):
    """true or false, and neither 0 nor 1, which Python holds for the same."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool | str):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class TrialBody(Schema):
    """What to try: a file, an address, or a feed as it is written; with a feed, it is read as that says."""

    url = _address(ADDRESS)
    feed = fields.String(
        validate=validate.Length(min=1, max=LONGEST_TEXT), metadata=_about("The TOML text of a feed's file.")
    )
    id = fields.String(
        validate=validate.Regexp(rf"^(?:{FEED_ID.pattern})\Z", error=_NO_ID),
        metadata=_about(
            "The feed's id: what is tried is compared with what it publishes, and without a"
            " text is read as the feed of that id says.",
            pattern=f"^{FEED_ID.pattern}$",
        ),
    )
    publish = _Truth(
        truthy={True, "true"},
        falsy={False, "false"},
        metadata=_about("Upload the feed under its id where nothing speaks against it, and harvest it."),
        error_messages={"invalid": "takes true or false"},
    )


class TrialForm(TrialBody):
    """The same with a file; a field that holds nothing is as if it were not there."""

    url = _address(f"({ADDRESS})?")
    feed = fields.String(
        validate=validate.Length(max=LONGEST_TEXT), metadata=_about("The TOML text of a feed's file.")
    )
    id = fields.String(
        validate=validate.Regexp(rf"^(?:{FEED_ID.pattern})?\Z", error=_NO_ID),
        metadata=_about("The feed's id, as in JSON.", pattern=f"^({FEED_ID.pattern})?$"),
    )
    file = fields.Raw(metadata=_about("The file to try.", type="string", format="binary"))


class AskedTrialSchema(Schema):
    trial = fields.String(required=True)
    url = fields.String(required=True, metadata=_about("Where the result will be."))


class TrialAnswer(Schema):
    """`tables` are as `entrepot feeds try --json` prints them, with `rejects` and, where the feed publishes
    already, `difference`."""

    trial = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("queued", "running", "done")))
    by = fields.String(required=True)
    asked = fields.Dict(required=True)
    requested = fields.AwareDateTime(required=True, format="iso")
    finished = fields.AwareDateTime(required=True, allow_none=True, format="iso")
    refused = fields.String(metadata=_about("Why nothing could be tried."))
    reason = fields.String(metadata=_about("The word of that fault, as in a run's `reasons`."))
    errors = fields.List(fields.Dict(), metadata=_about("What is wrong with the feed's text, line by line."))
    tables = fields.List(fields.Dict())
    published = fields.Boolean(metadata=_about("Whether the feed was uploaded, where that was asked."))
    why = fields.String(metadata=_about("Why it was not."))
    run = fields.String(metadata=_about("The run that harvests it."))
    waits = fields.String(
        metadata=_about("What holds that run until a steward approves it: columns that changed.")
    )


@trials.post("")
@describe(
    "Try without consequence",
    tag="stewards",
    body=TrialBody,
    form=TrialForm,
    answer=AskedTrialSchema,
    status=202,
    secured=True,
)
def ask() -> Response:
    """Have a worker read a file (at most 512 MiB), an address or a feed; only if asked is it published."""
    # Who may not try must not fill our disk: ask before the body is read.
    person = steward()
    id = request_trial(read_sent(request, TrialBody), person)
    url = link(f"/api/v1/trials/{id}")
    answer = private_answer({"trial": id, "url": url}, 202)
    answer.headers["Location"] = url
    return answer


@trials.get("/<trial>")
@describe("What came of a trial", tag="stewards", answer=TrialAnswer, secured=True)
def one(trial: str) -> Response:
    """A trial of yours, for a day: queued, running or done."""
    return private_answer(trial_item(own_trial(trial, steward())))


def request_trial(sent: Sent, person: Person) -> str:
    """Have what was sent tried, and return the trial's id; raises BadInput where it does not go together."""
    faults = list(_faults(sent))
    if faults:
        raise BadInput(faults)
    named = {"name": sent.name} if sent.data else {}
    return services().catalogue.trials.request(person.email, {**named, **sent.fields}, sent.data)


def own_trial(trial: str, person: Person) -> Trial:
    """A trial that the person asked for, any for an operator; raises UnknownTrial for others'."""
    found = services().catalogue.trials.read(trial)
    if person.role != "operator" and found.by != person.email:
        raise UnknownTrial(trial)
    return found


def trial_item(trial: Trial) -> dict[str, Any]:
    """A trial as JSON, with what came of it."""
    return {
        "trial": trial.trial,
        "state": trial.state,
        "by": trial.by,
        "asked": {name: value for name, value in trial.asked.items() if name != "feed"},
        "requested": trial.requested,
        "finished": trial.finished,
        **(trial.found or {}),
    }


def _faults(sent: Sent) -> list[InputError]:
    given, faults = sent.fields, []
    if sent.data is None and not given.keys() & {"url", "feed"}:
        faults.append(InputError("file", "is missing", "send a file, a url or a feed to try"))
    if sent.data is not None and "url" in given:
        faults.append(InputError("url", "is given beside a file", "give one of them"))
    if given.get("publish"):
        faults += [
            InputError(name, "is missing", "a feed to be published has an id and its text")
            for name in ("id", "feed")
            if name not in given
        ]
        if "url" in given:
            faults.append(
                InputError("url", "is not published", "write the address under [source] of the feed")
            )
    return faults
