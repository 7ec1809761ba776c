"""How values are written in a query string, as regular expressions that every language reads alike.

They are a little narrower than what is taken: other spellings of the same numbers and times pass too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from schemas.query import Calendar, Function

_DECIMALS = r"(\.[0-9]{1,15})?"
_LONGITUDE = rf"-?(180(\.0{{1,15}})?|(1[0-7][0-9]|[0-9]{{1,2}}){_DECIMALS})"
_LATITUDE = rf"-?(90(\.0{{1,15}})?|[0-8]?[0-9]{_DECIMALS})"
BOX = f"^{_LONGITUDE},{_LATITUDE},{_LONGITUDE},{_LATITUDE}$"
NEAR = f"^{_LONGITUDE},{_LATITUDE},[0-9]{{1,9}}{_DECIMALS}$"

NAMES = "^[^,]+(,[^,]+)*$"
WORDS = r"^[^,]*[^,\s][^,]*(,[^,]*[^,\s][^,]*)*$"
PAIR = "^[^:]+:.+$"
SOMETHING = r"\S"

_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = rf"https?://{_LABEL}(\.{_LABEL})*(:[1-9][0-9]{{0,3}})?(/[!$-~]*)?"
"""Of the web, without a user or a fragment; for a pattern of more, so that nothing holds it to its ends."""

_DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
_TIME = f"{_DAY}(T{_CLOCK}(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?)?"
_DURATION = (
    "P([0-9]{1,3}Y)?([0-9]{1,3}M)?([0-9]{1,4}W)?([0-9]{1,5}D)?(T([0-9]{1,6}H)?([0-9]{1,6}M)?([0-9]{1,6}S)?)?"
)
SPAN = rf"^({_TIME}(/({_TIME}|{_DURATION}|\.\.)?)?|(\.\.)?/{_TIME}|{_DURATION}/{_TIME})$"
LAST = "^([1-9][0-9]{0,6}[smh]|[1-9][0-9]{0,4}d)$"

_FUNCTIONS = "|".join(each for each in get_args(Function) if each != "percentile")
_FIGURE = rf"(count|({_FUNCTIONS}|p[0-9]{{1,2}}(\.[0-9]{{1,3}})?|p100)\([^()]+\))"
FIGURES = f"^{_FIGURE}(,{_FIGURE})*$"
SPANS = f"^([1-9][0-9]{{0,7}}[smhdw]|{'|'.join(get_args(Calendar))})(:.+)?$"


def one_of(words: Iterable[str]) -> str:
    """One or more of a few words, by commas."""
    word = "|".join(words)
    return f"^({word})(,({word}))*$"
