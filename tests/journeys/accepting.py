"""A check for the fuzzer: what is asked as described is refused only for what the data are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import schemathesis
from schemathesis.core.failures import Failure

UNPLACED, TIMELESS = "where rows are, but this dataset has no", "when rows are, but this dataset has no"
COLUMN, OTHERS = "no column", "not percent-encoded UTF-8|control or invisible character"
UNSAID = {
    "agg": f"{COLUMN}|asks for|two columns of the answer",
    "as_of": "names a second snapshot",
    "bbox-crs": "there is none",
    "bbox": f"{UNPLACED}|south above its north",
    "bom": "is of csv only",
    "bucket": f"{TIMELESS}|has days only|{COLUMN}",
    "columns": f"{COLUMN}|more than once",
    "cursor": "not one of ours",
    "datasets": "has no '",
    "datetime": f"{TIMELESS}|ends before|takes a time|beyond the years",
    "description": "",
    "email": "is not an e-mail address",
    "entity": "has none; ask|takes|names a row",
    "expires": "not a time to come|takes a time",
    "feed": "is missing",
    "file": "is missing",
    "fill": "none is asked for",
    "filter": "",
    "filter-crs": "there is none",
    "filter-lang": "there is none",
    "format": "no geometry",
    "from": "takes|lies after",
    "group": f"{COLUMN}|two columns of the answer|more than once|geometry",
    "id": "is missing",
    "join": "no dataset of rows",
    "last": f"{TIMELESS}|a second time when",
    "lon": "no geometry",
    "near": UNPLACED,
    "offset": "a second time where",
    "on": f"{COLUMN}|no dataset is joined",
    "order": f"{COLUMN}|more than once|geometry",
    "properties": f"{COLUMN}|more than once",
    "select": f"{COLUMN}|more than once",
    "shape": "is of json only",
    "since": "not one of ours",
    "tiles": "no geometry",
    "to": "takes|not after `from`",
    "url": "one too many|beside a file|is not published",
    "within": UNPLACED,
    "x": "not a tile",
    "y": "not a tile",
}
"""Why what is written well may be refused: what one description of all datasets cannot say of a parameter."""


@schemathesis.check
def refused_for_its_data_alone(context, response, case) -> None:
    """Every fault of a request that is as described is one of UNSAID, or of a column of the dataset."""
    if case.meta and case.meta.generation.mode.is_positive and response.status_code == 400:
        for fault in _unforeseen(case, response):
            raise Failure(operation=case.operation.label, title="Refused what it describes", message=fault)


def _unforeseen(case, response) -> Iterator[str]:
    asked = {each.name for each in (*case.operation.query, *case.operation.path_parameters)}
    for fault in json.loads(response.content).get(
        "errors", [{"where": "request", "what": "is no parameter"}]
    ):
        where, what = fault["where"], fault["what"]
        a_column = "filters" in asked and where not in asked
        if not a_column and not re.search(f"{UNSAID.get(where, '$^')}|{OTHERS}", what):
            yield f"{where} {what}"
