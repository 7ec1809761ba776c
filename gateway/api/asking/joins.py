"""The parameters that put columns of another dataset beside the rows of one: join=DATASET&on=ours:theirs."""

from __future__ import annotations

from gateway.api.asking.parameter_words import Described, query_parameter
from gateway.api.asking.parameters import Pairs
from gateway.api.asking.patterns import PAIR
from schemas.problem import BadInput, InputError
from schemas.query import Join, RowQuery

JOINS = ("join", "on")
JOIN_PARAMETERS: tuple[Described, ...] = (
    query_parameter(
        "join",
        "another dataset, whose columns come as DATASET.COLUMN; at most a million rows of it",
        examples=["gaon-districts"],
    ),
    query_parameter(
        "on",
        "OURS:THEIRS, columns of the two that are equal; else the key that both datasets have",
        pattern=PAIR,
        examples=["district:name"],
    ),
)
"""The same in the words of OpenAPI."""


def read_join(pairs: Pairs) -> Join | None:
    """The join that is asked for, if one is; raises BadInput."""
    asked = {name: value for name, value in pairs if name in JOINS}
    if not asked:
        return None
    faults = [InputError(n, "is empty", "give it a value or leave it out") for n, v in asked.items() if not v]
    ours, colon, theirs = asked.get("on", "").partition(":")
    if asked.get("on") and not (ours and colon and theirs):
        faults.append(InputError("on", "takes our column and theirs", "such as on=dong:code"))
    if "join" not in asked:
        hint = "give join=DATASET as well; a column of this name is asked with on__eq"
        faults.append(InputError("on", "says what is matched, but no dataset is joined", hint))
    if faults:
        raise BadInput(faults)
    return Join(asked["join"], ours or None, theirs or None)


def may_change(which: RowQuery) -> bool:
    """Whether the other dataset may be another one later: it is joined, and no snapshot of it is named."""
    return which.join is not None and not which.cursor and "," not in (which.snapshot or "")
